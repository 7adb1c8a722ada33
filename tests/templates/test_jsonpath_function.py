from __future__ import annotations

import pytest

from gateline.templates.jsonpath_function import FUNCTIONS
from gateline.templates.jsonpath_step import MISSING


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("length", [1, 2], 2),
        ("length", {"a": 1}, 1),
        ("size", "abc", 3),
        ("length", 1, MISSING),
        ("keys", {"a": 1, "b": 2}, ["a", "b"]),
        ("keys", [], MISSING),
        ("first", [1, 2], 1),
        ("last", [1, 2], 2),
        ("first", [], MISSING),
        ("concat", ["a", 1, "b"], "ab"),
        ("concat", 1, MISSING),
        ("min", [3, "x", 1.5], 1.5),
        ("max", [3, 1], 3.0),
        ("sum", [1, 2], 3.0),
        ("avg", [1, 2], 1.5),
        ("stddev", [2, 4], 1.0),
        ("sum", [], MISSING),
        ("sum", {"a": 1}, MISSING),
        ("sum", [10**400], MISSING),
    ],
)
def test_functions(name: str, value: object, result: object) -> None:
    assert FUNCTIONS[name](value) == result
