"""What a JSONPath may end with: `.length()`, `.sum()` and their kin."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from gateline.templates.java_number import number_of
from gateline.templates.jsonpath_step import MISSING

_Numbers = list[float]


def _length(value: object) -> object:
    return len(value) if isinstance(value, list | dict | str) else MISSING


def _keys(value: object) -> object:
    return list(value) if isinstance(value, dict) else MISSING


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else MISSING


def _last(value: object) -> object:
    return value[-1] if isinstance(value, list) and value else MISSING


def _concat(value: object) -> object:
    if not isinstance(value, list):
        return MISSING
    return "".join(item for item in value if isinstance(item, str))


def _deviation(numbers: _Numbers) -> float:
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((number - mean) ** 2 for number in numbers) / len(numbers))


def _of_numbers(calculated: Callable[[_Numbers], float]) -> Callable[[object], object]:
    def applied(value: object) -> object:
        found = [number_of(item) for item in value] if isinstance(value, list) else []
        try:
            numbers = [float(number) for number in found if number is not None]
            return calculated(numbers) if numbers else MISSING
        except OverflowError:
            return MISSING

    return applied


FUNCTIONS: Final[Mapping[str, Callable[[object], object]]] = {
    "length": _length,
    "size": _length,
    "keys": _keys,
    "first": _first,
    "last": _last,
    "concat": _concat,
    "min": _of_numbers(min),
    "max": _of_numbers(max),
    "sum": _of_numbers(math.fsum),
    "avg": _of_numbers(lambda numbers: math.fsum(numbers) / len(numbers)),
    "stddev": _of_numbers(_deviation),
}
"""Numbers come out as doubles, as Jayway has them."""
