"""What commands of other processes do to a stack that runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gateline.errors import GatelineError

if TYPE_CHECKING:
    from gateline.runtime.cluster import Cluster


class Flushes(Protocol):
    """Forgets decisions: `gateline.runtime.serving.Serving` does."""

    async def flush(self, names: list[str] | None) -> tuple[str, ...]:
        """Forget, and say whose decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackCommands:
    """The commands of `control_api.Commands`. `told`: what there is to say of the stack as a whole."""

    serving: Flushes
    cluster: Cluster | None
    told: Callable[[], dict[str, Any]]

    async def flush(self, authorizers: list[str] | None) -> tuple[str, ...]:
        """Let nothing count any more that these authorizers have decided."""
        return await self.serving.flush(authorizers)

    def status(self) -> dict[str, Any]:
        """What runs."""
        return self.told()

    def services(self) -> list[dict[str, Any]]:
        """The services with their tasks."""
        return self.cluster.listing() if self.cluster else []

    def scale(self, service: str, count: int) -> dict[str, Any]:
        """Let so many tasks of a service run."""
        return self._running().scale(service, count)

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        """Replace all tasks of a service."""
        return await self._running().deploy(service, wait=wait)

    def _running(self) -> Cluster:
        if self.cluster is None:
            raise GatelineError("this gateway runs no services")
        return self.cluster
