"""What commands of other processes do to a stack that runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gateline.errors import GatelineError
from gateline.runtime.ready import Running


class Flushes(Protocol):
    """Forgets decisions: `gateline.runtime.serving.Serving` does."""

    async def flush(self, names: list[str] | None) -> tuple[str, ...]:
        """Forget, and say whose decisions."""


class Services(Protocol):
    """Runs services: `gateline.runtime.cluster.Cluster` does."""

    def listing(self) -> list[dict[str, Any]]:
        """What there is to know of all services."""

    def scale(self, service: str, count: int) -> dict[str, Any]:
        """Let so many tasks run."""

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        """Replace all tasks."""


Desk = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Shows and changes one kind of thing: of API keys `gateline.runtime.key_commands.KeyCommands` does."""

Lists = Callable[[], Awaitable[dict[str, Any]]]
"""Tells what could be reached: `gateline.runtime.inventory.Inventory` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackCommands:
    """The commands of `control_api.Commands`.

    `running` tells what runs; `desks`, by what is asked for ("keys"), show and change what the state directory holds.
    """

    serving: Flushes
    cluster: Services
    running: Callable[[], Running]
    desks: Mapping[str, Desk]
    inventory_command: Lists

    async def flush(self, authorizers: list[str] | None) -> tuple[str, ...]:
        """Let nothing count any more that these authorizers have decided."""
        return await self.serving.flush(authorizers)

    def status(self) -> dict[str, Any]:
        """What runs."""
        return self.running().told()

    def services(self) -> list[dict[str, Any]]:
        """The services with their tasks."""
        return self.cluster.listing()

    def scale(self, service: str, count: int) -> dict[str, Any]:
        """Let so many tasks of a service run."""
        return self.cluster.scale(service, count)

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        """Replace all tasks of a service."""
        return await self.cluster.deploy(service, wait=wait)

    async def at_desk(self, desk: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Show or change what one desk is for.

        Raises:
            GatelineError: there is no such desk, or it cannot do that.

        """
        if desk not in self.desks:
            raise GatelineError("no such request")
        return await self.desks[desk](asked)

    async def inventory(self) -> dict[str, Any]:
        """Everything that somebody could try to reach."""
        return {**self.status(), **await self.inventory_command()}
