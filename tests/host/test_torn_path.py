"""Which paths a balancer's rules and its targets would read differently."""

from __future__ import annotations

import pytest

from gateline.expressions.automaton import automaton
from gateline.host.torn_path import is_torn

PATTERNS = ("/admin/*", "/orders/?")


@pytest.mark.parametrize(
    ("target", "torn"),
    [
        ("/orders/1", False),
        ("/admin/x?y=%2F", False),
        ("/orders%2F1", True),  # decoded it fits a rule that it does not fit as it stands
        ("/%61dmin/x", True),
        ("//admin/x", True),
        ("/orders;x/1", True),
        ("/elsewhere/%20x", False),
        ("/a;b//%2541" * 600, True),  # more than is worth looking at
    ],
)
def test_paths_whose_readings_fit_different_rules_are_torn(target: str, torn: bool) -> None:
    assert is_torn(PATTERNS, target) is torn


@pytest.mark.parametrize(
    ("target", "torn"),
    [("/v1/x", False), ("/v1%2Fx", True), ("/%761/x", True), ("/w%31/x", False), ("/v12//x", True)],
)
def test_readings_must_fit_the_same_expressions(target: str, torn: bool) -> None:
    assert is_torn((automaton("^/v[0-9]+/[a-z]+$").table(),), target) is torn


def test_an_expression_without_a_table_leaves_paths_of_one_reading_only() -> None:
    table = automaton("^/(?:a|b)*a(?:a|b){12}$").table()
    assert not is_torn((table,), "/x")
    assert is_torn((table,), "/x%20y")


def test_more_comparisons_than_are_worth_making_are_no_agreement() -> None:
    assert is_torn(("*?a" * 30 + "*",) * 50, "/" + "a" * 100 + "%61")  # else all of them fit, and it is not
