"""DNS asked directly: what the system's own name service does not tell is how long an answer holds.

The servers, the search list and the timeouts are those of /etc/resolv.conf, read again when it changes.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateline.discovery.resolv_conf import NameServer, ResolvConf, read_resolv_conf

PATIENCE: Final = 5.0
"""Seconds for an answer, whoever of the servers gives it."""

LEAST_PATIENCE: Final = 0.5
"""Seconds for each server, however many there are."""

MOST_ADDRESSES: Final = 1000
RESOLV_CONF: Final = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True)
class Found:
    """Addresses of a host, and for how many seconds they hold."""

    addresses: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A record of type SRV (RFC 2782)."""

    target: str
    port: int
    priority: int
    weight: int


class NoSuchName(OSError):
    """The name is not there, or has nothing of that kind; so said by those who must know, for so many seconds."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"{name} is not in the DNS")
        self.seconds = seconds


class NameServers:
    """Asks name servers.

    Args:
        resolv_conf: where the system's servers and search list stand.

    """

    def __init__(self, resolv_conf: Path = RESOLV_CONF) -> None:
        self._resolv_conf = resolv_conf
        self._servers: tuple[NameServer, ...] = ()

    @property
    def is_chosen(self) -> bool:
        """Whether the servers are others than the system's."""
        return bool(self._servers)

    def use(self, servers: Sequence[NameServer]) -> None:
        """Ask these servers from now on; none: those of the system."""
        self._servers = tuple(servers)

    async def addresses(self, host: str) -> Found:
        """The IPv4 addresses of a host, or its IPv6 addresses if there are none.

        Raises:
            NoSuchName: there are neither.
            OSError: nobody says.

        """
        seconds = 0.0
        for kind in ("A", "AAAA"):
            try:
                records, seconds = await self._ask(host, kind)
            except NoSuchName as problem:
                seconds = problem.seconds
                continue
            return Found(tuple(str(record.address) for record in records[:MOST_ADDRESSES]), seconds)
        raise NoSuchName(host, seconds)

    async def services(self, name: str) -> tuple[tuple[ServiceRecord, ...], float]:
        """The SRV records of a name, and for how many seconds they hold.

        Raises:
            NoSuchName: there are none.
            OSError: nobody says.

        """
        records, seconds = await self._ask(name, "SRV")
        found = (
            ServiceRecord(each.target.to_text(omit_final_dot=True), each.port, each.priority, each.weight)
            for each in records[:MOST_ADDRESSES]
        )
        # A single record with the target "." says that the service is decidedly not there.
        return tuple(each for each in found if each.target not in {"", "."}), seconds

    async def _ask(self, name: str, kind: str) -> tuple[list[Any], float]:
        """The records of a name, under the first of its full names that has some."""
        told = await asyncio.to_thread(self._read)
        # On a thread: the first import takes a tenth of a second.
        ask = await asyncio.to_thread(importlib.import_module, "gateline.discovery.dns_question")
        try:
            async with asyncio.timeout(PATIENCE):
                missing = NoSuchName(name, 0)
                for full in told.names(name):
                    try:
                        found: tuple[list[Any], float] = await self._answer(ask, told, full, kind)
                    except NoSuchName as problem:
                        missing = NoSuchName(name, problem.seconds)
                        continue
                    return found
        except TimeoutError:
            raise OSError("no name server answers") from None
        raise missing

    async def _answer(self, ask: Any, told: ResolvConf, name: str, kind: str) -> tuple[list[Any], float]:  # noqa: ANN401 - a module
        """What the first server says that says something."""
        problem = OSError("no name server is known")
        each_gets = max(
            LEAST_PATIENCE, min(told.timeout, PATIENCE / (len(told.servers) * told.attempts or 1))
        )
        for server in told.servers * told.attempts:
            try:
                async with asyncio.timeout(each_gets):
                    records, seconds = await ask.records(server, name, kind)
            except TimeoutError:
                problem = OSError("no name server answers")
            except OSError as said:
                problem = OSError(said.strerror or str(said))
            else:
                if records:
                    return records, seconds
                raise NoSuchName(name, seconds)
        raise problem

    def _read(self) -> ResolvConf:
        try:
            told = read_resolv_conf(self._resolv_conf.read_text(errors="replace"))
        except OSError:
            told = ResolvConf()
        if not self._servers:
            return told
        return ResolvConf(
            servers=self._servers,
            search=told.search,
            ndots=told.ndots,
            timeout=told.timeout,
            attempts=told.attempts,
        )
