from __future__ import annotations

from gateline.sources.suggestion import did_you_mean


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("ordres", {"orders": 1, "cart": 2}) == "did you mean 'orders'?"


def test_nothing_is_suggested_that_does_not_come_near() -> None:
    assert did_you_mean("x", ["orders"]) == ""
    assert did_you_mean("orders", []) == ""
