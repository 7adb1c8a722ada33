from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.jsonpath_step import Descend, Every, Name, Names, Places, Slice, Step, Visit, reached


@pytest.mark.parametrize(
    ("step", "value", "found"),
    [
        (Name("a"), {"a": None}, [None]),
        (Name("a"), ["a"], []),
        (Names(("b", "a", "c"), is_last=True), {"a": 1, "b": 2}, [{"b": 2, "a": 1}]),
        (Names(("b", "a"), is_last=False), {"a": 1, "b": 2}, [2, 1]),
        (Names(("b",), is_last=True), [], []),
        (Places((0, -1, 5)), [1, 2], [1, 2]),
        (Places((0,)), {"0": 1}, []),
        (Slice(1, None), [1, 2, 3], [2, 3]),
        (Slice(None, -1), [1, 2, 3], [1, 2]),
        (Slice(0, 1), "ab", []),
        (Every(), {"a": 1, "b": [2]}, [1, [2]]),
        (Every(), 1, []),
        (Descend(), {"a": [1]}, [{"a": [1]}, [1], 1]),
    ],
)
def test_steps(step: Step, value: object, found: list[object]) -> None:
    assert list(step.values(value, Visit(value))) == found


def test_steps_follow_each_other() -> None:
    value = {"a": [{"b": 1}, {"c": 2}, {"b": 3}]}
    assert list(reached((Name("a"), Every(), Name("b")), value, Visit(value))) == [1, 3]


def test_visits_are_counted() -> None:
    visit = Visit(None)
    visit.count(1_000_000)
    with pytest.raises(TemplateFailed, match="too many"):
        visit.count()
