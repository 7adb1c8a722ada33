from typing import Any

import pytest

from gateline.model.authorizer import AuthorizationType
from gateline.sources.extensions import PREFIX
from sources.definitions import Json, Read, openapi, operation, read, swagger

ARN = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"
TOKEN: Json = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    f"{PREFIX}authtype": "custom",
    f"{PREFIX}authorizer": {"type": "token", "authorizerUri": ARN},
}
USER_POOL: Json = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    f"{PREFIX}authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:aws:cognito-idp:x"]},
}
SCHEMES: Json = {
    "tokens": TOKEN,
    "others": {**TOKEN, "name": "X-Other"},
    "pool": USER_POOL,
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "sigv4": {"type": "apiKey", "in": "header", "name": "Authorization", f"{PREFIX}authtype": "awsSigv4"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "query_key": {"type": "apiKey", "in": "query", "name": "x-api-key"},
    "other_key": {"type": "apiKey", "in": "header", "name": "X-My-Key"},
    "basic": {"type": "basic"},
}


def asks(security: Any = None, *, root: Any = None, auth: Any = None, verb: str = "get") -> Read:
    fields: Json = {}
    if security is not None:
        fields["security"] = security
    if auth is not None:
        fields[f"{PREFIX}auth"] = auth
    extra = {"security": root} if root is not None else {}
    return read(
        openapi({"/x": {verb: operation(**fields)}}, components={"securitySchemes": SCHEMES}, **extra)
    )


def asked(result: Read) -> tuple[str, str, bool]:
    found = result.method.authorization
    return found.type, found.authorizer, found.api_key_required


def test_an_operation_without_security_is_open() -> None:
    assert asked(asks()) == ("NONE", "", False)


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ([{"tokens": []}], ("CUSTOM", "tokens", False)),
        ([{"pool": ["a/read"]}], ("COGNITO_USER_POOLS", "pool", False)),
        ([{"sigv4": []}], ("AWS_IAM", "", False)),
        ([{"api_key": []}], ("NONE", "", True)),
        ([{"tokens": []}, {"api_key": []}], ("CUSTOM", "tokens", True)),
        ([{"api_key": [], "tokens": []}], ("CUSTOM", "tokens", True)),
        ([], ("NONE", "", False)),
    ],
)
def test_security_becomes_what_amazon_makes_of_it(security: Any, expected: tuple[str, str, bool]) -> None:
    result = asks(security)
    assert (asked(result), result.codes) == (expected, [])


def test_scopes_are_kept() -> None:
    assert asks([{"pool": ["a/read", "a/write"]}]).method.authorization.scopes == ("a/read", "a/write")


def test_root_security_applies_to_operations_that_have_none() -> None:
    assert asked(asks(root=[{"tokens": []}])) == ("CUSTOM", "tokens", False)


def test_what_is_wrong_with_root_security_is_told_once() -> None:
    paths = {f"/{number}": {"get": operation()} for number in range(3)}
    result = read(
        openapi(paths, components={"securitySchemes": SCHEMES}, security=[{"bearer": []}, {"nobody": []}])
    )
    assert sorted(result.codes) == ["GL501", "GL503", "GL504"]


def test_an_empty_list_on_an_operation_clears_root_security() -> None:
    assert asked(asks([], root=[{"tokens": []}])) == ("NONE", "", False)


def test_an_operations_security_wins_over_the_roots() -> None:
    assert asked(asks([{"sigv4": []}], root=[{"tokens": []}])) == ("AWS_IAM", "", False)


def test_of_several_authorizers_the_first_one_is_asked() -> None:
    result = asks([{"tokens": []}, {"others": []}])
    assert (asked(result), result.codes, result.errors) == (("CUSTOM", "tokens", False), ["GL503"], [])


def test_an_empty_alternative_opens_nothing() -> None:
    result = asks([{}, {"tokens": []}])
    assert (asked(result), result.codes) == (("CUSTOM", "tokens", False), ["GL503"])


def test_an_undefined_scheme_is_an_error_and_stays_closed() -> None:
    result = asks([{"nobody": []}])
    assert result.errors == ["GL501"]
    assert asked(result) == ("CUSTOM", "nobody", False)
    assert result.report.diagnostics[0].origin.pointer[-3:] == ("security", 0, "nobody")


@pytest.mark.parametrize("name", ["bearer", "query_key", "other_key", "basic"])
def test_a_scheme_that_nothing_enforces_is_an_error_and_stays_closed(name: str) -> None:
    result = asks([{name: []}])
    assert result.errors == ["GL504"]
    assert asked(result) == ("CUSTOM", name, False)


def test_an_operation_may_say_that_its_service_checks_its_callers() -> None:
    result = asks([{"bearer": []}], auth={"type": "NONE"})
    assert (asked(result), result.codes) == (("NONE", "", False), [])


@pytest.mark.parametrize("security", ["tokens", {"tokens": []}, 5])
def test_security_of_the_wrong_type_is_an_error(security: Any) -> None:
    assert asks(security).errors == ["GL303"]


def test_a_requirement_of_the_wrong_type_is_an_error() -> None:
    assert asks(["tokens"]).errors == ["GL303"]


@pytest.mark.parametrize(
    ("auth", "security", "expected"),
    [
        ({"type": "AWS_IAM"}, None, ("AWS_IAM", "", False)),
        ({"type": "aws_iam"}, [{"api_key": []}], ("AWS_IAM", "", True)),
        ({"type": "none"}, [{"api_key": []}], ("NONE", "", True)),
        ({"type": "CUSTOM"}, [{"tokens": []}], ("CUSTOM", "tokens", False)),
        ({"type": "COGNITO_USER_POOLS"}, [{"pool": []}], ("COGNITO_USER_POOLS", "pool", False)),
    ],
)
def test_an_operation_may_override_what_security_says(
    auth: Json, security: Any, expected: tuple[str, str, bool]
) -> None:
    result = asks(security, auth=auth)
    assert (asked(result), result.codes) == (expected, [])


def test_opening_what_an_authorizer_closes_is_told() -> None:
    result = asks([{"tokens": []}], auth={"type": "NONE"})
    assert (asked(result), result.codes, result.errors) == (("NONE", "", False), ["GL508"], [])


@pytest.mark.parametrize(
    ("auth", "security"),
    [
        ({"type": "OPEN"}, None),
        ({}, None),
        ({"type": "CUSTOM"}, None),
        ({"type": "CUSTOM"}, [{"pool": []}]),
        ({"type": "COGNITO_USER_POOLS"}, [{"tokens": []}]),
    ],
)
def test_an_override_that_cannot_be_followed_is_an_error_and_stays_closed(auth: Json, security: Any) -> None:
    result = asks(security, auth=auth)
    assert result.errors == ["GL507"]
    assert result.method.authorization.type is not AuthorizationType.NONE


def test_a_preflight_behind_an_authorizer_is_told() -> None:
    result = asks([{"tokens": []}], verb="options")
    assert (asked(result), result.codes) == (("CUSTOM", "tokens", False), ["GL506"])


def test_schemes_of_swagger_are_read() -> None:
    document = swagger(
        {"/x": {"get": operation(security=[{"tokens": []}])}}, securityDefinitions={"tokens": TOKEN}
    )
    result = read(document)
    assert result.api is not None
    assert [authorizer.name for authorizer in result.api.authorizers] == ["tokens"]
    assert asked(result) == ("CUSTOM", "tokens", False)


def test_a_scheme_may_be_a_reference() -> None:
    schemes = {"tokens": {"$ref": "#/components/shared"}}
    document = openapi(
        {"/x": {"get": operation(security=[{"tokens": []}])}},
        components={"securitySchemes": schemes, "shared": TOKEN},
    )
    assert asked(read(document)) == ("CUSTOM", "tokens", False)


def test_a_broken_authorizer_keeps_its_operations_closed() -> None:
    broken = {**TOKEN, f"{PREFIX}authorizer": {"type": "nonsense"}}
    document = openapi(
        {"/x": {"get": operation(security=[{"tokens": []}])}},
        components={"securitySchemes": {"tokens": broken}},
    )
    result = read(document)
    assert result.errors == ["GL502"]
    assert asked(result) == ("CUSTOM", "tokens", False)
