"""What a client gets of an integration that the host performs (api-gateway.md section 9, header to client)."""

from __future__ import annotations

from typing import Final

from gateline.integrations.header_syntax import is_name, is_value, sent_value
from gateline.integrations.outgoing import configuration_error
from gateline.integrations.parameters import HeaderMap
from gateline.integrations.proxy_response import ProxyResponse
from gateline.integrations.remapping import seen
from gateline.model.integration import BODILESS

JSON: Final = "application/json"

_TRACE: Final = "X-Amzn-Trace-Id"


def client_response(
    *, status: int, headers: HeaderMap, content_type: str, body: bytes, trace_id: str
) -> ProxyResponse:
    """The response. Only what is mapped is a header of it, but for Content-Type, which always is.

    Args:
        status: of the selected entry, or what a template set.
        headers: what mappings and templates set.
        content_type: when these say none.
        body: converted and rendered.
        trace_id: "" for a response that tells none.

    Raises:
        Refusal: 500, a header can't be written, or the status ends no response.

    """
    if not 200 <= status <= 599:
        raise configuration_error("the selected response has a status that ends no response")
    written = [(name, _writable(name, value)) for name, value in headers.values()]
    if "content-type" not in headers:
        written.append(("Content-Type", content_type))
    shown = [each for each in seen(written) if each[0].lower() != _TRACE.lower()]
    if trace_id:
        shown.append((_TRACE, trace_id))
    return ProxyResponse(status=status, headers=tuple(shown), body=b"" if status in BODILESS else body)


def _writable(name: str, value: str) -> str:
    if not (is_name(name) and is_value(value)):
        raise configuration_error("a header of the response can't be written")
    return sent_value(value)
