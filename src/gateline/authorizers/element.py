"""Elements of an authorizer's answer: each is what it must be, or the answer is invalid.

The sentences go to the operator. They name the element and what was expected, and never repeat a value of the
context or a token; names of operators and keys are repeated, shortened and without control characters.
"""

from __future__ import annotations

import re
from typing import Final

SHOWN: Final = 64
"""Characters of a name that a sentence repeats."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class AnswerInvalid(Exception):
    """The answer is not one that API Gateway takes: the client gets a 500 and nothing is kept.

    `reason` is a sentence for the operator (api-gateway.md section 10.2).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def wrong(where: str, expected: str, found: object) -> AnswerInvalid:
    """The complaint that an element has another type; of the value only its type is told."""
    return AnswerInvalid(f"{where}: expected {expected}, found {kind(found)}")


def kind(value: object) -> str:
    """What JSON calls a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text" if value else "empty text"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "an object"


def quoted(text: str, most: int = SHOWN) -> str:
    """A name as a sentence may repeat it: `most` characters, none that controls a terminal."""
    shown = text if len(text) <= most else text[:most] + "…"
    return "'" + "".join(letter if letter.isprintable() else "?" for letter in shown) + "'"


def object_of(value: object, where: str) -> dict[str, object]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise wrong(where, "an object", value)
    return value


def text_of(value: object, where: str) -> str:
    """A text that has a UTF-8 form."""
    if not isinstance(value, str):
        raise wrong(where, "text", value)
    if not is_unicode(value):
        raise AnswerInvalid(f"{where}: a lone surrogate is not a character")
    return value


def is_unicode(text: str) -> bool:
    """Whether a text has a UTF-8 form: JSON can spell halves of characters."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def is_printable(text: str) -> bool:
    """Whether a text may stand in a header: no control characters but the tab (attacks.md E9)."""
    return _CONTROL.search(text) is None


def list_of(value: object, where: str) -> list[tuple[object, str]]:
    """One value or a list that is not empty: each value with its place."""
    if not isinstance(value, list):
        return [(value, where)]
    if not value:
        raise wrong(where, "a value or a list of values", value)
    return [(each, f"{where}[{index}]") for index, each in enumerate(value)]
