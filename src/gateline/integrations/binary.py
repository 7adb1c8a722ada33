"""`contentHandling`: what becomes of the bytes of bodies, both ways (the tables of api-gateway.md section 12)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from gateline.integrations.outgoing import configuration_error

_TO_BINARY = "CONVERT_TO_BINARY"
_TO_TEXT = "CONVERT_TO_TEXT"


def request_payload(body: bytes, *, is_binary: bool, handling: str) -> bytes:
    """What of a client's body goes to the template, or to the integration.

    Args:
        body: the client's.
        is_binary: its Content-Type is a binary media type of the API.
        handling: the integration's contentHandling, "" for none.

    Raises:
        Refusal: it is to be decoded and is not base64.

    """
    if is_binary:
        return base64.b64encode(body) if handling == _TO_TEXT else body
    return decoded(body) if handling == _TO_BINARY else _as_text(body)


def response_payload(
    body: bytes,
    *,
    is_binary: bool,
    is_accepted: bool,
    handling: str,
    decode: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """What of an integration's body goes to the template, or to the client.

    Args:
        body: what came back.
        is_binary: its Content-Type is a binary media type of the API.
        is_accepted: what the client accepts first is one.
        handling: the response entry's contentHandling, "" for none.
        decode: how text becomes bytes, when not by `decoded`.

    Raises:
        Refusal: it is to be decoded and is not base64.

    """
    wants_text = handling == _TO_TEXT or (not handling and not is_accepted)
    if is_binary:
        return base64.b64encode(body) if wants_text else body
    return _as_text(body) if wants_text else (decode or decoded)(body)


def decoded(body: bytes) -> bytes:
    """The bytes that base64 means.

    Raises:
        Refusal: it is not base64.

    """
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise configuration_error("the body is to be decoded, and it is not base64") from None


def text_of(payload: bytes) -> str:
    """A payload as the text that a template reads.

    Raises:
        Refusal: it is not UTF-8: a template can't be applied to bytes.

    """
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise configuration_error("a mapping template is to be applied to bytes that are not UTF-8") from None


def _as_text(body: bytes) -> bytes:
    """Decoded and encoded again: bytes that are not UTF-8 become U+FFFD."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace").encode()
    return body  # the same object: bodies are large
