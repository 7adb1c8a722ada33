"""Queries: read as `gateway.lua` reads them for mappings, written so that a value can't end its parameter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote_to_bytes


def parse_query(query: bytes) -> dict[str, list[str]]:
    """The parameters of a query: name to values, decoded, in order.

    `;` separates as `&` does, `+` is a space, a value with a malformed escape stays as it is, and a parameter whose
    name has one is left out.
    """
    parsed: dict[str, list[str]] = {}
    for part in query.replace(b";", b"&").split(b"&"):
        name, _, value = part.partition(b"=")
        decoded = _decode(name)
        if part and decoded is not None:
            parsed.setdefault(decoded, []).append(_decode(value) or value.decode(errors="replace"))
    return parsed


def percent_encoded(text: str) -> str:
    """A value with everything escaped but letters, digits and `-._~`."""
    return quote(text, safe="", errors="replace")


def written_query(parameters: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Names with their values, in order, percent-encoded; without a question mark."""
    return "&".join(
        f"{percent_encoded(name)}={percent_encoded(value)}" for name, values in parameters for value in values
    )


def joined_query(*queries: str) -> str:
    """Queries after one another; empty ones leave no trace."""
    return "&".join(query for query in queries if query)


def _decode(text: bytes) -> str | None:
    """Percent-decoded once, with `+` for a space; None when an escape is malformed."""
    if b"%" not in text:
        return text.replace(b"+", b" ").decode(errors="replace")
    for piece in text.split(b"%")[1:]:
        if len(piece) < 2 or not _is_hex(piece[:2]):
            return None
    return unquote_to_bytes(text.replace(b"+", b" ")).decode(errors="replace")


def _is_hex(digits: Sequence[int]) -> bool:
    return all(digit in b"0123456789abcdefABCDEF" for digit in digits)
