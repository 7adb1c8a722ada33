"""`x-amazon-apigateway-integration`: what stands behind a method (api-gateway.md section 2.1)."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Severity
from gateline.model.function import calls_function
from gateline.model.integration import (
    ConnectionType,
    Integration,
    IntegrationKind,
    Location,
    ParameterMapping,
    PassthroughBehavior,
)
from gateline.model.origin import Origin
from gateline.model.rest_api import PathTemplate
from gateline.sources.definition import Definition, Fields
from gateline.sources.endpoint import check_endpoint, function_uri
from gateline.sources.integration_response import read_responses
from gateline.sources.json_value import JsonValue
from gateline.sources.key import unmisspelled
from gateline.sources.mapping import RESERVED_FOR_AWS, request_parameters
from gateline.sources.template import ContentHandling, choice, read_mapping_templates

KEYS: Final = frozenset(
    {
        "type", "uri", "httpMethod", "connectionType", "connectionId", "integrationTarget", "credentials",
        "requestParameters", "requestTemplates", "passthroughBehavior", "contentHandling", "timeoutInMillis",
        "cacheNamespace", "cacheKeyParameters", "tlsConfig", "responses", "payloadFormatVersion",
        "integrationSubtype", "responseTransferMode", "description",
    }
)  # fmt: skip
_ALIASES: Final = {"integrationResponses": "responses", "integration-target": "integrationTarget"}
_VERBS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE", "ANY"})
_KINDS: Final = {kind.value: kind for kind in IntegrationKind}
_HTTP: Final = frozenset({IntegrationKind.HTTP, IntegrationKind.HTTP_PROXY})
_AWS: Final = frozenset({IntegrationKind.AWS, IntegrationKind.AWS_PROXY})
_PROXIES: Final = frozenset({IntegrationKind.HTTP_PROXY, IntegrationKind.AWS_PROXY})
_URI_PARAMETER: Final = re.compile(r"(?<!\$)\{([a-zA-Z0-9._$-]+)\}")
_DEFAULT_TIMEOUT: Final = 29_000
_LONGEST_TIMEOUT: Final = 300_000


class TransferMode(StrEnum):
    """`responseTransferMode`."""

    BUFFERED = "BUFFERED"
    STREAM = "STREAM"


def read_integration(
    definition: Definition, value: JsonValue, origin: Origin, path: PathTemplate
) -> Integration | None:
    """The integration of a method on `path`; None when nobody can tell what kind it is (complained)."""
    followed, origin = definition.follow(value, origin)
    if followed is None:
        return None
    what = "x-amazon-apigateway-integration"
    fields = unmisspelled(definition, definition.as_mapping(followed, origin, what), origin, KEYS, _ALIASES)
    kind = _kind(definition, fields, origin)
    if kind is None:
        return None
    _check_http_api(definition, fields, origin)
    if fields.get("integrationSubtype") is not None:
        return None  # another kind of integration altogether: the rest of it would only be misunderstood
    uri = definition.text(fields, "uri", origin)
    if kind in _AWS:
        uri = function_uri(definition, uri)
    check_endpoint(definition, kind, uri, definition.at(origin, "uri") if uri else origin)
    connection, link, target = _connection(definition, fields, origin)
    mappings = request_parameters(
        definition,
        fields,
        origin,
        path_names=path.parameters,
        reserved=RESERVED_FOR_AWS if kind in _AWS else frozenset(),
    )
    if kind in _HTTP:
        _check_path_parameters(definition, uri, mappings, origin)
    return Integration(
        kind=kind,
        uri=uri,
        http_method=_http_method(definition, fields, kind, origin),
        connection_type=connection,
        connection_id=link,
        integration_target=target,
        credentials=definition.text(fields, "credentials", origin),
        request_parameters=mappings,
        request_templates=read_mapping_templates(definition, fields, "requestTemplates", origin),
        passthrough_behavior=choice(definition, fields, "passthroughBehavior", PassthroughBehavior, origin)
        or PassthroughBehavior.WHEN_NO_MATCH,
        content_handling=choice(definition, fields, "contentHandling", ContentHandling, origin) or "",
        timeout=_timeout(definition, fields, origin),
        cache_namespace=definition.text(fields, "cacheNamespace", origin),
        cache_key_parameters=definition.texts(fields, "cacheKeyParameters", origin),
        insecure_skip_verification=_skips_verification(definition, fields, origin),
        response_transfer_mode=_transfer_mode(definition, fields, kind, origin),
        responses=read_responses(definition, fields, origin),
        origin=origin,
    )


def _kind(definition: Definition, fields: Fields, origin: Origin) -> IntegrationKind | None:
    text = definition.text(fields, "type", origin).lower()
    found = _KINDS.get(text)
    if found is None:
        said = f"'{text}' is not a type of integration" if text else "the integration has no type"
        allowed = ", ".join(kind.value for kind in IntegrationKind)
        place = definition.at(origin, "type") if text else origin
        definition.complain(codes.INTEGRATION_TYPE_INVALID, place, said, advice=f"the types are {allowed}")
    return found


def _check_http_api(definition: Definition, fields: Fields, origin: Origin) -> None:
    version = fields.get("payloadFormatVersion")
    if version is not None and str(version) not in {"1.0", "1"}:
        definition.complain(
            codes.HTTP_API_ONLY,
            definition.at(origin, "payloadFormatVersion"),
            f"payloadFormatVersion {version} belongs to HTTP APIs (v2), which are not served",
            advice="functions behind REST APIs get the event of version 1.0",
        )
    tls = fields.get("tlsConfig")
    names = [key for key in ("integrationSubtype",) if fields.get(key) is not None]
    names += (
        ["tlsConfig.serverNameToVerify"] if isinstance(tls, dict) and tls.get("serverNameToVerify") else []
    )
    for name in names:
        place = definition.at(origin, *name.split("."))
        message = f"{name} belongs to HTTP APIs (v2), which are not served"
        definition.complain(codes.HTTP_API_ONLY, place, message)


def _http_method(definition: Definition, fields: Fields, kind: IntegrationKind, origin: Origin) -> str:
    verb = definition.text(fields, "httpMethod", origin).upper()
    if kind is IntegrationKind.MOCK:
        return ""
    if not verb:
        message = "Enumeration value for HttpMethod must be non-empty"
        definition.complain(
            codes.INTEGRATION_METHOD_INVALID, origin, message, advice="add httpMethod to the integration"
        )
    elif verb not in _VERBS:
        if not definition.unknown(verb, origin, "httpMethod"):
            message = f"httpMethod '{verb}' is none of {', '.join(sorted(_VERBS))}"
            place = definition.at(origin, "httpMethod")
            definition.complain(codes.INTEGRATION_METHOD_INVALID, place, message)
    elif verb != "POST" and _asks_function(kind, definition.text(fields, "uri", origin)):
        definition.complain(
            codes.INTEGRATION_METHOD_INVALID,
            definition.at(origin, "httpMethod"),
            f"functions are invoked with POST: with httpMethod {verb} every request is answered by 500",
            severity=Severity.WARNING,
        )
    return verb


def _asks_function(kind: IntegrationKind, uri: str) -> bool:
    return kind is IntegrationKind.AWS_PROXY or (kind is IntegrationKind.AWS and calls_function(uri))


def _connection(definition: Definition, fields: Fields, origin: Origin) -> tuple[ConnectionType, str, str]:
    connection = choice(definition, fields, "connectionType", ConnectionType, origin)
    link = definition.text(fields, "connectionId", origin)
    definition.unknown(link, origin, "connectionId")
    target = definition.text(fields, "integrationTarget", origin)
    definition.unknown(target, origin, "integrationTarget")
    if connection is ConnectionType.VPC_LINK and not link:
        definition.complain(
            codes.CONNECTION_INCOMPLETE,
            origin,
            "connectionType VPC_LINK needs a connectionId",
            advice="name a link of the project file's vpc_links",
        )
    elif link and connection is not ConnectionType.VPC_LINK:
        definition.complain(
            codes.CONNECTION_INCOMPLETE,
            definition.at(origin, "connectionId"),
            "connectionId has no effect without connectionType VPC_LINK",
            severity=Severity.WARNING,
        )
    return connection or ConnectionType.INTERNET, link, target


def _check_path_parameters(
    definition: Definition, uri: str, mappings: tuple[ParameterMapping, ...], origin: Origin
) -> None:
    """A `{name}` without a mapping stays as it is written, and a mapping without its `{name}` is lost."""
    if "{" not in uri and not mappings:
        return
    wanted = dict.fromkeys(_URI_PARAMETER.findall(uri)) if "{" in uri else {}
    mapped = {mapping.name: mapping for mapping in mappings if mapping.location is Location.PATH}
    for name in wanted:
        if name not in mapped:
            definition.complain(
                codes.MAPPING_WITHOUT_EFFECT,
                definition.at(origin, "uri"),
                f"'{{{name}}}' has no mapping, so it is sent as it is written",
                advice=f'add to requestParameters: "integration.request.path.{name}": '
                f'"method.request.path.{name}"',
            )
    for name, mapping in mapped.items():
        if name not in wanted:
            message = f"the uri has no '{{{name}}}', so this mapping has no effect"
            definition.complain(codes.MAPPING_WITHOUT_EFFECT, mapping.origin, message)


def _timeout(definition: Definition, fields: Fields, origin: Origin) -> timedelta:
    value = definition.integer(fields, "timeoutInMillis", origin)
    if value is None or 50 <= value <= _DEFAULT_TIMEOUT:
        return timedelta(milliseconds=_DEFAULT_TIMEOUT if value is None else value)
    place = definition.at(origin, "timeoutInMillis")
    if not 50 <= value <= _LONGEST_TIMEOUT:
        message = f"Timeout should be between 50 ms and {_DEFAULT_TIMEOUT} ms, not {value}"
        definition.complain(codes.TIMEOUT_OUT_OF_RANGE, place, message)
        return timedelta(milliseconds=_DEFAULT_TIMEOUT)
    message = f"Amazon grants {value} ms only to regional and private APIs whose quota was raised"
    definition.complain(codes.TIMEOUT_OUT_OF_RANGE, place, message, severity=Severity.WARNING)
    return timedelta(milliseconds=value)


def _transfer_mode(
    definition: Definition, fields: Fields, kind: IntegrationKind, origin: Origin
) -> TransferMode:
    """How the answer travels: only proxy integrations stream at Amazon."""
    mode = choice(definition, fields, "responseTransferMode", TransferMode, origin)
    if mode is TransferMode.STREAM and kind not in _PROXIES:
        place = definition.at(origin, "responseTransferMode")
        message = f"an integration of type {kind} does not stream: only http_proxy and aws_proxy do"
        definition.complain(codes.INTEGRATION_VALUE_INVALID, place, message)
    return mode or TransferMode.BUFFERED


def _skips_verification(definition: Definition, fields: Fields, origin: Origin) -> bool:
    tls = definition.mapping(fields, "tlsConfig", origin)
    return bool(tls) and definition.boolean(
        tls, "insecureSkipVerification", definition.at(origin, "tlsConfig")
    )
