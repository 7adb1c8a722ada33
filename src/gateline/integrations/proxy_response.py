"""What a function of an `aws_proxy` integration answers, and what a client gets of it (api-gateway.md section 11).

Amazon's contract is strict: an unknown key, a body that is no text, or a status that is no number is a fault of
the function, and the client learns nothing but that.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateline.integrations.binary_media_type import is_binary
from gateline.integrations.header_syntax import is_name, is_value, sent_value
from gateline.integrations.remapping import seen
from gateline.model.integration import BODILESS

_KEYS: Final = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})

_STATUS = re.compile(r"[2-5][0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyResponse:
    """What the client gets. A header with several values stands there several times.

    Names are ASCII, values can be written as UTF-8, and neither can end its header.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MalformedProxyResponse(Exception):
    """The function's answer is not of the contract: the client gets `status` and API Gateway's usual body.

    The message is for the operator: it names the fault and never a value of the answer.
    """

    def __init__(self, reason: str, *, status: int = 502) -> None:
        super().__init__(reason)
        self.status = status


class _Number(str):
    """A JSON number as it was written: `1.50` stays so in a header."""

    __slots__ = ()


def read_proxy_response(
    payload: bytes, *, accept: str | None, binary_media_types: Iterable[str]
) -> ProxyResponse:
    """Read what the handler returned.

    `accept` is the client's Accept header: base64 is decoded only for a client that asks for a binary media
    type first; the response's own Content-Type does not matter [R].

    Raises:
        MalformedProxyResponse: the payload is not of the contract (502), or is not the base64 that it says (500).

    """
    answer = _object(payload)
    status = _status(answer.get("statusCode"))
    headers = _merged(_multi_values(answer.get("multiValueHeaders")), _values(answer.get("headers")))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    body = _body(answer, decoded=is_binary(accept, binary_media_types))
    return ProxyResponse(
        status=status,
        headers=seen(headers),
        body=b"" if status in BODILESS else body,
    )


def _object(payload: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(payload, parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # ValueError: not JSON, not UTF-8
        raise MalformedProxyResponse("the function returned no JSON") from None
    if not isinstance(answer, dict):
        raise MalformedProxyResponse("the function returned JSON that is no object")
    unknown = sorted(answer.keys() - _KEYS)
    if unknown:
        names = ", ".join(repr(name[:40]) for name in unknown[:5])
        raise MalformedProxyResponse(f"keys that no proxy response has: {names}")
    return answer


def _refuse_constant(constant: str) -> object:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _status(value: object) -> int:
    """Absent is 200; text that is a number counts [R]."""
    if value is None:
        return 200
    text = value.removesuffix(".0") if isinstance(value, _Number) else value
    if not isinstance(text, str) or not _STATUS.fullmatch(text):
        raise MalformedProxyResponse("statusCode is no status of a final response (200 to 599)")
    return int(text)


def _values(headers: object) -> list[tuple[str, str]]:
    if headers is None:
        return []
    if not isinstance(headers, dict):
        raise MalformedProxyResponse("headers is no object")
    return [(_name(name), _value(value)) for name, value in headers.items() if value is not None]


def _multi_values(headers: object) -> list[tuple[str, str]]:
    if headers is None:
        return []
    if not isinstance(headers, dict):
        raise MalformedProxyResponse("multiValueHeaders is no object")
    pairs: list[tuple[str, str]] = []
    for name, values in headers.items():
        if values is None:
            continue
        if not isinstance(values, list):
            raise MalformedProxyResponse("multiValueHeaders has a value that is no list")
        pairs += [(_name(name), _value(value)) for value in values if value is not None]
    return pairs


def _merged(multi: list[tuple[str, str]], single: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Both maps: of a key that both carry the multi values come first, under their spelling [R]."""
    spelling = {name.lower(): name for name, _ in reversed(multi)}
    return multi + [(spelling.get(name.lower(), name), value) for name, value in single]


def _name(name: str) -> str:
    if not is_name(name):
        raise MalformedProxyResponse("a header has a name that no header may have")
    return name


def _value(value: object) -> str:
    """A header's value as text; what would end the header or hide bytes in it is refused."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise MalformedProxyResponse("a header has a value that is neither text, number nor boolean")
    if not is_value(value):
        raise MalformedProxyResponse("a header has a value with control characters")
    return sent_value(value)


def _utf8(text: str) -> bytes:
    return text.encode(errors="replace")  # JSON may hold half of a surrogate pair, UTF-8 may not


def _body(answer: Mapping[str, object], *, decoded: bool) -> bytes:
    body, is_base64 = answer.get("body"), answer.get("isBase64Encoded")
    if is_base64 is not None and not isinstance(is_base64, bool):
        raise MalformedProxyResponse("isBase64Encoded is neither true nor false")
    if body is None:
        return b""
    if not isinstance(body, str) or isinstance(body, _Number):
        raise MalformedProxyResponse("body is no text")
    if not (is_base64 and decoded):
        return _utf8(body)
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedProxyResponse("body is not the base64 that isBase64Encoded says", status=500) from None
