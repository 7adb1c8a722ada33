from __future__ import annotations

import pytest

from gateline.templates.budget import TemplateFailed
from gateline.templates.expression import Expression
from gateline.templates.jsonpath_filter import COMPARISONS, Comparison, Conjunction, Constant, Negation, There
from gateline.templates.jsonpath_step import MISSING, Visit


@pytest.mark.parametrize(
    ("left", "operator", "right", "holds"),
    [
        (1, "==", 1.0, True),
        (1, "==", "1", False),
        (True, "==", 1, False),
        (MISSING, "==", None, False),
        (None, "==", None, True),
        (MISSING, "!=", 1, True),
        ("a", "<", "b", True),
        ("a", "<", 1, False),
        (2, ">=", 2, True),
        (1, "in", [1.0, 2], True),
        (1, "nin", [2], True),
        (1, "nin", 2, False),
        ("abc", "contains", "b", True),
        ([1, 2], "contains", 2, True),
        ([1, 2], "size", 2, True),
        ("", "empty", True, True),
        ([1], "empty", False, True),
        ([1], "subsetof", [1, 2], True),
        ([1, 3], "subsetof", [1, 2], False),
        ([1, 3], "anyof", [1, 2], True),
        ([3], "noneof", [1, 2], True),
        ("abc", "=~", Expression("a.c"), True),
        ("abcd", "=~", Expression("a.c"), False),
        (1, "=~", Expression("1"), False),
    ],
)
def test_comparisons(left: object, operator: str, right: object, holds: bool) -> None:
    assert COMPARISONS[operator](left, right) is holds


def test_conditions_are_combined() -> None:
    yes = Comparison(Constant(1), Constant(1), COMPARISONS["=="])
    no = Negation(yes)
    visit = Visit(None)
    assert Conjunction((yes, no), is_any=True).holds(None, visit)
    assert not Conjunction((yes, no), is_any=False).holds(None, visit)
    assert There(Constant(None)).holds(None, visit)
    assert not There(Constant(MISSING)).holds(None, visit)


def test_an_expression_that_would_not_end_fails() -> None:
    with pytest.raises(TemplateFailed, match="too long"):
        COMPARISONS["=~"]("a" * 5000 + "!", Expression("(a|aa)+$"))


LONG = list(range(3000))


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [
        (-1, "in", LONG),
        (-1, "nin", LONG),
        (LONG, "contains", -1),
        (LONG, "subsetof", LONG),
        (LONG, "anyof", [-1]),
        (LONG, "noneof", [-1]),
        (LONG, "==", LONG),
        ([LONG], "!=", [LONG]),
    ],
)
def test_a_comparison_costs_as_much_as_its_lists_are_long(left: object, operator: str, right: object) -> None:
    """Once it counted as one visit: a body of two lists had a thread work for hours."""
    comparison, visit = Comparison(Constant(left), Constant(right), COMPARISONS[operator]), Visit(None)
    with pytest.raises(TemplateFailed, match="too many"):
        any(comparison.holds(None, visit) is None for _ in range(1000))


def test_expressions_that_end_one_by_one_take_no_longer_together_than_they_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparison = Comparison(Constant("a"), Constant(Expression("a")), COMPARISONS["=~"])
    visit = Visit(None)
    assert comparison.holds(None, visit)
    monkeypatch.setattr("gateline.templates.jsonpath_step.time.thread_time", lambda: float("inf"))
    with pytest.raises(TemplateFailed, match="too long"):
        comparison.holds(None, visit)
