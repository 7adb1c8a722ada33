"""`$context.requestOverride` and `$context.responseOverride`: what templates set wins (api-gateway.md section 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateline.integrations.outgoing import configuration_error
from gateline.integrations.parameters import HeaderMap, Parameters, PathValue
from gateline.templates.budget import UNSTINTED, Meter, TemplateFailed
from gateline.templates.java_text import text_of


@dataclass(frozen=True, slots=True)
class ResponseOverrides:
    """What templates set for the response. `status` is None when they set none that a response may have."""

    status: int | None
    headers: HeaderMap


def overridden(parameters: Parameters, context: Mapping[str, object]) -> Parameters:
    """The parameters of a request, with what its template set in their place."""
    override = context.get("requestOverride")
    return Parameters(
        headers=parameters.headers | _headers(override),
        query=parameters.query | dict(_entries(override, "querystring")),
        path=parameters.path
        | {name: PathValue(",".join(values)) for name, values in _entries(override, "path")},
    )


def response_overrides(context: Mapping[str, object]) -> ResponseOverrides:
    """What request and response template set for the response.

    A status that is no integer of 100 to 599 is ignored [R]; so is one below 200, which ends no response.
    """
    override = context.get("responseOverride")
    status = override.get("status") if isinstance(override, Mapping) else None
    is_status = isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599
    return ResponseOverrides(status if is_status else None, _headers(override))


def _headers(override: object) -> HeaderMap:
    return {name.lower(): (name, ",".join(values)) for name, values in _entries(override, "header")}


def _entries(override: object, location: str) -> Iterator[tuple[str, list[str]]]:
    """Names and their values; what is null is not set."""
    found = override.get(location) if isinstance(override, Mapping) else None
    if not isinstance(found, Mapping):
        return
    for name, value in found.items():
        values = value if isinstance(value, list) else [value]
        texts = [_text(each) for each in values if each is not None]
        if texts:
            yield str(name), texts


def _text(value: object) -> str:
    try:
        return text_of(value, Meter(UNSTINTED))
    except TemplateFailed as error:
        raise configuration_error(str(error)) from None
