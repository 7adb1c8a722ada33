"""JSON as templates see it: numbers keep how they were written, objects keep their order, and Jackson's spelling."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Final, NoReturn

from gateline.templates.budget import Meter, TemplateFailed

_LONGEST_INTEGER: Final = 300
_PLAIN_FROM: Final = 1e-3
_PLAIN_TO: Final = 1e7
"""Between these, Java and Python write a double alike."""


class JsonInvalid(ValueError):
    """A text is no JSON; the message says nothing of it."""


class JsonNumber:
    """A number whose spelling says more than its value: `1e3`, `1.10`, or one of a thousand digits."""

    __slots__ = ("number", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.number = float(text)

    def __eq__(self, other: object) -> bool:
        return self.number == (other.number if isinstance(other, JsonNumber) else other)

    def __hash__(self) -> int:
        return hash(self.number)


def _float(text: str) -> float | JsonNumber:
    value = float(text)
    is_plain = value == 0.0 or _PLAIN_FROM <= abs(value) < _PLAIN_TO
    return value if is_plain and repr(value) == text else JsonNumber(text)


def _int(text: str) -> int | JsonNumber:
    return int(text) if len(text) < _LONGEST_INTEGER and text != "-0" else JsonNumber(text)


def _constant(text: str) -> NoReturn:
    raise JsonInvalid(f"{text} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_float=_float, parse_int=_int, parse_constant=_constant)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_QUOTE: Final = json.JSONEncoder(ensure_ascii=False).encode


def read(text: str) -> object:
    """The value of a JSON text: dict, list, str, int, float, `JsonNumber`, bool or None.

    Raises:
        JsonInvalid: it is none, or nested too deeply.

    """
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise JsonInvalid("the text is no JSON") from error


def write(value: object, meter: Meter) -> str:
    """The compact JSON text of a value.

    Raises:
        TemplateFailed: the text would be longer than the meter has room for, or the value holds itself.

    """
    if not meter.tangled:
        try:
            text = _ENCODER.encode(value)
        except (TypeError, ValueError):
            pass  # a number that keeps its spelling, or what is no JSON
        else:
            meter.take(len(text))
            return text
    try:
        return "".join(_pieces(value, meter))
    except RecursionError as error:
        raise TemplateFailed("a value is nested too deeply") from error


def _pieces(value: object, meter: Meter) -> Iterator[str]:
    meter.spend()
    if isinstance(value, dict):
        opener = "{"
        for key, item in value.items():
            yield opener + _quoted(str(key), meter) + ":"
            yield from _pieces(item, meter)
            opener = ","
        yield "{}" if opener == "{" else "}"
    elif isinstance(value, list):
        opener = "["
        for item in value:
            yield opener
            yield from _pieces(item, meter)
            opener = ","
        yield "[]" if opener == "[" else "]"
    else:
        yield _scalar(value, meter)


def _scalar(value: object, meter: Meter) -> str:
    if isinstance(value, JsonNumber):
        meter.take(len(value.text))
        return value.text
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return _quoted(str(value), meter)


def _quoted(text: str, meter: Meter) -> str:
    quoted = _QUOTE(text)
    meter.take(len(quoted))
    return quoted
