"""Broken versions are rolled out while clients send requests, and go back by themselves."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from harness.busy_callers import BusyCallers

from .conftest import HALF_TOKEN, Shop, request
from .test_changes import eventually, ids

CALLERS = 2

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("services")]


def roll_back(shop: Shop, service: str, good: str, broken: str) -> dict[str, Any]:
    """Roll a broken version out; the service once the good one is back, with its file as it was."""
    before = shop.service(service)["deployments"][0]["number"]
    shop.edit(good, broken)
    shop.until(service, lambda told: told["deployments"][0]["rolls_back"] == before + 1)
    after = shop.until_steady(service)
    shop.edit(broken, good)
    return after


@pytest.mark.parametrize("broken", ["exits", "ill", "crashes"])
def test_a_broken_version_goes_back_by_itself_and_no_request_fails(shop: Shop, broken: str) -> None:
    before = shop.until_steady("release")
    with BusyCallers(shop.gateway.port, request("/release"), count=CALLERS) as callers:
        after = roll_back(shop, "release", "VERSION: good", f"VERSION: {broken}")
        callers.go_on_for(20)
    assert set(callers.answers) == {200}, callers.answers
    assert callers.refused == 0
    assert ids(after) == ids(before), "who served on is who serves"
    primary, failed = after["deployments"]
    assert (primary["status"], primary["rollout_state"]) == ("PRIMARY", "COMPLETED")
    assert (failed["status"], failed["rollout_state"], failed["failed_tasks"]) == ("INACTIVE", "FAILED", 2)
    assert "2 failed in a row" in failed["rollout_state_reason"]


def test_a_version_that_crashes_while_it_serves_costs_what_it_was_answering_and_goes_back(
    shop: Shop,
) -> None:
    before = shop.until_steady("release")
    with BusyCallers(shop.gateway.port, request("/release"), count=CALLERS) as callers:
        after = roll_back(shop, "release", "VERSION: good", "VERSION: falls")
        callers.go_on_for(20)
    lost = callers.answers.total() - callers.answers[200]
    assert lost <= 2 * CALLERS, callers.answers
    assert ids(after) == ids(before)


def test_control_may_be_killed_in_a_deployment_that_fails_and_in_its_rollback(shop: Shop) -> None:
    [kept, _] = ids(shop.until_steady("half"))
    broken, good = (shop.folder / f"waits-for-{which}" for which in ("broken", "good"))
    broken.touch()
    good.touch()

    def primary() -> tuple[int, str]:
        told = shop.service("half")["deployments"][0]
        return told["number"], told["rollout_state"]

    with BusyCallers(shop.gateway.port, request("/half"), count=CALLERS) as callers:
        shop.edit("VERSION: waits-for-good", "VERSION: waits-for-broken")
        shop.until("half", lambda told: told["deployments"][0]["pending"] == 1)
        os.kill(shop.control, signal.SIGKILL)
        assert eventually(lambda: primary() == (2, "IN_PROGRESS"))
        broken.unlink()
        assert eventually(lambda: primary() == (3, "IN_PROGRESS"))
        assert shop.service("half")["deployments"][0]["rolls_back"] == 2
        os.kill(shop.control, signal.SIGKILL)
        assert eventually(lambda: primary() == (3, "IN_PROGRESS"))
        good.unlink()
        assert eventually(lambda: shop.service("half")["steady"])
        callers.go_on_for(20)
    assert set(callers.answers) == {200}, callers.answers
    after = shop.until_steady("half")
    assert kept in ids(after)
    environ = shop.told("/half")["environ"]
    assert (environ["VERSION"], environ["TOKEN"]) == ("waits-for-good", HALF_TOKEN)
    assert [each["rollout_state"] for each in after["deployments"]] == ["COMPLETED", "FAILED"]
    for path in shop.gateway.state.rglob("*"):
        assert not path.is_file() or HALF_TOKEN.encode() not in path.read_bytes(), path
    assert HALF_TOKEN not in shop.gateway.output.text
    shop.edit("VERSION: waits-for-broken", "VERSION: waits-for-good")


def test_a_better_version_is_taken_after_a_broken_one(shop: Shop) -> None:
    before = shop.until_steady("release")
    with BusyCallers(shop.gateway.port, request("/release"), count=CALLERS) as callers:
        shop.edit("VERSION: good", "VERSION: exits")
        shop.until("release", lambda told: told["deployments"][0]["rolls_back"] is not None)
        shop.edit("VERSION: exits", "VERSION: better")
        shop.until("release", lambda told: set(ids(told)).isdisjoint(ids(before)))
    assert shop.until_steady("release")["deployments"][0]["rolls_back"] is None
    assert shop.told("/release")["environ"]["VERSION"] == "better"
    assert set(callers.answers) == {200}, callers.answers
    shop.edit("VERSION: better", "VERSION: good")
