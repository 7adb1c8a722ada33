from __future__ import annotations

import math

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.java_number import calculated, double_text, number_of
from gateline.templates.json_text import JsonNumber


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        (7, "/", 2, 3),
        (-7, "/", 2, -3),
        (7, "/", -2, -3),
        (-7, "%", 3, -1),
        (7, "%", -3, 1),
        (7, "/", 0, None),
        (7.5, "%", 0, None),
        (7.5, "%", 2, 1.5),
        (1, "+", 2.5, 3.5),
        (2**31, "*", 2**40, 2**71),
        (1e308, "*", 1e308, math.inf),
        (2**2000, "*", 1.0, math.inf),
    ],
)
def test_arithmetic_is_javas(left: float, operator: str, right: float, result: float | None) -> None:
    assert calculated(operator, left, right) == result


def test_integers_do_not_grow_for_ever() -> None:
    with pytest.raises(TemplateFailed, match="too large"):
        calculated("*", 2**3000, 2**3000)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-1.5, "-1.5"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (123456.75, "123456.75"),
        (1e7, "1.0E7"),
        (-12345678.5, "-1.23456785E7"),
        (1e300, "1.0E300"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_doubles_are_written_as_java_does(value: float, text: str) -> None:
    assert double_text(value) == text


def test_only_numbers_are_numbers() -> None:
    assert [number_of(value) for value in (1, 1.5, JsonNumber("1e3"), True, "1", None)] == [
        1, 1.5, 1000.0, None, None, None,
    ]  # fmt: skip
