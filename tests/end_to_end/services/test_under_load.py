"""Tasks come and go while clients send requests."""

from __future__ import annotations

import os
import signal

import pytest

from harness.busy_callers import BusyCallers

from .conftest import Shop, request

CALLERS = 4
REPLACEMENTS = 20
SCALE_CHANGES = 50
KILLS = 3

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("services")]


def test_twenty_rolling_replacements_fail_no_request(shop: Shop) -> None:
    before = shop.until_steady("orders")
    with BusyCallers(shop.gateway.port, request("/orders"), count=CALLERS) as callers:
        for _ in range(REPLACEMENTS):
            shop.deploy("orders")
            callers.go_on_for(1)
    assert set(callers.answers) == {200}, callers.answers
    assert callers.refused == 0
    after = shop.until_steady("orders")
    assert len(after["tasks"]) == len(before["tasks"]) == 2
    assert int(after["tasks"][0]["id"]) > int(before["tasks"][-1]["id"]) + 2 * (REPLACEMENTS - 1)


def test_fifty_scale_changes_fail_no_request(shop: Shop) -> None:
    counts = [(1, 3, 2, 4, 1)[change % 5] for change in range(SCALE_CHANGES)]
    with BusyCallers(shop.gateway.port, request("/orders"), count=CALLERS) as callers:
        for count in counts:
            shop.scale("orders", count)
            shop.until("orders", lambda service: service["steady"])
            callers.go_on_for(1)
        shop.scale("orders", 2)
        shop.until_steady("orders")
    assert set(callers.answers) == {200}, callers.answers
    assert callers.refused == 0


def test_tasks_that_are_killed_lose_at_most_the_requests_they_were_answering(shop: Shop) -> None:
    shop.until_steady("orders")
    with BusyCallers(shop.gateway.port, request("/orders"), count=CALLERS) as callers:
        for _ in range(KILLS):
            callers.go_on_for(20)
            victim = shop.until_steady("orders")["tasks"][0]
            os.kill(victim["pid"], signal.SIGKILL)
            shop.until_gone("orders", victim["id"])
            shop.until_steady("orders")
            callers.go_on_for(20)
    lost = callers.answers.total() - callers.answers[200]
    assert lost <= KILLS * CALLERS, callers.answers
    assert set(callers.answers) <= {200, 502}, callers.answers
