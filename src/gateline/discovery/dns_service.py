"""SRV records (RFC 2782): which hosts and ports a service has, with weights and priorities."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, Protocol

from gateline.discovery.name_server import NoSuchName, ServiceRecord
from gateline.discovery.source import Targets
from gateline.errors import SourceSilent
from gateline.model.discovery import DiscoveredTarget

LEAST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 10.0
"""Between two questions, whatever time to live DNS tells; see `runtime/name_service.py`."""


class Services(Protocol):
    """Knows SRV records: `name_server.NameServers` does."""

    async def services(self, name: str) -> tuple[tuple[ServiceRecord, ...], float]:
        """The records of a name, and for how many seconds they hold."""


class DnsServiceRecords:
    """The targets that a name's SRV records tell. Their hosts are resolved by whoever is told.

    Args:
        servers: whom to ask.
        name: of the records, such as _http._tcp.orders.internal.
        pause: waits for so many seconds.

    """

    def __init__(
        self, servers: Services, name: str, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._servers = servers
        self._name = name
        self._pause = pause

    async def answers(self) -> AsyncGenerator[Targets, None]:
        """What the records say, asked for again when they are over.

        Raises:
            SourceSilent: no server answers. That there are no records is an answer: nobody is a target.

        """
        while True:
            try:
                records, seconds = await self._servers.services(self._name)
            except NoSuchName as problem:
                records, seconds = (), problem.seconds
            except OSError as problem:
                message = f"cannot resolve {self._name}: {problem}"
                raise SourceSilent(message) from None
            yield tuple(_target(each) for each in records if each.port)
            await self._pause(min(max(seconds, LEAST_SECONDS), MOST_SECONDS))


def _target(record: ServiceRecord) -> DiscoveredTarget:
    """A record of weight 0 is to be asked seldom, and Envoy's smallest weight is 1."""
    return DiscoveredTarget(
        host=record.target.lower(), port=record.port, weight=max(1, record.weight), priority=record.priority
    )
