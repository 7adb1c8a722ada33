"""Edits of the project file, and the end of control: what becomes of tasks that run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateline.errors import GatelineError
from harness.busy_callers import BusyCallers

from .conftest import Shop, request

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("services")]


def ids(service: dict[str, Any]) -> list[str]:
    return [task["id"] for task in service["tasks"]]


def eventually(fact: Callable[[], bool]) -> bool:
    """Whether it becomes so, also while control is away."""
    for _ in range(20_000):
        try:
            if fact():
                return True
        except GatelineError:
            continue
    return False


def test_a_task_that_never_gets_well_does_not_replace_the_old_ones(shop: Shop) -> None:
    [old] = ids(shop.until_steady("shipping"))
    with BusyCallers(shop.gateway.port, request("/shipping"), count=2) as callers:
        shop.edit('HEALTH: "200"', 'HEALTH: "503"')
        shop.until("shipping", lambda service: len(service["tasks"]) == 2)
        assert shop.gateway.output.wait_for("shipping/" + str(int(old) + 1))
        callers.go_on_for(50)
        assert old in ids(shop.service("shipping"))
        assert shop.service("shipping")["rollout_state"] == "IN_PROGRESS"
        shop.edit('HEALTH: "503"', 'HEALTH: "200"')
        assert ids(shop.until_steady("shipping")) == [old]
    assert set(callers.answers) == {200}, callers.answers


def test_a_changed_definition_is_rolled_out_and_one_that_says_the_same_is_not(shop: Shop) -> None:
    before = shop.until_steady("basket")
    other = ids(shop.until_steady("orders"))
    with BusyCallers(shop.gateway.port, request("/basket"), count=2) as callers:
        shop.edit("FLAVOUR: sweet", "FLAVOUR: sour")
        shop.until("basket", lambda service: not set(ids(service)) & set(ids(before)))
    after = shop.until_steady("basket")
    assert set(callers.answers) == {200}, callers.answers
    assert shop.told("/basket")["environ"]["FLAVOUR"] == "sour"
    assert {task["revision"] for task in after["tasks"]}.isdisjoint(
        {task["revision"] for task in before["tasks"]}
    )
    assert ids(shop.service("orders")) == other
    shop.edit("FLAVOUR: sour", "FLAVOUR: sweet")
    shop.until("basket", lambda service: not set(ids(service)) & set(ids(after)))


def test_a_service_that_is_taken_out_ends_and_one_that_comes_back_starts(shop: Shop) -> None:
    text = "  mail:\n    command: [python, -S, service_program.py]\n"
    [worker] = shop.until_steady("mail")["tasks"]
    shop.edit(text, "")
    assert eventually(lambda: "mail" not in shop.names())
    with pytest.raises(ProcessLookupError):
        os.kill(worker["pid"], 0)
    shop.edit("services:\n", "services:\n" + text)
    assert eventually(lambda: "mail" in shop.names())
    assert ids(shop.until_steady("mail")) == [str(int(worker["id"]) + 1)]


def test_tasks_and_their_number_outlive_control(shop: Shop) -> None:
    shop.scale("orders", 3)
    before = shop.until_steady("orders")
    with BusyCallers(shop.gateway.port, request("/orders"), count=2) as callers:
        os.kill(shop.control, signal.SIGKILL)
        callers.go_on_for(20)
        assert eventually(lambda: shop.service("orders")["steady"])
        callers.go_on_for(20)
    after = shop.until_steady("orders")
    assert set(callers.answers) == {200}, callers.answers
    assert [(task["id"], task["pid"], task["since"]) for task in after["tasks"]] == [
        (task["id"], task["pid"], task["since"]) for task in before["tasks"]
    ]
    shop.deploy("orders")
    shop.scale("orders", 2)
    assert min(map(int, ids(shop.until_steady("orders")))) > max(map(int, ids(before)))


def test_a_deployment_goes_on_after_the_end_of_control_and_waits_for_requests_that_are_held(
    shop: Shop,
) -> None:
    before = shop.until_steady("orders")
    release, output, printed = shop.folder / "release", shop.gateway.output, shop.gateway.output.count
    with (
        ThreadPoolExecutor() as elsewhere,
        BusyCallers(shop.gateway.port, request("/orders"), count=2) as callers,
    ):
        held = elsewhere.submit(shop.held)
        line = output.wait_for("holding a request", after=printed)
        holding = line.partition(" ")[0].partition("/")[2]
        shop.deploy("orders", wait=False)
        os.kill(shop.control, signal.SIGKILL)
        assert eventually(lambda: set(ids(shop.service("orders"))) - set(ids(before)) != set())
        assert eventually(lambda: shop.service("orders")["steady"])
        assert eventually(lambda: len(ids(shop.service("orders"))) == 3)
        callers.go_on_for(20)
        left = {task["id"]: task["health"] for task in shop.service("orders")["tasks"]}
        assert left.get(holding) == "draining"
        release.touch()
        told = held.result(30)
    after = shop.until_steady("orders")
    release.unlink()
    assert set(callers.answers) == {200}, callers.answers
    assert set(ids(after)).isdisjoint(ids(before))
    assert told["pid"] in [task["pid"] for task in before["tasks"]]
