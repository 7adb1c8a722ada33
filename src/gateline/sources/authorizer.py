"""`x-amazon-apigateway-authorizer` (api-gateway.md section 2.2), with the defaults of an import."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from gateline.model import codes
from gateline.model.authorizer import Authorizer, AuthorizerKind
from gateline.model.origin import Origin
from gateline.sources.definition import Definition, Fields
from gateline.sources.endpoint import function_uri
from gateline.sources.key import unmisspelled
from gateline.sources.mapping import has_value_before_authorizer

_KEYS: Final = frozenset(
    {
        "type", "authorizerUri", "authorizerCredentials", "identitySource", "identityValidationExpression",
        "authorizerResultTtlInSeconds", "providerARNs", "authorizerPayloadFormatVersion",
        "enableSimpleResponses", "jwtConfiguration",
    }
)  # fmt: skip
_DEFAULT_TTL: Final = 300
_MAX_TTL: Final = 3600
_HEADER: Final = re.compile(r"method\.request\.header\.[a-zA-Z0-9._$-]+")
_SOURCE: Final = re.compile(
    r"method\.request\.(?:multivalue)?(?:header|querystring)\.[a-zA-Z0-9._$-]+"
    r"|stageVariables\.[A-Za-z0-9_]+|context\.[a-zA-Z0-9._$-]+"
)
_HTTP_API_SOURCE: Final = re.compile(r"\$(request\.(?:header|querystring)|stageVariables|context)\.")


def read_authorizer(
    definition: Definition, name: str, scheme: Fields, scheme_origin: Origin
) -> Authorizer | None:
    """The authorizer of a security scheme; None when its type cannot be told (complained)."""
    key = "x-amazon-apigateway-authorizer"
    followed, origin = definition.follow(scheme[key], definition.at(scheme_origin, key))
    fields = unmisspelled(definition, definition.as_mapping(followed, origin, key), origin, _KEYS)
    kind = _kind(definition, fields, origin)
    if kind is None:
        return None
    _check_http_api(definition, kind, fields, origin)
    ttl = _ttl(definition, fields, origin)
    sources = _identity_sources(definition, kind, fields, scheme, origin)
    if kind is AuthorizerKind.REQUEST and not (sources or fields.get("identitySource")) and ttl:
        definition.complain(
            codes.AUTHORIZER_INVALID,
            origin,
            f"the authorizer '{name}' would cache its answers for {ttl} s, but has no identity source "
            "to tell callers apart",
            advice='name an identitySource, or ask every time with "authorizerResultTtlInSeconds": 0',
        )
    jwt = definition.mapping(fields, "jwtConfiguration", origin)
    return Authorizer(
        name=name,
        kind=kind,
        uri=_uri(definition, kind, fields, origin),
        credentials=definition.text(fields, "authorizerCredentials", origin),
        identity_sources=sources,
        identity_validation_expression=_expression(definition, fields, origin),
        result_ttl=timedelta(seconds=ttl),
        provider_arns=_provider_arns(definition, kind, fields, origin),
        payload_format_version=definition.text(fields, "authorizerPayloadFormatVersion", origin),
        enable_simple_responses=definition.boolean(fields, "enableSimpleResponses", origin),
        issuer=definition.text(jwt, "issuer", origin),
        audience=_texts(definition, jwt, "audience", origin),
        origin=origin,
    )


def _kind(definition: Definition, fields: Fields, origin: Origin) -> AuthorizerKind | None:
    text = definition.text(fields, "type", origin).lower()
    found = next((kind for kind in AuthorizerKind if kind.value == text), None)
    if found is None:
        said = f"'{text}' is not a type of authorizer" if text else "the authorizer has no type"
        advice = "the types are token, request and cognito_user_pools"
        definition.complain(codes.AUTHORIZER_INVALID, origin, said, advice=advice)
    return found


def _check_http_api(definition: Definition, kind: AuthorizerKind, fields: Fields, origin: Origin) -> None:
    version = fields.get("authorizerPayloadFormatVersion")
    said = ""
    if kind is AuthorizerKind.JWT:
        said = "authorizers of type jwt belong"
    elif version is not None and str(version) not in {"1.0", "1"}:
        said = f"authorizerPayloadFormatVersion {version} belongs"
    elif definition.boolean(fields, "enableSimpleResponses", origin):
        said = "enableSimpleResponses belongs"
    if said:
        definition.complain(
            codes.AUTHORIZER_OF_HTTP_API,
            origin,
            f"{said} to HTTP APIs (v2), which are not served",
            advice="REST APIs ask functions (type token or request, answering with a policy)",
        )


def _ttl(definition: Definition, fields: Fields, origin: Origin) -> int:
    key = "authorizerResultTtlInSeconds"
    place = definition.at(origin, key)
    value = definition.integer(fields, key, origin)
    if value is not None and not 0 <= value <= _MAX_TTL:
        message = f"{key} must lie between 0 and {_MAX_TTL}, not be {value}"
        definition.complain(codes.AUTHORIZER_INVALID, place, message)
        return 0
    return _DEFAULT_TTL if value is None else value


def _identity_sources(
    definition: Definition,
    kind: AuthorizerKind,
    fields: Fields,
    scheme: Fields,
    origin: Origin,
) -> tuple[str, ...]:
    """What identifies a caller. One header, named by the scheme, unless the authorizer says otherwise [R]."""
    place = definition.at(origin, "identitySource")
    written = fields.get("identitySource")
    if isinstance(written, list):
        text = ",".join(definition.texts(fields, "identitySource", origin))
    else:
        text = definition.text(fields, "identitySource", origin)
    sources = [
        _HTTP_API_SOURCE.sub(_rest_api_source, entry.strip()) for entry in text.split(",") if entry.strip()
    ]
    if not sources and kind in {AuthorizerKind.TOKEN, AuthorizerKind.COGNITO_USER_POOLS}:
        header = definition.text(scheme, "name", origin)
        sources = [f"method.request.header.{header}"]
        place = origin
    if definition.unknown(text, place):
        return tuple(sources)
    pattern = _HEADER if kind in {AuthorizerKind.TOKEN, AuthorizerKind.COGNITO_USER_POOLS} else _SOURCE
    wrong = [source for source in sources if not pattern.fullmatch(source)]
    if wrong or (pattern is _HEADER and len(sources) > 1):
        said = f"'{wrong[0]}' is not an identity source" if wrong else "there may be only one identity source"
        advice = (
            "it is one header of the request: method.request.header.NAME"
            if pattern is _HEADER
            else "they are method.request.header.NAME, method.request.querystring.NAME, stageVariables.NAME "
            "and context.NAME, with commas between them"
        )
        definition.complain(codes.AUTHORIZER_INVALID, place, said, advice=advice)
    for source in sources:
        if source.startswith("context.") and not has_value_before_authorizer(source):
            message = f"no request has a value for '{source}', so every one is answered by 401"
            definition.complain(codes.IDENTITY_SOURCE_WITHOUT_VALUE, place, message)
    return tuple(source for source in sources if source not in wrong)


def _rest_api_source(found: re.Match[str]) -> str:
    """`$request.header.X`, as HTTP APIs write it, in the form of REST APIs."""
    return f"method.{found[1]}." if found[1].startswith("request") else f"{found[1]}."


def _uri(definition: Definition, kind: AuthorizerKind, fields: Fields, origin: Origin) -> str:
    place = definition.at(origin, "authorizerUri")
    uri = function_uri(definition, definition.text(fields, "authorizerUri", origin))
    if kind in {AuthorizerKind.TOKEN, AuthorizerKind.REQUEST}:
        if not uri:
            definition.complain(codes.AUTHORIZER_INVALID, origin, "the authorizer needs an authorizerUri")
        elif not (definition.unknown(uri, origin, "authorizerUri") or uri.startswith(("arn:", "${"))):
            definition.complain(
                codes.AUTHORIZER_INVALID,
                place,
                f"'{uri}' is not the uri of a function",
                advice="it is "
                "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations",
            )
    return uri


def _expression(definition: Definition, fields: Fields, origin: Origin) -> str:
    """Java's expression, judged with the library that matches tokens with it (`gateline.templates.expression`)."""
    key = "identityValidationExpression"
    place = definition.at(origin, key)
    text = definition.text(fields, key, origin)
    if not text:
        return ""
    # Only now: the library behind it takes 3 MB, and few authorizers have an expression.
    from gateline.templates.expression import Expression, ExpressionInvalid  # noqa: PLC0415

    try:
        Expression(text)
    except ExpressionInvalid as error:
        message = f"{key} is not a regular expression: {error}"
        definition.complain(codes.AUTHORIZER_INVALID, place, message)
    return text


def _provider_arns(
    definition: Definition, kind: AuthorizerKind, fields: Fields, origin: Origin
) -> tuple[str, ...]:
    arns = _texts(definition, fields, "providerARNs", origin)
    place = definition.at(origin, "providerARNs")
    for arn in arns:
        definition.unknown(arn, place)
    if kind is AuthorizerKind.COGNITO_USER_POOLS and not arns:
        message = "an authorizer of type cognito_user_pools needs providerARNs"
        definition.complain(codes.AUTHORIZER_INVALID, origin, message)
    return arns


def _texts(definition: Definition, fields: Fields, key: str, origin: Origin) -> tuple[str, ...]:
    """A list of texts, or one text alone."""
    value = fields.get(key)
    return (value,) if isinstance(value, str) else definition.texts(fields, key, origin)
