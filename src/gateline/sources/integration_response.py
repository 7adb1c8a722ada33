"""`responses` of an integration: which backend answer becomes which status (api-gateway.md section 6)."""

from __future__ import annotations

from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Severity
from gateline.model.integration import IntegrationResponse
from gateline.model.origin import Origin
from gateline.sources.definition import Definition, Fields
from gateline.sources.json_value import JsonValue
from gateline.sources.key import unmisspelled
from gateline.sources.mapping import response_parameters
from gateline.sources.template import ContentHandling, choice, read_mapping_templates
from gateline.templates.expression import Expression, ExpressionInvalid

_KEYS: Final = frozenset({"statusCode", "responseParameters", "responseTemplates", "contentHandling"})


def read_responses(
    definition: Definition, integration: Fields, origin: Origin
) -> tuple[IntegrationResponse, ...]:
    """The entries in the order in which they are written; the key `default` has no pattern."""
    return tuple(
        _response(definition, key, fields, place)
        for key, fields, place in definition.entries(integration, "responses", origin)
    )


def _response(
    definition: Definition, key: str, fields: dict[str, JsonValue], origin: Origin
) -> IntegrationResponse:
    fields = unmisspelled(definition, fields, origin, _KEYS)
    if key != "default":
        _check_pattern(definition, key, origin)
    return IntegrationResponse(
        pattern=None if key == "default" else key,
        status_code=status_code(definition, fields, origin) or 200,
        response_parameters=response_parameters(definition, fields, origin),
        response_templates=read_mapping_templates(definition, fields, "responseTemplates", origin),
        content_handling=choice(definition, fields, "contentHandling", ContentHandling, origin) or "",
        origin=origin,
    )


def status_code(definition: Definition, fields: Fields, origin: Origin) -> int | None:
    """A status code, which may be written as a number or as text; None when it is absent or wrong."""
    status = definition.integer(fields, "statusCode", origin)
    if status is not None and not 100 <= status <= 599:
        message = f"statusCode {status} is no status of HTTP"
        place = definition.at(origin, "statusCode")
        definition.complain(codes.INTEGRATION_RESPONSE_INVALID, place, message)
        return None
    return status


def _check_pattern(definition: Definition, pattern: str, origin: Origin) -> None:
    """Patterns are Java's; one that is none selects nothing, which is told and not refused."""
    try:
        Expression(pattern)
    except ExpressionInvalid as error:
        definition.complain(
            codes.INTEGRATION_RESPONSE_INVALID,
            origin,
            f"the selection pattern '{pattern}' is not a regular expression: {error}; it matches nothing",
            severity=Severity.WARNING,
        )
