from __future__ import annotations

import asyncio

import pytest

from gateline.errors import GatelineError
from gateline.runtime.commands import StackCommands


class Flushed:
    """As much of what serves as a flush needs."""

    async def flush(self, names: list[str] | None) -> tuple[str, ...]:
        return tuple(names or ["all"])


def commands() -> StackCommands:
    return StackCommands(serving=Flushed(), cluster=None, told=lambda: {"pids": {}})


def test_flushes_and_status_are_those_of_the_stack() -> None:
    assert asyncio.run(commands().flush(["a"])) == ("a",)
    assert commands().status() == {"pids": {}}


def test_a_stack_that_runs_no_services_lists_none_and_scales_and_deploys_none() -> None:
    assert commands().services() == []
    with pytest.raises(GatelineError, match="runs no services"):
        commands().scale("orders", 1)
    with pytest.raises(GatelineError, match="runs no services"):
        asyncio.run(commands().deploy("orders", wait=False))
