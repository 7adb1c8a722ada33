"""Names of upstream hosts to addresses, looked up again when an answer is over; only changes are told.

An answer that nothing may go to (link-local, cloud metadata, ...) is dropped here too: a name that was
harmless when the definition was read may point elsewhere later (`attacks.md` F4). When a lookup fails, the
last answer serves on.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from gateline.discovery.name_server import Found, NoSuchName
from gateline.model.address import IpAddress, forbidden_reason, parse_ip

REFRESH_SECONDS: Final = 10.0
"""After which a host is asked for again whose answer tells no time to live, or of which there was no answer."""

LEAST_SECONDS: Final = 1.0
"""How long an answer holds at least; Consul says 0."""

TOGETHER_SECONDS: Final = 0.5
"""Hosts whose answers are over so soon after another's are asked for with it."""

MOST_AT_ONCE: Final = 16

NameService = Callable[[str], Awaitable[Sequence[str] | Found]]
"""Asks for a host's addresses; raises OSError when there is no answer, and NoSuchName when there is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a lookup: usable addresses, and why others were dropped or none came."""

    addresses: tuple[str, ...]
    complaint: str = ""


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
        ask: NameService,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ask = ask
        self._pause = pause
        self._on_change = on_change
        self._on_complaint = on_complaint
        self._hosts: frozenset[str] = frozenset()
        self._wanted: dict[str, frozenset[str]] = {}  # by who wants them
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._denied: set[str] = set()
        self._complaints: dict[str, str] = {}
        self._over: dict[str, float] = {}  # when the answers are, by the loop's clock
        self._has_answer = asyncio.Event()
        self._asking: set[str] = set()
        self._asked: set[str] = set()  # at least once, with or without an answer
        self._new_hosts = asyncio.Event()
        self._progress = asyncio.Condition()
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    @property
    def addresses(self) -> Mapping[str, tuple[str, ...]]:
        """What every host resolves to now; a host without an answer is missing."""
        return self._addresses

    @property
    def denied(self) -> AbstractSet[str]:
        """The hosts of which it is certain that they have no address now; `addresses` still tells what they had."""
        return self._denied

    @property
    def asked(self) -> AbstractSet[str]:
        """The hosts that were asked for at least once, whatever became of it."""
        return self._asked

    def want(self, hosts: Iterable[str], *, by: str = "") -> None:
        """Look after exactly these hosts from now on, and those that others want; new ones are asked for at once."""
        self._wanted[by] = frozenset(hosts)
        self._hosts = frozenset().union(*self._wanted.values())
        self._denied &= self._hosts
        for known in (self._addresses, self._complaints, self._over):
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
        """Ask again for those whose answers are over."""
        while True:
            self._has_answer.clear()
            if not self._over:
                await self._has_answer.wait()
                continue
            first = min(self._over.values())
            if await self._paused(first - asyncio.get_running_loop().time()):
                together = {host for host, over in self._over.items() if over <= first + TOGETHER_SECONDS}
                self._begin(together, tasks)

    async def _paused(self, seconds: float) -> bool:
        """Whether so much time has passed; False: another answer has come, which may be over sooner."""
        pausing = asyncio.ensure_future(self._pause(max(0.0, seconds)))
        another = asyncio.ensure_future(self._has_answer.wait())
        try:
            await asyncio.wait((pausing, another), return_when=asyncio.FIRST_COMPLETED)
            return pausing.done()
        finally:
            pausing.cancel()
            another.cancel()

    def _begin(self, hosts: Iterable[str], tasks: asyncio.TaskGroup) -> None:
        for host in sorted(frozenset(hosts) - self._asking):
            self._asking.add(host)
            self._over.pop(host, None)
            tasks.create_task(self._look_up(host))

    async def _look_up(self, host: str) -> None:
        seconds = REFRESH_SECONDS
        is_denied = False
        async with self._turns:
            try:
                found = await self._ask(host)
                answer = judge(host, found.addresses if isinstance(found, Found) else found)
                seconds = found.seconds if isinstance(found, Found) else seconds
            except NoSuchName as problem:
                answer = Answer((), f"cannot resolve {host}: {problem}")
                seconds, is_denied = problem.seconds, True
            except OSError as error:
                answer = Answer((), f"cannot resolve {host}: {error.strerror or error}")
        self._asking.discard(host)
        if host in self._hosts:  # else the configuration changed meanwhile
            self._over[host] = asyncio.get_running_loop().time() + max(seconds, LEAST_SECONDS)
            self._has_answer.set()
            self._take(host, answer, is_denied=is_denied)
        async with self._progress:
            self._progress.notify_all()

    def _take(self, host: str, answer: Answer, *, is_denied: bool) -> None:
        is_first = host not in self._asked
        self._asked.add(host)
        if answer.complaint and answer.complaint != self._complaints.get(host):
            self._on_complaint(answer.complaint)
        self._complaints[host] = answer.complaint
        is_news = is_first or (is_denied and host not in self._denied)
        if is_denied:
            self._denied.add(host)
        elif answer.addresses:
            is_news |= answer.addresses != self._addresses.get(host) or host in self._denied
            self._addresses[host] = answer.addresses
            self._denied.discard(host)
        if is_news:
            self._on_change()
