from datetime import timedelta
from typing import Any

import pytest

from gateline.model.authorizer import Authorizer, AuthorizerKind
from gateline.sources.extensions import PREFIX
from sources.definitions import Json, Read, openapi, read

ARN = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"


def scheme(authorizer: Any, **fields: Any) -> Read:
    made = {"type": "apiKey", "in": "header", "name": "X-Token", f"{PREFIX}authorizer": authorizer, **fields}
    return read(openapi({}, components={"securitySchemes": {"tokens": made}}))


def authorizer(result: Read) -> Authorizer:
    assert result.api is not None
    (only,) = result.api.authorizers
    return only


def token(**fields: Any) -> Read:
    return scheme({"type": "token", "authorizerUri": ARN, **fields})


def request(**fields: Any) -> Read:
    return scheme({"type": "request", "authorizerUri": ARN, **fields})


def test_a_token_authorizer_has_the_defaults_of_an_import() -> None:
    result = token()
    made = authorizer(result)
    assert (made.name, made.kind, made.uri) == ("tokens", AuthorizerKind.TOKEN, ARN)
    assert made.identity_sources == ("method.request.header.X-Token",)
    assert made.result_ttl == timedelta(seconds=300)
    assert made.origin.pointer == ("components", "securitySchemes", "tokens", f"{PREFIX}authorizer")
    assert result.codes == []


@pytest.mark.parametrize(
    ("written", "sources"),
    [
        ("method.request.header.Custom", ("method.request.header.Custom",)),
        ("", ("method.request.header.X-Token",)),
        ("$request.header.Custom", ("method.request.header.Custom",)),
    ],
)
def test_the_header_of_a_token_may_be_named(written: str, sources: tuple[str, ...]) -> None:
    result = token(identitySource=written)
    assert (authorizer(result).identity_sources, result.codes) == (sources, [])


def test_a_request_authorizer_takes_several_sources_and_never_the_schemes_name() -> None:
    sources = (
        "method.request.header.A, method.request.querystring.q,method.request.multivalueheader.M,"
        "method.request.multivaluequerystring.n, stageVariables.x, context.identity.sourceIp"
    )
    result = request(identitySource=sources)
    assert len(authorizer(result).identity_sources) == 6
    assert result.codes == []


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("$request.querystring.q", "method.request.querystring.q"),
        ("$context.routeKey", "context.routeKey"),
        ("$stageVariables.x", "stageVariables.x"),
        (["method.request.header.A"], "method.request.header.A"),
    ],
)
def test_other_spellings_of_sources_are_read(written: Any, read_as: str) -> None:
    assert authorizer(request(identitySource=written)).identity_sources == (read_as,)


def test_no_source_and_no_cache_asks_every_time() -> None:
    result = request(identitySource="", authorizerResultTtlInSeconds=0)
    assert authorizer(result).identity_sources == ()
    assert authorizer(result).result_ttl == timedelta(0)
    assert result.codes == []


@pytest.mark.parametrize("ttl", [{}, {"authorizerResultTtlInSeconds": 60}])
def test_a_cache_without_an_identity_source_is_refused(ttl: Json) -> None:
    assert request(**ttl).errors == ["GL502"]


@pytest.mark.parametrize("ttl", [0, 1, 3600, "300"])
def test_a_ttl_within_bounds_is_taken(ttl: Any) -> None:
    result = token(authorizerResultTtlInSeconds=ttl)
    assert (authorizer(result).result_ttl, result.codes) == (timedelta(seconds=int(ttl)), [])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"authorizerResultTtlInSeconds": 3601}, "GL502"),
        ({"authorizerResultTtlInSeconds": -1}, "GL502"),
        ({"authorizerResultTtlInSeconds": "long"}, "GL303"),
        ({"identitySource": "method.request.querystring.q"}, "GL502"),
        ({"identitySource": "method.request.header.A,method.request.header.B"}, "GL502"),
        ({"identitySource": "Authorization"}, "GL502"),
        ({"identityValidationExpression": "("}, "GL502"),
        ({"authorizerUri": None}, "GL502"),
        ({"authorizerUri": "http://h/"}, "GL502"),
        ({"authorizerUri": "${uri}"}, "GL320"),
        ({"type": "lambda"}, "GL502"),
        ({"type": None}, "GL502"),
        ({"authorizerPayloadFormatVersion": "2.0"}, "GL505"),
        ({"enableSimpleResponses": True}, "GL505"),
    ],
)
def test_what_amazon_would_not_take_is_an_error(fields: Json, code: str) -> None:
    assert token(**fields).errors == [code]


@pytest.mark.parametrize("expression", [r"Bearer \p{Alpha}++", "[a-z&&[^q]]*", r"(?i)x-[0-9]+"])
def test_an_expression_is_javas(expression: str) -> None:
    assert token(identityValidationExpression=expression).codes == []


def test_a_source_that_is_none_is_refused() -> None:
    assert request(identitySource="method.request.path.id").errors == ["GL502"]


def test_other_fields_are_read() -> None:
    result = token(
        authorizerCredentials="${role}",
        identityValidationExpression="Bearer .*",
        authorizerPayloadFormatVersion="1.0",
        enableSimpleResponses=False,
    )
    made = authorizer(result)
    assert (made.credentials, made.identity_validation_expression) == ("${role}", "Bearer .*")
    assert (made.payload_format_version, made.enable_simple_responses) == ("1.0", False)
    assert result.codes == []


def test_a_user_pool_needs_its_arn() -> None:
    pool = {"type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:cognito-idp:x"]}
    made = authorizer(scheme(pool))
    assert (made.kind, made.provider_arns) == (AuthorizerKind.COGNITO_USER_POOLS, ("arn:aws:cognito-idp:x",))
    assert made.identity_sources == ("method.request.header.X-Token",)
    assert scheme({"type": "cognito_user_pools"}).errors == ["GL502"]


def test_a_jwt_authorizer_is_read_and_refused() -> None:
    jwt = {
        "type": "jwt",
        "identitySource": "$request.header.Authorization",
        "jwtConfiguration": {"issuer": "https://id.example.com", "audience": ["a", "b"]},
    }
    result = scheme(jwt)
    made = authorizer(result)
    assert (made.issuer, made.audience) == ("https://id.example.com", ("a", "b"))
    assert result.errors == ["GL505"]


def test_an_unknown_key_is_a_warning() -> None:
    result = token(ttl=5)
    assert (result.codes, result.errors) == (["GL338"], [])


@pytest.mark.parametrize("value", ["x", [], 5])
def test_an_authorizer_that_is_no_mapping_is_refused(value: Any) -> None:
    assert "GL303" in scheme(value).errors


def test_a_scheme_without_a_name_cannot_lend_it_to_a_token() -> None:
    assert scheme({"type": "token", "authorizerUri": ARN}, name=None).errors == ["GL502"]


@pytest.mark.parametrize(
    "source", ["context.authorizer.principalId", "context.userId", "context.error.message"]
)
def test_a_source_that_no_request_can_have_is_told(source: str) -> None:
    result = request(identitySource=source)
    assert result.said == [
        (
            f"GL509 /components/securitySchemes/tokens/{PREFIX}authorizer/identitySource: "
            f"no request has a value for '{source}', so every one is answered by 401"
        )
    ]
    assert result.errors == []


def test_a_uri_may_be_the_name_of_a_declared_function() -> None:
    made = {
        "type": "apiKey",
        "in": "header",
        "name": "X-Token",
        f"{PREFIX}authorizer": {"type": "token", "authorizerUri": "${uri}"},
    }
    document = openapi({}, components={"securitySchemes": {"tokens": made}})
    assert read(document, substitutions={"uri": "checker"}, functions=("checker",)).codes == []
    assert read(document, substitutions={"uri": "checker"}).errors == ["GL502"]
    (advice,) = read(document).helps
    assert advice.endswith("substitutions: {uri: FUNCTION}")
