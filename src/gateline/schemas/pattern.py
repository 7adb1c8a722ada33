r"""ECMA 262 regular expressions, as `pattern`, `patternProperties` and `format: regex` of a model hold them.

They run on `regex`, which breaks off when it is told to. Where its syntax means something else than ECMA's (`$` before
a line break, `.`, `{e}`, `[[:alpha:]]`, `\Z`), the expression is rewritten; what ECMA does not know (inline flags,
possessive quantifiers, atomic groups) is invalid, as it is at Amazon.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_PATTERN: Final = 10_000

_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{\d{1,5}(?:,\d{0,5})?\})")
_GROUP: Final = re.compile(r"\(\?(?:[:=!]|<[=!]|<[A-Za-z_]\w*>)")
_CODE: Final = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[1-9][0-9]*)")
_NAMED: Final = re.compile(r"\\k<([A-Za-z_]\w*)>")
_CONTROL: Final = re.compile(r"\\c([A-Za-z])")
_SPACE: Final = r"\s\xa0\ufeff\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_OUTSIDE: Final = {
    **{letter: f"\\{letter}" for letter in "bBdDwWfnrtv"},
    "s": f"[{_SPACE}]",
    "S": f"[^{_SPACE}]",
    "0": r"\x00",
}
_IN_CLASS: Final = {**_OUTSIDE, "b": r"\x08", "B": "B", "s": _SPACE, "S": r"\S"}
_PLAIN: Final = {"$": r"\Z", ".": r"[^\n\r\u2028\u2029]", "{": r"\{", "}": r"\}", "]": r"\]"}


class PatternInvalid(ValueError):
    """No regular expression of ECMA 262; the message says why."""


class TooLong(Exception):
    """A judgement that took all the time that it has."""


class Pattern:
    """One expression, ready to match.

    Raises:
        PatternInvalid: it is none.

    """

    def __init__(self, source: str) -> None:
        if len(source) > LONGEST_PATTERN:
            raise PatternInvalid(f"it is longer than {LONGEST_PATTERN} characters")
        # Only now: the library takes 3 MB, and few projects have a pattern.
        import regex  # noqa: PLC0415

        try:
            self._compiled = regex.compile(_Rewriting(source).text, regex.VERSION0 | regex.ASCII)
        except (regex.error, OverflowError, RecursionError) as error:
            raise PatternInvalid(str(error)) from None

    def found(self, text: str, seconds: float) -> bool:
        """Whether it matches somewhere in the text.

        Raises:
            TooLong: that is not known after so many seconds.

        """
        try:
            return self._compiled.search(text, timeout=seconds) is not None
        except (TimeoutError, MemoryError):
            raise TooLong from None


class _Rewriting:
    """One pass over an expression."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._parts: list[str] = []
        while self._at < len(source):
            self._parts.append(self._next())
        self.text = "".join(self._parts)

    def _next(self) -> str:
        quantifier = _QUANTIFIER.match(self._source, self._at)
        if quantifier is not None:
            return self._quantifier(quantifier.end())
        match self._source[self._at]:
            case "\\":
                return self._escape(_OUTSIDE)
            case "[":
                return self._class()
            case "(":
                return self._group()
            case character:
                self._at += 1
                return _PLAIN.get(character, character)

    def _quantifier(self, end: int) -> str:
        begin, self._at = self._at, end
        if self._source.startswith("?", end):
            self._at += 1
        if _QUANTIFIER.match(self._source, self._at):
            raise PatternInvalid(f"nothing to repeat at position {self._at}")
        return self._source[begin : self._at]

    def _group(self) -> str:
        if not self._source.startswith("(?", self._at):
            self._at += 1
            return "("
        opened = _GROUP.match(self._source, self._at)
        if opened is None:
            raise PatternInvalid(f"no group of ECMA 262 at position {self._at}")
        self._at = opened.end()
        return opened[0]

    def _escape(self, known: dict[str, str]) -> str:
        """What a backslash and what follows it stand for."""
        for form in (_CODE, _NAMED, _CONTROL):
            found = form.match(self._source, self._at)
            if found is None or (form is not _CODE and known is _IN_CLASS):
                continue
            self._at = found.end()
            if form is _NAMED:
                return f"(?P={found[1]})"
            return f"\\x{ord(found[1]) % 32:02x}" if form is _CONTROL else found[0]
        if self._at + 1 == len(self._source):
            raise PatternInvalid("a backslash at the end")
        character = self._source[self._at + 1]
        self._at += 2
        return known.get(character) or re.escape(character)

    def _class(self) -> str:
        """A set of characters: what would open a set inside of it, or join two, is a character of it."""
        self._at += 1
        negated = "^" if self._source.startswith("^", self._at) else ""
        self._at += len(negated)
        if self._source.startswith("]", self._at):
            self._at += 1
            return r"[\s\S]" if negated else "(?!)"
        parts = [f"[{negated}"]
        while self._at < len(self._source):
            character = self._source[self._at]
            if character == "]":
                self._at += 1
                return "".join(parts) + "]"
            if character == "\\":
                parts.append(self._escape(_IN_CLASS))
                continue
            self._at += 1
            parts.append(f"\\{character}" if character in "[&|~^" else character)
        raise PatternInvalid("a set of characters without an end")
