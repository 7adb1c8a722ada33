"""The methods of Java's numbers and booleans, with what templates call on `$number` for want of classes."""

from __future__ import annotations

import re
from typing import Final

from gateline.templates.budget import Meter, TemplateFailed
from gateline.templates.equality import equal
from gateline.templates.java_number import number_of
from gateline.templates.java_text import text_of
from gateline.templates.json_text import JsonNumber
from gateline.templates.method import Method, Methods, Unsuitable

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,40}")
_DOUBLE: Final = re.compile(r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,9})?")


def _whole(_: Meter, value: object) -> object:
    number = number_of(value)
    if isinstance(number, float) and number not in {float("inf"), float("-inf")} and number == number:  # noqa: PLR0124 - not a number
        return int(number)
    return number if isinstance(number, int) else 0


def _double(_: Meter, value: object) -> object:
    number = number_of(value)
    if number is None:
        raise Unsuitable
    try:
        return float(number)
    except OverflowError as error:
        raise TemplateFailed("a number of the template is too large") from error


def _parse_whole(_: Meter, __: object, text: object) -> object:
    if not isinstance(text, str) or _WHOLE.fullmatch(text) is None:
        raise TemplateFailed("a text is no integer")
    return int(text)


def _parse_double(_: Meter, __: object, text: object) -> object:
    if not isinstance(text, str) or _DOUBLE.fullmatch(text.strip()) is None:
        raise TemplateFailed("a text is no number")
    return float(text)


def _value_of(meter: Meter, value: object, given: object) -> object:
    if not isinstance(given, str):
        return given
    reads = _parse_double if isinstance(value, float | JsonNumber) else _parse_whole
    return reads(meter, value, given)


def _text(meter: Meter, value: object, other: object = None) -> object:
    return text_of(value if other is None else other, meter)


def _compare_to(_: Meter, value: object, other: object) -> object:
    left, right = number_of(value), number_of(other)
    if left is None or right is None:
        raise Unsuitable
    return (left > right) - (left < right)


def _equals(meter: Meter, value: object, other: object) -> object:
    return equal(value, other, meter) if type(value) is type(other) else False


METHODS: Final[Methods] = {
    "intValue": Method(_whole),
    "longValue": Method(_whole),
    "doubleValue": Method(_double),
    "floatValue": Method(_double),
    "toString": Method(_text, 0, 1),
    "equals": Method(_equals, 1, 1),
    "compareTo": Method(_compare_to, 1, 1),
    "parseInt": Method(_parse_whole, 1, 1),
    "parseLong": Method(_parse_whole, 1, 1),
    "parseDouble": Method(_parse_double, 1, 1),
    "parseFloat": Method(_parse_double, 1, 1),
    "valueOf": Method(_value_of, 1, 1),
}

BOOLEAN_METHODS: Final[Methods] = {
    "toString": Method(_text),
    "booleanValue": Method(lambda _, value: value),
    "equals": Method(_equals, 1, 1),
    "parseBoolean": Method(lambda _, __, text: isinstance(text, str) and text.lower() == "true", 1, 1),
}
