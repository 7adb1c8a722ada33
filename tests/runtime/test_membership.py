from __future__ import annotations

from datetime import timedelta

from gateline.model.target_group import Registration
from gateline.runtime.membership import Membership

DELAY = timedelta(seconds=30)


def targets(*addresses: str) -> list[Registration]:
    return [Registration("orders", each, 80) for each in addresses]


def shown(members: Membership) -> list[str]:
    """Addresses of targets, and of those that drain with the time until which they do."""
    draining = [f"{each.address} until {until:g}" for each, until in members.leaving.items() if each.draining]
    return [*(each.address for each in members.registered), *draining]


def test_who_is_named_no_more_drains_from_then_on_for_the_delay() -> None:
    members = Membership()
    assert members.take(targets("a", "b"), now=0, delay=DELAY)
    assert members.take(targets("b"), now=10, delay=DELAY)
    assert shown(members) == ["b", "a until 40"]
    assert not members.take(targets("b"), now=39, delay=DELAY)
    assert shown(members) == ["b", "a until 40"]
    assert not members.take(targets("b"), now=40, delay=DELAY)
    assert shown(members) == ["b"]


def test_a_shorter_delay_counts_for_who_leaves_after_it() -> None:
    members = Membership()
    members.take(targets("a", "b"), now=0, delay=DELAY)
    members.take(targets("b"), now=0, delay=DELAY)
    members.take(targets(), now=0, delay=timedelta(seconds=1))
    assert shown(members) == ["a until 30", "b until 1"]


def test_who_is_back_does_not_drain() -> None:
    members = Membership()
    for named in (("a",), (), ("a",)):
        members.take(targets(*named), now=0, delay=DELAY)
    assert shown(members) == ["a"]


def test_another_weight_is_a_change_and_no_end() -> None:
    members = Membership()
    members.take(targets("a"), now=0, delay=DELAY)
    assert members.take([Registration("orders", "a", 80, weight=3)], now=0, delay=DELAY)
    assert shown(members) == ["a"]


def test_without_a_delay_who_leaves_is_gone() -> None:
    members = Membership()
    members.take(targets("a"), now=0, delay=timedelta(0))
    members.take(targets(), now=0, delay=timedelta(0))
    assert shown(members) == []
