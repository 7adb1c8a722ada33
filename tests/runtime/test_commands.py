from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.runtime.commands import StackCommands
from gateline.runtime.ready import Running


class Flushed:
    """As much of what serves as a flush needs."""

    async def flush(self, names: list[str] | None) -> tuple[str, ...]:
        return tuple(names or ["all"])


class Cluster:
    """As much of a cluster as commands need."""

    def listing(self) -> list[dict[str, Any]]:
        return [{"name": "orders"}]

    def scale(self, service: str, count: int) -> dict[str, Any]:
        return {"name": service, "desired": count}

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        return {"name": service, "waited": wait}


async def keys(asked: dict[str, Any]) -> dict[str, Any]:
    return {"keys": [asked["action"]]}


async def inventory() -> dict[str, Any]:
    return {"tasks": []}


COMMANDS = StackCommands(
    serving=Flushed(),
    cluster=Cluster(),
    running=lambda: Running(pids={"gateline": 1}, degraded=("orders",)),
    desks={"keys": keys},
    inventory_command=inventory,
)


def test_flushes_and_status_are_those_of_the_stack() -> None:
    assert asyncio.run(COMMANDS.flush(["a"])) == ("a",)
    assert COMMANDS.status() == {"pids": {"gateline": 1}, "degraded": ["orders"]}


def test_services_are_those_of_the_cluster() -> None:
    assert COMMANDS.services() == [{"name": "orders"}]
    assert COMMANDS.scale("orders", 3) == {"name": "orders", "desired": 3}
    assert asyncio.run(COMMANDS.deploy("orders", wait=True)) == {"name": "orders", "waited": True}


def test_what_the_state_directory_holds_is_shown_and_changed_at_a_desk_of_its_own() -> None:
    assert asyncio.run(COMMANDS.at_desk("keys", {"action": "list"})) == {"keys": ["list"]}
    with pytest.raises(GatelineError, match="no such request"):
        asyncio.run(COMMANDS.at_desk("tables", {"action": "list"}))


def test_the_inventory_tells_what_runs_as_well() -> None:
    told = asyncio.run(COMMANDS.inventory())
    assert told == {"pids": {"gateline": 1}, "degraded": ["orders"], "tasks": []}
