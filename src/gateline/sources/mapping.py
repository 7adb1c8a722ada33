"""Parameter mappings: `requestParameters` and `responseParameters` (api-gateway.md section 7)."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Severity
from gateline.model.integration import (
    BodySource,
    ContextSource,
    LiteralSource,
    Location,
    MappingSource,
    ParameterMapping,
    RequestSource,
    ResponseHeaderSource,
    ResponseParameter,
    ResponseSource,
    StageVariableSource,
)
from gateline.model.origin import Origin
from gateline.model.secret import SecretRef
from gateline.sources.definition import Definition, Fields, kind_of
from gateline.sources.json_value import JsonValue
from gateline.sources.placeholder import Need
from gateline.templates.jsonpath import PathInvalid, parse_mapped_path

NAME: Final = re.compile(r"[a-zA-Z0-9._$-]+")
NAME_RULE: Final = "Parameter name should match the following regular expression: ^[a-zA-Z0-9._$-]+$"

_TARGET: Final = re.compile(r"integration\.request\.(header|querystring|path)\.(.+)", re.DOTALL)
_SOURCE: Final = re.compile(
    r"method\.request\.(?:(multivalue)?(header|querystring)|(path))\.([a-zA-Z0-9._$-]+)"
    r"|method\.request\.(body)(?:\.([^\x00-\x1f\x7f]+))?"
    r"|(stageVariables)\.([A-Za-z0-9_]+)"
    r"|(context)\.([a-zA-Z0-9._$-]+)"
)
_RESPONSE_SOURCE: Final = re.compile(
    r"integration\.response\.(multivalue)?header\.([a-zA-Z0-9._$-]+)"
    r"|integration\.response\.(body)(?:\.([^\x00-\x1f\x7f]+))?"
    r"|(stageVariables)\.([A-Za-z0-9_]+)"
    r"|(context)\.([a-zA-Z0-9._$-]+)"
)
_HTTP_API_TARGET: Final = re.compile(r"(?:append|overwrite|remove):")
_HTTP_API_SOURCE: Final = re.compile(r"\$\{?(?:request|response|context)\b|\$stageVariables\b")
_SECRET: Final = re.compile(r"\$\{(?!stageVariables\.)([^{}\s$'\"\\]+)\}")
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_RESERVED_HEADERS: Final = frozenset(
    {"content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id"}
)
RESERVED_FOR_AWS: Final = frozenset({"authorization", "connection", "expect", "proxy-authenticate", "te"})
"""Further headers that `aws` and `aws_proxy` integrations may not map."""

_CONTEXT_ROOTS: Final = frozenset(
    {
        "accountId", "apiId", "authorize", "authorizer", "authenticate", "awsEndpointRequestId",
        "customDomain", "deploymentId", "domainName", "domainPrefix", "endpointType", "error",
        "extendedRequestId", "httpMethod", "identity", "integration", "isCanaryRequest", "operationName",
        "path", "protocol", "requestId", "requestOverride", "requestTime", "requestTimeEpoch", "resourceId",
        "resourcePath", "responseOverride", "stage", "waf", "wafResponseCode", "webaclArn", "xrayTraceId",
    }
)  # fmt: skip

_AFTER_AUTHORIZER: Final = frozenset(
    {
        "authorize", "authorizer", "authenticate", "error", "integration", "requestOverride",
        "responseOverride", "waf", "wafResponseCode", "webaclArn",
    }
)  # fmt: skip


def has_value_before_authorizer(expression: str) -> bool:
    """Whether a `context.NAME` can have a value when an authorizer is asked."""
    root = expression.split(".")[1]
    return root in _CONTEXT_ROOTS and root not in _AFTER_AUTHORIZER


def request_parameters(
    definition: Definition,
    fields: Fields,
    origin: Origin,
    *,
    path_names: tuple[str, ...],
    reserved: frozenset[str] = frozenset(),
) -> tuple[ParameterMapping, ...]:
    """The mappings of an integration's `requestParameters`; broken ones are complained about and left out."""
    mappings: list[ParameterMapping] = []
    headers: dict[str, str] = {}
    written = definition.mapping(fields, "requestParameters", origin)
    if not written:
        return ()
    origin = definition.at(origin, "requestParameters")
    for target, expression in written.items():
        place = definition.at(origin, target)
        split = _split_target(definition, target, place)
        if split is None or _is_no_text(definition, "requestParameters", target, expression, place):
            continue
        location, name = split
        if location is Location.HEADER:
            other = headers.setdefault(name.lower(), name)
            if other != name:
                message = f"the headers '{other}' and '{name}' are the same one"
                definition.complain(codes.MAPPING_TARGET_INVALID, place, message)
            _check_reserved(definition, name, place, reserved)
        source = _source(definition, expression, place, is_header=location is Location.HEADER)
        if source is not None:
            _check_path(definition, source, place)
            _check_effect(definition, source, place, path_names)
            mappings.append(ParameterMapping(location=location, name=name, source=source, origin=place))
    return tuple(mappings)


def response_parameters(
    definition: Definition, fields: Fields, origin: Origin
) -> tuple[ResponseParameter, ...]:
    """The header mappings of an integration response; broken ones are complained about and left out."""
    mappings = []
    for header, expression, place in response_headers(definition, fields, origin, "method.response.header."):
        source = parse_response_source(expression)
        if source is None and (definition.unknown(expression, place) or is_literal(expression)):
            check_literal(definition, expression, place)
            source = LiteralSource((expression[1:-1] if is_literal(expression) else expression,))
        if source is None:
            complain_of_expression(definition, expression, place)
            continue
        _check_path(definition, source, place)
        parameter = ResponseParameter(header=header, expression=expression, source=source, origin=place)
        mappings.append(parameter)
    return tuple(mappings)


def response_headers(
    definition: Definition, fields: Fields, origin: Origin, prefix: str
) -> Iterator[tuple[str, str, Origin]]:
    """The lines of `responseParameters` whose target is a header: its name, the expression, the place."""
    written = definition.mapping(fields, "responseParameters", origin)
    if not written:
        return
    origin = definition.at(origin, "responseParameters")
    for target, expression in written.items():
        place = definition.at(origin, target)
        header = target.removeprefix(prefix)
        if _HTTP_API_TARGET.match(target):
            _complain_of_http_api(definition, target, place)
        elif header == target or not NAME.fullmatch(header):
            message = f"Invalid mapping expression parameter specified: {target}"
            advice = f"the keys are {prefix}NAME; {NAME_RULE}"
            definition.complain(codes.MAPPING_TARGET_INVALID, place, message, advice=advice)
        elif isinstance(expression, str):
            yield header, expression, place
        elif not prefix.startswith("method.") or not _is_no_text(
            definition, "responseParameters", target, expression, place
        ):
            complain_of_expression(definition, kind_of(expression), place)


def _is_no_text(definition: Definition, key: str, target: str, expression: JsonValue, place: Origin) -> bool:
    """Whether a mapping is a bare `true`, number or null: Amazon warns of it, and imports the rest without it."""
    if isinstance(expression, (str, dict, list)):
        return False
    definition.complain(
        codes.MAPPING_EXPRESSION_INVALID,
        place,
        f"Invalid format for '{key}'. Expected type string for property '{target}' but got "
        f"'{json.dumps(expression)}': Amazon imports the definition without this mapping, and so it is read here",
        advice="a static value stands in single quotes inside of the text: \"'value'\"",
        severity=Severity.WARNING,
    )
    return True


@lru_cache(maxsize=4096)
def parse_response_source(expression: str) -> ResponseSource | None:
    """What an expression of a response parameter names; None for literals and for what is no expression."""
    found = _RESPONSE_SOURCE.fullmatch(expression)
    if found is None:
        return None
    multivalue, header, body, jsonpath, stage, variable, _, context = found.groups()
    if body:
        return BodySource(jsonpath or "")
    if stage:
        return StageVariableSource(variable)
    if context:
        return ContextSource(context)
    return ResponseHeaderSource(header, multivalue=bool(multivalue))


@lru_cache(maxsize=4096)
def parse_source(expression: str) -> MappingSource | None:
    """The source that an expression names; None for literals and for what is no expression."""
    found = _SOURCE.fullmatch(expression)
    if found is None:
        return None
    multivalue, location, path, name, body, jsonpath, stage, variable, _, context = found.groups()
    if body:
        return BodySource(jsonpath or "")
    if stage:
        return StageVariableSource(variable)
    if context:
        return ContextSource(context)
    return RequestSource(Location(location or path), name, multivalue=bool(multivalue))


def _split_target(definition: Definition, target: str, place: Origin) -> tuple[Location, str] | None:
    if _HTTP_API_TARGET.match(target):
        _complain_of_http_api(definition, target, place)
        return None
    found = _TARGET.fullmatch(target)
    if found is None:
        definition.complain(
            codes.MAPPING_TARGET_INVALID,
            place,
            f"Invalid mapping expression parameter specified: {target}",
            advice="the keys are integration.request.header.NAME, .querystring.NAME and .path.NAME",
        )
        return None
    location, name = found.groups()
    if not NAME.fullmatch(name):
        definition.complain(codes.MAPPING_TARGET_INVALID, place, NAME_RULE)
        return None
    return Location(location), name


def _source(
    definition: Definition, expression: JsonValue, place: Origin, *, is_header: bool
) -> MappingSource | None:
    if not isinstance(expression, str):
        complain_of_expression(definition, kind_of(expression), place)
        return None
    source = parse_source(expression)
    if source is not None:
        return source
    if is_literal(expression):
        check_literal(definition, expression, place)
        return _literal(definition, expression[1:-1], place, is_header=is_header)
    if _HTTP_API_SOURCE.match(expression):
        _complain_of_http_api(definition, expression, place)
        return None
    if is_header and _SECRET.search(expression):  # the form without inner quotes: DESIGN section 3
        check_literal(definition, expression, place)
        return _literal(definition, expression, place, is_header=True)
    if not definition.unknown(expression, place):
        complain_of_expression(definition, expression, place)
    return None


def _literal(definition: Definition, text: str, place: Origin, *, is_header: bool) -> LiteralSource:
    if "${" not in text:
        return LiteralSource((text,))
    if not is_header:
        definition.unknown(text, place)
        return LiteralSource((text,))
    parts: list[str | SecretRef] = []
    end = 0
    for found in _SECRET.finditer(text):
        name = found[1]
        if name not in definition.context.secret_names:
            definition.placeholders.note(name, place, Need.SECRET)
        parts += [text[end : found.start()], SecretRef(name)]
        end = found.end()
    parts.append(text[end:])
    return LiteralSource(tuple(part for part in parts if part != "") or ("",))


def is_literal(expression: str) -> bool:
    """Whether an expression is a static value, in single quotes."""
    return len(expression) >= 2 and expression[0] == "'" == expression[-1]


def check_literal(definition: Definition, text: str, place: Origin) -> None:
    """Complain about control characters in a value: one that ends a line would let it write further headers."""
    found = _UNSAFE.search(text)
    if found is not None:
        definition.complain(
            codes.LITERAL_UNSAFE,
            place,
            f"the value holds the control character U+{ord(found[0]):04X}",
            advice="a value that ends a line would let it write further headers",
        )


def _check_reserved(definition: Definition, name: str, place: Origin, reserved: frozenset[str]) -> None:
    if name.lower() in _RESERVED_HEADERS or name.lower() in reserved:
        definition.complain(
            codes.MAPPED_HEADER_RESERVED,
            place,
            f"the header '{name}' may not be mapped: on Amazon its requests fail with 500",
            advice="remove the mapping",
        )


def _check_path(definition: Definition, source: MappingSource | ResponseSource, place: Origin) -> None:
    """Complain of a JSONPath that is none: Amazon does not import it."""
    if not isinstance(source, BodySource) or not source.jsonpath:
        return
    try:
        parse_mapped_path(source.jsonpath)
    except PathInvalid as error:
        complain_of_expression(definition, f"{source.jsonpath} ({error})", place)


def _check_effect(
    definition: Definition, source: MappingSource, place: Origin, path_names: tuple[str, ...]
) -> None:
    if (
        isinstance(source, RequestSource)
        and source.location is Location.PATH
        and source.name not in path_names
    ):
        message = f"the path has no parameter '{source.name}', so this mapping never has a value"
        near = difflib.get_close_matches(source.name, path_names, n=1)
        advice = f"did you mean method.request.path.{near[0]}?" if near else ""
        definition.complain(codes.MAPPING_WITHOUT_EFFECT, place, message, advice=advice)
    if isinstance(source, ContextSource):
        check_context(definition, source, place)


def check_context(definition: Definition, source: ContextSource, place: Origin) -> None:
    """Warn about a context variable that API Gateway does not have."""
    root = source.path.split(".")[0]
    if root not in _CONTEXT_ROOTS:
        near = difflib.get_close_matches(root, _CONTEXT_ROOTS, n=1)
        message = f"there is no context.{root}, so this mapping never has a value"
        advice = f"did you mean context.{near[0]}?" if near else ""
        definition.complain(codes.MAPPING_WITHOUT_EFFECT, place, message, advice=advice)


def complain_of_expression(definition: Definition, expression: str, place: Origin) -> None:
    """Complain in Amazon's words about what is no mapping expression."""
    definition.complain(
        codes.MAPPING_EXPRESSION_INVALID,
        place,
        "Invalid mapping expression specified: Validation Result: warnings : [], "
        f"errors : [Invalid mapping expression specified: {expression}]",
        advice="a static value stands in single quotes inside of the text: \"'value'\"",
    )


def _complain_of_http_api(definition: Definition, text: str, place: Origin) -> None:
    definition.complain(
        codes.MAPPING_OF_HTTP_API,
        place,
        f"'{text}' is a mapping of HTTP APIs (v2), which are not served",
        advice='REST APIs write "integration.request.header.NAME": "method.request.header.NAME"',
    )
