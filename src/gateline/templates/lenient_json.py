"""JSON as templates of mocks write it: single quotes, bare names, trailing commas (api-gateway.md section 19)."""

from __future__ import annotations

import json
import re
from typing import Final

_PIECE: Final = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'  # one that does not end is one piece, too: linear whatever comes
    r"|'(?P<single>[^'\\]*+(?:\\.[^'\\]*+)*+)(?:'|(?P<open>\\?\Z))"
    r"|(?P<comma>,)(?=\s*[}\]])"
    r"|-?[0-9][0-9A-Za-z.+-]*"
    r"|(?P<bare>[A-Za-z_$][A-Za-z0-9_$]*)",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)|\"", re.DOTALL)
_WORDS: Final = frozenset({"true", "false", "null"})


class LenientInvalid(ValueError):
    """The text can't be read so either."""


def read_leniently(text: str) -> object:
    """The value of a text that is JSON, or nearly.

    Raises:
        LenientInvalid: it is not.

    """
    try:
        return json.loads(_PIECE.sub(_strict, text), strict=False, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise LenientInvalid(str(error)) from error


def _strict(piece: re.Match[str]) -> str:
    """A piece as JSON wants it."""
    if piece["single"] is not None:
        if piece["open"] is not None:
            raise ValueError("a text without an end")
        return f'"{_ESCAPE.sub(_escape, piece["single"])}"'
    if piece["comma"]:
        return ""
    if piece["bare"] and piece["bare"] not in _WORDS:
        return f'"{piece["bare"]}"'
    return piece[0]


def _escape(found: re.Match[str]) -> str:
    """Between single quotes a double quote stands bare, and a single one behind a backslash."""
    if found[1] is None:
        return '\\"'
    return "'" if found[1] == "'" else found[0]


def _refuse_constant(constant: str) -> object:
    raise ValueError(constant)  # `-Infinity`; bare words are text by now
