"""`x-amazon-apigateway-gateway-responses`: what an API answers by itself (api-gateway.md section 14).

Their templates are no VTL: `$context.X`, `$stageVariables.X` and `$method.request.{header|querystring|path}.X`,
braced or not, stand for values, and all else for itself.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Final

from gateline.model import codes
from gateline.model.gateway_response import RESPONSE_TYPES, Part, PartKind
from gateline.model.integration import ContextSource
from gateline.model.origin import Origin
from gateline.model.rest_api import GatewayResponse
from gateline.sources.definition import Definition, Fields
from gateline.sources.integration_response import status_code
from gateline.sources.key import unmisspelled
from gateline.sources.mapping import (
    check_context,
    check_literal,
    complain_of_expression,
    is_literal,
    response_headers,
)
from gateline.sources.template import read_templates

_KEY: Final = "x-amazon-apigateway-gateway-responses"
_FIELDS: Final = frozenset({"statusCode", "responseParameters", "responseTemplates"})
_FIRST_FINAL_STATUS: Final = 200

_OWN: Final = frozenset(
    {
        "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "x-amz-apigw-id", "x-amzn-requestid",
    }
)  # fmt: skip
"""Headers by which the gateway frames and names an answer."""

_KINDS: Final[Mapping[str, PartKind]] = {
    "context": PartKind.CONTEXT,
    "stageVariables": PartKind.STAGE_VARIABLE,
    "method.request.header": PartKind.HEADER,
    "method.request.querystring": PartKind.QUERYSTRING,
    "method.request.path": PartKind.PATH,
}
_PLACE: Final = r"(context|stageVariables|method\.request\.(?:header|querystring|path))"
_SOURCE: Final = re.compile(rf"{_PLACE}\.([a-zA-Z0-9._$-]+)")
_REFERENCE: Final = re.compile(
    rf"\$(?:{_PLACE}\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)|\{{{_PLACE}\.([A-Za-z0-9._$-]+)\}})"
)
_VELOCITY: Final = re.compile(r"\$!?\{?[A-Za-z_][A-Za-z0-9_.]*|#(?:set|if|foreach|define|macro)\s*\(")


def read_gateway_responses(definition: Definition) -> tuple[GatewayResponse, ...]:
    """The document's customised gateway responses; what is broken is complained about and left out."""
    responses: list[GatewayResponse] = []
    for name, written, place in definition.entries(definition.root, _KEY, definition.origin):
        if name not in RESPONSE_TYPES:
            near = difflib.get_close_matches(name, RESPONSE_TYPES, n=1)
            advice = f"did you mean {near[0]}?" if near else ""
            message = f"'{name}' is not a type of gateway response"
            definition.complain(codes.GATEWAY_RESPONSE_INVALID, place, message, advice=advice)
            continue
        fields = unmisspelled(definition, written, place, _FIELDS)
        templates = read_templates(definition, fields, "responseTemplates", place)
        responses.append(
            GatewayResponse(
                type=name,
                status_code=_status(definition, fields, place),
                headers=_headers(definition, fields, place),
                templates=tuple(
                    (media_type, _template(definition, media_type, text, place))
                    for media_type, text in templates
                ),
                origin=place,
            )
        )
    return tuple(responses)


def _status(definition: Definition, fields: Fields, origin: Origin) -> int | None:
    status = status_code(definition, fields, origin)
    if status is not None and status < _FIRST_FINAL_STATUS:
        message = f"statusCode {status} is no status of a final response (200 to 599)"
        definition.complain(codes.GATEWAY_RESPONSE_INVALID, definition.at(origin, "statusCode"), message)
        return None
    return status


def _headers(definition: Definition, fields: Fields, origin: Origin) -> tuple[tuple[str, Part], ...]:
    """The header mappings: names in lower case, each with what its value is."""
    mappings: dict[str, Part] = {}
    for header, expression, place in response_headers(definition, fields, origin, "gatewayresponse.header."):
        name = header.lower()
        if name in _OWN:
            message = f"the header '{header}' is the gateway's own, so this mapping has no effect"
            definition.complain(codes.MAPPING_WITHOUT_EFFECT, place, message)
            continue
        if name in mappings:
            message = f"the header '{header}' is mapped twice, in another letter case"
            definition.complain(codes.MAPPING_TARGET_INVALID, place, message)
        part = _part(definition, expression, place)
        if part is not None:
            mappings[name] = part
    return tuple(mappings.items())


def _part(definition: Definition, expression: str, place: Origin) -> Part | None:
    found = _SOURCE.fullmatch(expression)
    if found is not None:
        part = Part(_KINDS[found[1]], found[2])
        if part.kind is PartKind.CONTEXT:
            check_context(definition, ContextSource(part.text), place)
        return part
    if definition.unknown(expression, place) or is_literal(expression):
        check_literal(definition, expression, place)
        return Part(PartKind.TEXT, expression[1:-1] if is_literal(expression) else expression)
    complain_of_expression(definition, expression, place)
    return None


def _template(definition: Definition, media_type: str, text: str, origin: Origin) -> tuple[Part, ...]:
    place = definition.at(origin, "responseTemplates", media_type)
    check_literal(definition, media_type, place)
    parts: list[Part] = []
    at = 0
    for found in _REFERENCE.finditer(text):
        if found.start() > at:
            parts.append(_text(definition, text[at : found.start()], place))
        at = found.end()
        part = Part(_KINDS[found[1] or found[3]], found[2] or found[4])
        if part.kind is PartKind.CONTEXT:
            check_context(definition, ContextSource(part.text), place)
        parts.append(part)
    if at < len(text):
        parts.append(_text(definition, text[at:], place))
    return tuple(parts)


def _text(definition: Definition, text: str, place: Origin) -> Part:
    """Text between references; what looks like more of Velocity is told, because it stays as it is."""
    found = _VELOCITY.search(text)
    if found is not None:
        definition.complain(
            codes.MAPPING_WITHOUT_EFFECT,
            place,
            f"'{found[0]}' stays in the answer as it stands: templates of gateway responses are no VTL",
            advice="$context.X, $stageVariables.X and $method.request.{header|querystring|path}.X are replaced",
        )
    return Part(PartKind.TEXT, text)
