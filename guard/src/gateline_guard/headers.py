"""The one header of a request that carries a proof, or the refusal of every ambiguity about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Union

from gateline_guard.proof import Refused

Text = Union[str, bytes]
Headers = Iterable[tuple[Text, Text]]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NEITHER_LETTER_NOR_DIGIT = re.compile(rb"[^a-z0-9]")


def as_bytes(text: Text) -> bytes:
    """The bytes that were on the wire; servers that give text decode them as Latin-1 (PEP 3333).

    Raises Refused for text that cannot have been bytes.
    """
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise Refused(401, "a request's text is not what came over the wire") from None


def as_pairs(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Names in lower case with their values, as bytes."""
    return [(as_bytes(name).lower(), as_bytes(value)) for name, value in headers]


def header_name(name: str) -> bytes:
    """The name of a header that may carry a proof, in lower case.

    Raises ValueError: of other characters than letters, digits and "-", servers make what they like.
    """
    lower = name.lower()
    if not _NAME.fullmatch(lower):
        raise ValueError(f"a proof's header is named with letters, digits and single hyphens, not {name!r}")
    return lower.encode("ascii")


def only_value(pairs: list[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The value of the header, or None without it.

    Two copies are refused, and so is a name that a server or framework might take for this one
    (`x_gateway_secret` for `x-gateway-secret`): whoever writes those is not the gateway.
    """
    found = [(sent, value) for sent, value in pairs if _NEITHER_LETTER_NOR_DIGIT.sub(b"-", sent) == name]
    if not found:
        return None
    if len(found) > 1:
        raise Refused(401, "a proof's header came more than once")
    if found[0][0] != name:
        raise Refused(401, "a header bears an alias of a proof's name")
    return found[0][1]
