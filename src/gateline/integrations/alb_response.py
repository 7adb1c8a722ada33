"""What a function answers as a target of an application balancer, and what a client gets (load-balancers.md 10)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

from gateline.integrations.alb_event import HOP_BY_HOP
from gateline.integrations.client_headers import INTERNAL
from gateline.integrations.header_syntax import is_name, is_value, sent_value
from gateline.integrations.proxy_response import MalformedProxyResponse, ProxyResponse
from gateline.model.integration import BODILESS

LARGEST_BODY: Final = 1024 * 1024
"""Bytes of a request's body, and of a function's answer, that a balancer takes."""

SERVER: Final = "awselb/2.0"
_COMPUTED: Final = HOP_BY_HOP | {"content-length"}
_UNTOLD: Final = "application/octet-stream"  # the type of a body whose function names none
_REASONS: Final = {413: "Request Entity Too Large"}


def page(status: int, *, closes: bool = False) -> ProxyResponse:
    """The balancer's own answer with that status (load-balancers.md section 9); `closes` ends its connection."""
    title = f"{status} {_REASONS.get(status) or HTTPStatus(status).phrase}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    headers = (("server", SERVER), ("content-type", "text/html"))
    ending = (("connection", "close"),) if closes else ()
    return ProxyResponse(status=status, headers=headers + ending, body=body.encode())


def read_alb_response(payload: bytes, *, multi_value_headers: bool) -> ProxyResponse:
    """Read what the handler returned.

    Args:
        payload: JSON text.
        multi_value_headers: the answer's headers are those of `multiValueHeaders`, else those of `headers`.

    Raises:
        MalformedProxyResponse: it is not of the contract; the client gets 502.

    """
    if len(payload) > LARGEST_BODY:
        raise MalformedProxyResponse(f"the answer is longer than {LARGEST_BODY} bytes")
    answer = _object(payload)
    status = _status(answer.get("statusCode"))
    if not isinstance(answer.get("statusDescription", ""), str | None):
        raise MalformedProxyResponse("statusDescription is no text")
    headers = list(_headers(answer, "multiValueHeaders" if multi_value_headers else "headers"))
    body = b"" if status in BODILESS else _body(answer)
    lower = {name.lower() for name, _ in headers}
    if "server" not in lower:
        headers.append(("server", SERVER))
    if body and "content-type" not in lower:
        headers.append(("content-type", _UNTOLD))
    return ProxyResponse(status=status, headers=tuple(headers), body=body)


def _object(payload: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):  # ValueError: not JSON, not UTF-8
        raise MalformedProxyResponse("the function returned no JSON") from None
    if not isinstance(answer, dict):
        raise MalformedProxyResponse("the function returned JSON that is no object")
    return answer


def _status(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise MalformedProxyResponse("statusCode is no whole number from 200 to 599")
    return value


def _headers(answer: Mapping[str, object], key: str) -> Iterator[tuple[str, str]]:
    """The headers of one of the two maps; the other one does not count."""
    found = answer.get(key)
    if found is None:
        found = {}
    if not isinstance(found, dict):
        raise MalformedProxyResponse(f"{key} is no object")
    for name, given in found.items():
        values = given if key == "multiValueHeaders" else [given]
        if not isinstance(values, list):
            raise MalformedProxyResponse(f"{key} has a value that is no list")
        if not is_name(name):
            raise MalformedProxyResponse(f"{key} has a name that no header may have")
        for value in values:
            if not isinstance(value, str) or not is_value(value):
                raise MalformedProxyResponse(f"{key} has a value that is no text of a header")
            if name.lower() not in _COMPUTED and not name.lower().startswith(INTERNAL):
                yield name, sent_value(value)


def _body(answer: Mapping[str, object]) -> bytes:
    body, is_base64 = answer.get("body"), answer.get("isBase64Encoded")
    if not isinstance(is_base64, bool | None):
        raise MalformedProxyResponse("isBase64Encoded is neither true nor false")
    if not isinstance(body, str | None):
        raise MalformedProxyResponse("body is no text")
    if not is_base64:
        return (body or "").encode(errors="replace")
    try:
        return base64.b64decode(body or "", validate=True)
    except (binascii.Error, ValueError):
        raise MalformedProxyResponse("body is not the base64 that isBase64Encoded says") from None
