"""Which paths a balancer's rules and its targets would read differently."""

from __future__ import annotations

import pytest

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


def test_more_comparisons_than_are_worth_making_are_no_agreement() -> None:
    assert is_torn(("*?a" * 30 + "*",) * 50, "/" + "a" * 100 + "%61")  # else all of them fit, and it is not
