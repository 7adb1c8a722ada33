"""Names of upstream hosts to addresses, looked up again and again; only changes are told.

An answer that nothing may go to (link-local, cloud metadata, ...) is dropped here too: a name that was
harmless when the definition was read may point elsewhere later (`attacks.md` F4). When a lookup fails, the
last answer serves on.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateline.model.address import IpAddress, forbidden_reason, parse_ip

REFRESH_SECONDS: Final = 10.0
MOST_AT_ONCE: Final = 16

NameService = Callable[[str], Awaitable[Sequence[str]]]
"""Asks for a host's addresses; raises OSError when there is no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a lookup: usable addresses, and why others were dropped or none came."""

    addresses: tuple[str, ...]
    complaint: str = ""


async def ask_system(host: str) -> Sequence[str]:
    """The system's own name service, on a thread that nobody waits for at the end.

    `getaddrinfo` cannot be interrupted, and an executor's threads are joined when Python ends: a name server
    that does not answer would hold up Ctrl-C.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[list[str]] = loop.create_future()

    def deliver(addresses: list[str], error: OSError | None) -> None:
        if answered.done():
            return
        if error:
            answered.set_exception(error)
        else:
            answered.set_result(addresses)

    def look_up() -> None:
        addresses: list[str] = []
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = [str(entry[4][0]) for entry in found]
        except OSError as error:
            failure = error
        except UnicodeError:
            failure = OSError("not a host name")
        try:
            loop.call_soon_threadsafe(deliver, addresses, failure)
        except RuntimeError:
            return  # the loop is closed: nobody asks any more

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await answered


def judge(host: str, addresses: Iterable[str]) -> Answer:
    """Sort out what may be used: forbidden addresses never, IPv6 only where there is no IPv4.

    Names of this machine's loopback keep both families, because which of them a development server opens is
    its own choice. The order is by family and number, so that a name server's round robin is no change.
    """
    usable: set[IpAddress] = set()
    dropped: list[str] = []
    for text in addresses:
        parsed = parse_ip(text)
        reason = "not an address" if parsed is None else forbidden_reason(text)
        if reason or parsed is None:
            dropped.append(f"{text} ({reason})")
        else:
            usable.add(parsed)
    four = {address for address in usable if isinstance(address, ipaddress.IPv4Address)}
    chosen = four if four and not all(address.is_loopback for address in usable) else usable
    ordered = tuple(str(address) for address in sorted(chosen, key=lambda found: (found.version, int(found))))
    if dropped:
        return Answer(ordered, f"{host}: dropped {', '.join(sorted(set(dropped)))}")
    return Answer(ordered, "" if ordered else f"{host} has no address")


class Resolver:
    """Keeps the addresses of a set of hosts. `run` does the work; a slow answer holds up its own host."""

    def __init__(
        self,
        *,
        on_change: Callable[[], None],
        on_complaint: Callable[[str], None],
        ask: NameService = ask_system,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ask = ask
        self._pause = pause
        self._on_change = on_change
        self._on_complaint = on_complaint
        self._hosts: frozenset[str] = frozenset()
        self._wanted: dict[str, frozenset[str]] = {}  # by who wants them
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._complaints: dict[str, str] = {}
        self._asking: set[str] = set()
        self._asked: set[str] = set()  # at least once, with or without an answer
        self._new_hosts = asyncio.Event()
        self._progress = asyncio.Condition()
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    @property
    def addresses(self) -> Mapping[str, tuple[str, ...]]:
        """What every host resolves to now; a host without an answer is missing."""
        return self._addresses

    def want(self, hosts: Iterable[str], *, by: str = "") -> None:
        """Look after exactly these hosts from now on, and those that others want; new ones are asked for at once."""
        self._wanted[by] = frozenset(hosts)
        self._hosts = frozenset().union(*self._wanted.values())
        for known in (self._addresses, self._complaints):
            for host in known.keys() - self._hosts:
                del known[host]
        self._asked &= self._hosts
        if self._hosts - self._asked:
            self._new_hosts.set()

    async def settled(self) -> None:
        """Wait until every host that is wanted was asked for at least once."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._hosts <= self._asked)

    async def run(self) -> None:
        """Ask for new hosts at once and for all of them again and again, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(tasks))
            while True:
                await self._new_hosts.wait()
                self._new_hosts.clear()
                self._begin(self._hosts - self._asked, tasks)

    async def _repeat(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._pause(REFRESH_SECONDS)
            self._begin(self._hosts, tasks)

    def _begin(self, hosts: Iterable[str], tasks: asyncio.TaskGroup) -> None:
        for host in sorted(frozenset(hosts) - self._asking):
            self._asking.add(host)
            tasks.create_task(self._look_up(host))

    async def _look_up(self, host: str) -> None:
        async with self._turns:
            try:
                answer = judge(host, await self._ask(host))
            except OSError as error:
                answer = Answer((), f"cannot resolve {host}: {error.strerror or error}")
        self._asking.discard(host)
        if host in self._hosts:  # else the configuration changed meanwhile
            self._take(host, answer)
        async with self._progress:
            self._progress.notify_all()

    def _take(self, host: str, answer: Answer) -> None:
        self._asked.add(host)
        if answer.complaint and answer.complaint != self._complaints.get(host):
            self._on_complaint(answer.complaint)
        self._complaints[host] = answer.complaint
        if answer.addresses and answer.addresses != self._addresses.get(host):
            self._addresses[host] = answer.addresses
            self._on_change()
