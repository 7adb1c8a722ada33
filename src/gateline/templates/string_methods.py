"""The methods of `java.lang.String` that templates use.

Characters are code points here; Java counts those beyond U+FFFF twice.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gateline.templates.budget import Meter, TemplateFailed
from gateline.templates.expression import Expression, ExpressionInvalid
from gateline.templates.java_text import JavaList
from gateline.templates.method import Method, Methods, text_argument, whole_argument

_SPACES: Final = "".join(map(chr, range(33)))
"""What `trim` takes away."""
_LONGEST_PATTERN: Final = 4096
_COMPARED_IN_A_STEP: Final = 1000
_HASH_MASK: Final = 0xFFFFFFFF


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Expression:
    return Expression(pattern)


def _expression(pattern: object) -> Expression:
    text = text_argument(pattern)
    if len(text) > _LONGEST_PATTERN:
        raise TemplateFailed("a regular expression is too long")
    try:
        return _compiled(text)
    except ExpressionInvalid as error:
        raise TemplateFailed("a regular expression cannot be read") from error


def _taken(meter: Meter, text: str) -> str:
    meter.take(len(text))
    return text


def _place(text: str, index: object) -> int:
    place = whole_argument(index)
    if not 0 <= place <= len(text):
        raise TemplateFailed("an index lies outside of its text")
    return place


def _substring(meter: Meter, text: str, first: object, last: object = None) -> object:
    start = _place(text, first)
    end = len(text) if last is None else _place(text, last)
    if end < start:
        raise TemplateFailed("an index lies outside of its text")
    return _taken(meter, text[start:end])


def _char_at(_: Meter, text: str, index: object) -> object:
    place = _place(text, index)
    if place == len(text):
        raise TemplateFailed("an index lies outside of its text")
    return text[place]


def _index_of(_: Meter, text: str, part: object, start: object = 0) -> object:
    return text.find(text_argument(part), max(0, whole_argument(start)))


def _last_index_of(meter: Meter, text: str, part: object) -> object:
    sought = text_argument(part)
    if len(sought) > 1:  # Python searches backwards by comparing at each place
        meter.spend(len(text) * len(sought) // _COMPARED_IN_A_STEP)
    return text.rfind(sought)


def _replace(meter: Meter, text: str, old: object, new: object) -> object:
    sought, put = text_argument(old), text_argument(new)
    meter.take(len(text) + (text.count(sought) if sought else len(text) + 1) * len(put))
    return text.replace(sought, put)


def _replaced(meter: Meter, text: str, pattern: object, replacement: object, count: int) -> str:
    put = text_argument(replacement)
    try:
        result = _expression(pattern).replace(text, put, longest=meter.room, count=count)
    except ExpressionInvalid as error:
        raise TemplateFailed("a replacement cannot be read") from error
    if result is None:
        raise TemplateFailed("a regular expression takes too long")
    meter.look()
    return _taken(meter, result)


def _replace_all(meter: Meter, text: str, pattern: object, replacement: object) -> object:
    return _replaced(meter, text, pattern, replacement, 0)


def _replace_first(meter: Meter, text: str, pattern: object, replacement: object) -> object:
    return _replaced(meter, text, pattern, replacement, 1)


def _split(meter: Meter, text: str, pattern: object, limit: object = 0) -> object:
    parts = _expression(pattern).split(text, whole_argument(limit))
    if parts is None:
        raise TemplateFailed("a regular expression takes too long")
    meter.look()
    meter.take(len(text))
    meter.spend(len(parts))
    return JavaList(parts)


def _matches(meter: Meter, text: str, pattern: object) -> object:
    fits = _expression(pattern).matches(text, longest=len(text))
    if fits is None:
        raise TemplateFailed("a regular expression takes too long")
    meter.look()
    return fits


def _concat(meter: Meter, text: str, other: object) -> object:
    end = text_argument(other)
    meter.take(len(text) + len(end))
    return text + end


def _hash_code(meter: Meter, text: str) -> object:
    meter.spend(len(text))
    code = 0
    for unit in text:
        code = (31 * code + ord(unit)) & _HASH_MASK
    return code - (1 << 32) if code >> 31 else code


def _compare_to(_: Meter, text: str, other: object) -> object:
    against = text_argument(other)
    for mine, its in zip(text, against, strict=False):
        if mine != its:
            return ord(mine) - ord(its)
    return len(text) - len(against)


METHODS: Final[Methods] = {
    "length": Method(lambda _, text: len(text)),
    "isEmpty": Method(lambda _, text: not text),
    "toString": Method(lambda _, text: text),
    "trim": Method(lambda meter, text: _taken(meter, text.strip(_SPACES))),
    "toLowerCase": Method(lambda meter, text: _taken(meter, text.lower())),
    "toUpperCase": Method(lambda meter, text: _taken(meter, text.upper())),
    "contains": Method(lambda _, text, part: text_argument(part) in text, 1, 1),
    "startsWith": Method(lambda _, text, part: text.startswith(text_argument(part)), 1, 1),
    "endsWith": Method(lambda _, text, part: text.endswith(text_argument(part)), 1, 1),
    "equals": Method(lambda _, text, other: text == ("" if other is None else other), 1, 1),
    "equalsIgnoreCase": Method(lambda _, text, other: text.lower() == text_argument(other).lower(), 1, 1),
    "compareTo": Method(_compare_to, 1, 1),
    "hashCode": Method(_hash_code),
    "substring": Method(_substring, 1, 2),
    "charAt": Method(_char_at, 1, 1),
    "indexOf": Method(_index_of, 1, 2),
    "lastIndexOf": Method(_last_index_of, 1, 1),
    "replace": Method(_replace, 2, 2),
    "replaceAll": Method(_replace_all, 2, 2),
    "replaceFirst": Method(_replace_first, 2, 2),
    "split": Method(_split, 1, 2),
    "matches": Method(_matches, 1, 1),
    "concat": Method(_concat, 1, 1),
}
