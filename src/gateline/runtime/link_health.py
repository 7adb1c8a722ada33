"""Which nodes of tunnels are connected, and since when, as the gateway's Envoy sees them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from gateline.compile import names
from gateline.model.tunnel import EnrolledNode

LOOK_EVERY: Final = 1.0
_GAUGES: Final = r"worker_\d+\.node\.|^cluster\.tunnel/.*\.upstream_cx_active$"
_WAITING: Final = re.compile(r"worker_\d+\.node\.(.+)")


@dataclass(frozen=True, slots=True)
class Presence:
    """A node that is connected."""

    connections: int
    since: datetime


Connected = Mapping[str, Presence]
"""The nodes that are connected, by their DNS names."""


class HasGauges(Protocol):
    """Tells of gauges: `gateline.runtime.admin.Admin` does."""

    async def gauges(self, names: str) -> Mapping[str, int]:
        """Those with such names."""


class LinkHealth:
    """Looks again and again, while there are nodes that could be connected.

    Args:
        admin: Envoy's.
        nodes: those that may dial in.
        tell: told who comes and who goes.

    """

    def __init__(
        self,
        admin: HasGauges,
        nodes: Callable[[], Iterable[EnrolledNode]],
        tell: Callable[[str], None],
    ) -> None:
        self._admin = admin
        self._nodes = nodes
        self._tell = tell
        self._connected: dict[str, Presence] = {}

    def connected(self) -> Connected:
        """The nodes that were connected when it was looked last."""
        return dict(self._connected)

    async def watch(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Look once."""
        nodes = {node.dns_name: node for node in self._nodes()}
        found: Mapping[str, int] = {}
        if nodes:
            try:
                found = counted(await self._admin.gauges(_GAUGES), nodes.values())
            except OSError:  # Envoy is away, and with it every connection
                found = {}
        before, now = self._connected, datetime.now(UTC)
        self._connected = {
            name: Presence(found[name], before[name].since if name in before else now)
            for name in nodes
            if found.get(name)
        }
        for name, node in nodes.items():
            if (name in before) is not (name in self._connected):
                how = "connected" if name in self._connected else "not connected any more"
                self._tell(f"the node {node.node} of the tunnel {node.tunnel} is {how}")


def counted(gauges: Mapping[str, int], nodes: Iterable[EnrolledNode]) -> dict[str, int]:
    """The connections of each node, those of all workers together: those that wait, and those in use."""
    total = {
        node.dns_name: gauges.get(
            f"cluster.{names.tunnel_node(node.tunnel, node.node)}.upstream_cx_active", 0
        )
        for node in nodes
    }
    for name, value in gauges.items():
        if (match := _WAITING.search(name)) and match[1] in total:
            total[match[1]] += value
    return total
