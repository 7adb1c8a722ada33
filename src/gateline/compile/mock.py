"""Mock integrations whose answer is known when they are compiled (api-gateway.md section 19)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateline.compile.remap import remapped
from gateline.model.integration import BODILESS, Integration, IntegrationResponse
from gateline.templates.lenient_json import LenientInvalid, read_leniently

_VTL = re.compile(
    r"\$!?\{?[A-Za-z]|#\{?(set|if|elseif|else|end|foreach|define|macro|stop|parse|include|return)\b|#\*|##"
)


class NotStatic(ValueError):
    """The mock's answer depends on the request; the message says what does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MockAnswer:
    """What a mock always answers. `status` is 500 where Amazon answers `Internal server error`."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    failed: bool = False


def mock_answer(integration: Integration) -> MockAnswer:
    """The constant answer of a mock integration.

    Raises:
        NotStatic: a template or a mapping reads the request.

    """
    if not all(text for _, text in integration.request_templates) or not integration.request_templates:
        raise NotStatic("the request's body gives the status code")
    statuses = {_status(template) for _, template in integration.request_templates}
    if len(statuses) > 1:
        raise NotStatic("its request templates give different status codes")
    status = statuses.pop() if statuses else None
    if status is None:
        return MockAnswer(status=500, failed=True)
    response = _selected(integration.responses, status)
    if response is None:
        return MockAnswer(status=500, failed=True)
    body, media_type = _body(response)
    headers = dict(_static(response))
    content_type = headers.pop("content-type", media_type)
    return MockAnswer(
        status=response.status_code,
        body="" if response.status_code in BODILESS else body,
        content_type=content_type,
        headers=tuple(sorted(headers.items())),
    )


def _status(template: str) -> int | None:
    """The `statusCode` of a request template's text, read as leniently as Amazon does, or None."""
    if _VTL.search(template):
        raise NotStatic("its request template is not a constant")
    try:
        value = read_leniently(template)
    except LenientInvalid:
        return None
    status = value.get("statusCode") if isinstance(value, dict) else None
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def _selected(responses: tuple[IntegrationResponse, ...], status: int) -> IntegrationResponse | None:
    """The entry whose pattern matches the whole status, else the default (api-gateway.md section 6)."""
    default = None
    for response in responses:
        if response.pattern is None:
            default = default or response
        elif _matches(response.pattern, str(status)):
            return response
    return default


def _matches(pattern: str, status: str) -> bool:
    try:
        return re.fullmatch(pattern, status) is not None
    except re.error:
        return False


def _body(response: IntegrationResponse) -> tuple[str, str]:
    templates = response.response_templates
    if not templates:
        return "", "application/json"
    if len(templates) > 1:  # of the same text, too: the answer bears the media type that was accepted
        raise NotStatic("its response has a template for each of several media types")
    [(media_type, text)] = templates
    if _VTL.search(text):
        raise NotStatic("its response template is not a constant")
    return text, media_type


def _static(response: IntegrationResponse) -> list[tuple[str, str]]:
    """The response headers with their literal values."""
    lines = []
    for parameter in response.response_parameters:
        expression = parameter.expression
        if expression.startswith("integration.response."):
            continue  # a mock's integration response has no headers and no body: the mapping is omitted
        if not (len(expression) >= 2 and expression[0] == expression[-1] == "'"):
            raise NotStatic(f"the header {parameter.header} is mapped from {expression}")
        lines.append((remapped(parameter.header.lower()), expression[1:-1]))
    return lines
