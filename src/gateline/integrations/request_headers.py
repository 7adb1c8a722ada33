"""The headers of what is sent for `http` and `aws` integrations (api-gateway.md sections 7 and 9)."""

from __future__ import annotations

from typing import Final

from gateline.integrations.client_headers import INTERNAL
from gateline.integrations.client_request import ClientRequest
from gateline.integrations.header_syntax import is_name, is_value, sent_value
from gateline.integrations.outgoing import configuration_error
from gateline.integrations.parameters import HeaderMap
from gateline.integrations.target import bad_request
from gateline.model.integration import ILLEGAL_FOR_AWS, ILLEGAL_HEADERS

WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Verbs whose bodies are not passed on, and whose Content-Type says nothing."""

_DROPPED: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "expect", "proxy-authenticate", "te"}
)
_JSON: Final = "application/json"


def check_legal(headers: HeaderMap, *, is_aws: bool) -> None:
    """Refuse headers that neither a mapping nor a template may set (section 7).

    Raises:
        Refusal: 500, there is one.

    """
    illegal = headers.keys() & (ILLEGAL_FOR_AWS if is_aws else ILLEGAL_HEADERS)
    if illegal:
        raise configuration_error(f"the header {min(illegal)} may not be set")


def sent_headers(
    headers: HeaderMap, request: ClientRequest, *, has_body: bool, dropped: frozenset[str]
) -> list[tuple[str, str]]:
    """What is mapped, without what is dropped even so; then API Gateway's own, where nothing is mapped.

    Args:
        headers: what mappings and templates set.
        request: the client's.
        has_body: whether a body is sent; without one it has no type, unless the client named one for its own [R].
        dropped: further headers, in lower case, that are not sent.

    Raises:
        Refusal: 400, a value holds bytes that no header may have; 500, a name does.

    """
    sent = {
        name: (written, _checked(written, value))
        for name, (written, value) in headers.items()
        if name not in _DROPPED and name not in dropped and not name.startswith(INTERNAL)
    }
    own = {"User-Agent": f"AmazonAPIGateway_{request.stage.api_id}", "Accept": _JSON}
    named = None if request.call.verb in WITHOUT_BODY else request.headers.last("content-type")
    if named or has_body:
        own["Content-Type"] = named or _JSON
    for name, value in own.items():
        sent.setdefault(name.lower(), (name, value))
    if request.call.trace_id:
        sent["x-amzn-trace-id"] = ("X-Amzn-Trace-Id", request.call.trace_id)
    return list(sent.values())


def _checked(name: str, value: str) -> str:
    if not is_name(name):
        raise configuration_error("a header has a name that no header may have")
    if not is_value(value):
        raise bad_request("a mapped header holds a byte that no header may have")
    return sent_value(value)
