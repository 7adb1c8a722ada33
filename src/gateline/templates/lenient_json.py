"""JSON as templates of mocks write it: single quotes, bare names, useless commas (api-gateway.md section 19).

Amazon reads it as json-smart does in its permissive mode: a bare name ends at its colon and holds whatever else is
before it, a bare value ends where the next one begins, and what stands behind the value is not looked at [R].
"""

from __future__ import annotations

import json
import re
from typing import Final

_MOST_DEEP: Final = 400
_SPACES: Final = re.compile(r"[ \t\r\n]*+")
_USELESS: Final = re.compile(r"[ \t\r\n,]*+")
_TEXT: Final = {
    '"': re.compile(r'"((?:[^"\\]++|\\.)*+)(")?', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]++|\\.)*+)(')?", re.DOTALL),
}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NAME: Final = re.compile(r"[^:]*+")
_IN_OBJECT: Final = re.compile(r"[^,}]*+")
_IN_LIST: Final = re.compile(r"[^,\]]*+")
_NUMBER: Final = re.compile(r"-?[0-9]{1,400}(\.[0-9]*+)?+([eE][+-]?[0-9]{1,9})?+")
_WORDS: Final = {"true": True, "false": False, "null": None}


class LenientInvalid(ValueError):
    """The text can't be read so either."""


def read_leniently(text: str) -> object:
    """The value of a text that is JSON, or nearly.

    Raises:
        LenientInvalid: it is not.

    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return _Reader(text).value(_IN_OBJECT)


class _Reader:
    """A text and how far it is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def value(self, bare: re.Pattern[str]) -> object:
        """The next value; a bare one is what `bare` matches."""
        found = self._next(_SPACES)
        if found in ("{", "["):
            self._depth += 1
            if self._depth > _MOST_DEEP:
                raise LenientInvalid("nested too deeply")
            self._at += 1
            value = self._object() if found == "{" else self._list()
            self._depth -= 1
            return value
        if found in _TEXT:
            return self._quoted(found)
        if found in ("", ":", "}", "]"):
            raise LenientInvalid(f"no value at {self._at}")
        return _bare_value(self._taken(bare))

    def _object(self) -> dict[str, object]:
        members: dict[str, object] = {}
        while (found := self._next(_USELESS)) != "}":
            if found in ("", ":", "]", "[", "{"):
                raise LenientInvalid(f"no name at {self._at}")
            name = self._quoted(found) if found in _TEXT else self._taken(_NAME)
            if self._next(_SPACES) != ":":
                raise LenientInvalid(f"no colon at {self._at}")
            self._at += 1
            members[name] = self.value(_IN_OBJECT)
            self._end("}")
        self._at += 1
        return members

    def _list(self) -> list[object]:
        items: list[object] = []
        while self._next(_USELESS) != "]":
            items.append(self.value(_IN_LIST))
            self._end("]")
        self._at += 1
        return items

    def _end(self, closing: str) -> None:
        """Behind a value is a comma, or the end of what it is in."""
        if self._next(_SPACES) not in (",", closing):
            raise LenientInvalid(f"neither a comma nor {closing} at {self._at}")

    def _quoted(self, quote: str) -> str:
        found = _TEXT[quote].match(self._text, self._at)
        if found is None or found[2] is None:
            raise LenientInvalid(f"a text at {self._at} has no end")
        self._at = found.end()
        return _ESCAPE.sub(_unescaped, found[1])

    def _next(self, skipped: re.Pattern[str]) -> str:
        """The next character that is not skipped, which is not taken; "" at the end."""
        found = skipped.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _taken(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise LenientInvalid(f"nothing at {self._at}")
        self._at = found.end()
        return found[0].strip(" \t\r\n")


def _bare_value(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    return float(text) if found[1] or found[2] else int(text)


def _unescaped(found: re.Match[str]) -> str:
    letter = found[1]
    return chr(int(letter[1:], 16)) if len(letter) > 1 else _ESCAPES.get(letter, letter)


def _refuse_constant(constant: str) -> object:
    raise ValueError(constant)  # `-Infinity` is a bare word
