"""Targets that were discovered: what all sources say, joined, put before Envoy, and drained when no one names them.

Static targets that an edit takes out, or whose name has another address now, drain alike.

A source that does not answer changes nothing: what it said last counts, also for a control that comes after this one.
Names among the targets are looked up like all others (`resolver.py`), and addresses that nothing may go to are dropped.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateline.compile.endpoint import are_one_host
from gateline.discovery.source import Targets
from gateline.model.address import parse_ip
from gateline.model.discovery import DiscoveredTarget, Source
from gateline.model.target_group import Registration, TargetGroup
from gateline.runtime.membership import Membership
from gateline.runtime.notice import Notify, TargetsTold
from gateline.runtime.processes import Processes
from gateline.runtime.resolver import Resolver, judge

FIRST_ANSWERS_SECONDS: Final = 2.0
"""How long a configuration waits for the targets of its groups; who answers later is taken in later."""

MOST_NAMED: Final = 3
"""Targets that a sentence names; the others are counted."""

_BY: Final = "discovery"

Follow = Callable[[Source, Callable[[Targets], None], Callable[[str], None]], Coroutine[Any, Any, None]]
"""Asks a source for ever, and tells its answers, or why there is none."""


@dataclass(slots=True, eq=False)
class _Group:
    """A target group that asks somebody."""

    group: TargetGroup
    source: Source
    asking: asyncio.Task[None]
    targets: Targets = ()
    trouble: str = ""
    has_answered: bool = False
    members: Membership = field(default_factory=Membership)


class Discovery:
    """The targets of all groups that ask somebody.

    Args:
        register: puts registrations before Envoy (`Delivery.register`).
        resolver: looks up names among the targets.
        follow: asks a source.
        processes: remembers what was said for a control after this one.
        tasks: the sources are asked in it.
        notify: hears what changes, and what is wrong.

    """

    def __init__(
        self,
        *,
        register: Callable[[tuple[Registration, ...]], Awaitable[None]],
        resolver: Resolver,
        follow: Follow,
        processes: Processes,
        tasks: asyncio.TaskGroup,
        notify: Notify,
    ) -> None:
        self._register = register
        self._resolver = resolver
        self._follow = follow
        self._processes = processes
        self._tasks = tasks
        self._notify = notify
        self._groups: dict[str, _Group] = {}
        self._static: dict[str, tuple[TargetGroup, Membership]] = {}
        self._published: tuple[Registration, ...] = ()
        self._changed = asyncio.Event()
        self._answered = asyncio.Event()  # somebody has, or was silent

    def want(self, groups: Iterable[TargetGroup]) -> None:
        """Ask for the targets of these groups from now on, and of no others.

        Of one name the latter counts, and the static targets that both have: one that comes back drains until the
        configuration has it, so that it is there all the time.
        """
        named: dict[str, TargetGroup] = {}
        static: dict[str, TargetGroup] = {}
        for group in groups:
            named[group.name] = group
            static[group.name] = _with_targets_of(static.get(group.name, group), group)
        kept = {name: members for name, (_, members) in self._static.items()}
        self._static = {name: (group, kept.get(name, Membership())) for name, group in static.items()}
        wanted = {name: group for name, group in named.items() if group.discover is not None}
        for name in self._groups.keys() - wanted.keys():
            self._groups.pop(name).asking.cancel()
        for name, group in wanted.items():
            assert group.discover is not None
            known = self._groups.get(name)
            if known is None:
                known = self._begin(group, group.discover)
                self._groups[name] = known
                self._recall(known)
            elif known.source != group.discover:
                known.asking.cancel()
                begun = self._begin(group, group.discover)
                begun.targets, begun.members = known.targets, known.members
                self._groups[name] = begun
            known = self._groups[name]
            known.group = group
        self._changed.set()

    async def settled(self) -> None:
        """Wait until every source has answered once or was silent, but not for long; then all is before Envoy."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_ANSWERS_SECONDS):
                while not all(each.has_answered for each in self._groups.values()):
                    self._answered.clear()
                    await self._answered.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_ANSWERS_SECONDS):
                self._want_names()
                await self._resolver.settled()
        await self.publish()

    async def run(self) -> None:
        """Publish what changes, for ever; when this ends, nobody is asked any more."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._until_someone_is_gone()):
                        await self._changed.wait()
                await self.publish()
        finally:
            self.want(())

    async def publish(self) -> None:
        """Put the targets of now before Envoy, if they are others than before."""
        self._changed.clear()
        self._want_names()
        now = asyncio.get_running_loop().time()
        found = (
            *(each for group in self._groups.values() for each in self._registrations(group, now)),
            *(each for group, members in self._static.values() for each in self._left(group, members, now)),
        )
        if found != self._published:
            self._published = found
            await self._register(found)

    def registered(self) -> tuple[Registration, ...]:
        """All targets that are named now."""
        return tuple(each for known in self._groups.values() for each in known.members.registered)

    def _begin(self, group: TargetGroup, source: Source) -> _Group:
        name = group.name
        asking = self._tasks.create_task(
            self._follow(
                source,
                lambda targets: self._hear(name, source, targets),
                lambda why: self._miss(name, source, why),
            )
        )
        return _Group(group, source, asking)

    def _hear(self, name: str, source: Source, targets: Targets) -> None:
        known = self._groups.get(name)
        if known is None or known.source != source:
            return  # it was asked for a configuration that serves no more
        if known.trouble:
            self._notify(TargetsTold(name, f"all is well again; there was trouble: {known.trouble}"))
        if targets != known.targets or not known.has_answered:
            self._processes.remember(_key(name), _kept(source, targets))
        known.targets, known.trouble, known.has_answered = targets, "", True
        self._progress()

    def _miss(self, name: str, source: Source, why: str) -> None:
        known = self._groups.get(name)
        if known is None or known.source != source:
            return
        if why != known.trouble:
            count = len(known.members.registered)
            rest = f"the {_counted(count)} known serve on" if count else "no target is known"
            self._notify(TargetsTold(name, f"{why}; {rest}", trouble=True))
        known.trouble, known.has_answered = why, True
        self._progress()

    def _progress(self) -> None:
        self._changed.set()
        self._answered.set()

    def _recall(self, known: _Group) -> None:
        """Begin with what a former control was told."""
        with suppress(ValueError, KeyError, TypeError):  # one of another version, say
            told = json.loads(self._processes.recall(_key(known.group.name)) or "null")
            if told["source"] == repr(known.source):
                known.targets = tuple(DiscoveredTarget(**each) for each in told["targets"])

    def _want_names(self) -> None:
        targets = (target for known in self._groups.values() for target in known.targets)
        self._resolver.want({each.host for each in targets if parse_ip(each.host) is None}, by=_BY)

    def _registrations(self, known: _Group, now: float) -> Iterator[Registration]:
        """The targets of a group, and those that drain."""
        members = known.members
        before = members.registered.keys()
        if members.take(self._registered_now(known), now=now, delay=known.group.deregistration_delay):
            told = _change(before, members.registered.keys())
            self._notify(TargetsTold(known.group.name, told))
        yield from members.registered
        yield from members.leaving

    def _left(self, group: TargetGroup, members: Membership, now: float) -> Iterable[Registration]:
        """The static targets that drain; the others stand in the configuration (`compile/endpoint.py`)."""
        members.take(self._configured(group), now=now, delay=group.deregistration_delay)
        return members.leaving

    def _configured(self, group: TargetGroup) -> Iterator[Registration]:
        for target in group.targets:
            if not target.tunnel:  # what a tunnel leads to has no address
                addresses = self._resolver.addresses.get(target.host, ())
                for address in addresses[:1] if are_one_host(addresses) else addresses:
                    port = group.health_check.port or 0
                    yield Registration(group.name, address, target.port, health_port=port)

    def _registered_now(self, known: _Group) -> list[Registration]:
        """The targets of a group, and the former ones while names that may replace them are not looked up yet."""
        found = list(self._registered(known))
        if self._are_awaited(known.targets, any_at_all=bool(found)):
            places = {(each.address, each.port) for each in found}
            found += (each for each in known.members.registered if (each.address, each.port) not in places)
        return found

    def _registered(self, known: _Group) -> Iterator[Registration]:
        taken: set[tuple[str, int]] = set()
        for target in sorted(known.targets, key=lambda each: (each.priority, each.host, each.port)):
            for address in self._addresses(target.host):
                if (address, target.port) not in taken:
                    taken.add((address, target.port))
                    yield Registration(
                        known.group.name,
                        address,
                        target.port,
                        health_port=known.group.health_check.port or 0,
                        weight=target.weight,
                        priority=target.priority,
                    )

    def _addresses(self, host: str) -> tuple[str, ...]:
        """What is certain to have no address now has none here: the targets of a name may be nobody."""
        if parse_ip(host) is None:
            return () if host in self._resolver.denied else self._resolver.addresses.get(host, ())
        return judge(host, (host,)).addresses

    def _are_awaited(self, targets: Targets, *, any_at_all: bool) -> bool:
        """Whether former targets stay: a name was not asked for yet, or the only ones left have no answer."""
        known, denied = self._resolver.addresses, self._resolver.denied
        hosts = {each.host for each in targets if parse_ip(each.host) is None}
        silent = {host for host in hosts if host not in known and host not in denied}
        return bool(silent if not any_at_all else silent - self._resolver.asked)

    def _until_someone_is_gone(self) -> float | None:
        members = (
            *(known.members for known in self._groups.values()),
            *(each for _, each in self._static.values()),
        )
        due = [until for each in members for until in each.leaving.values()]
        return max(0.0, min(due) - asyncio.get_running_loop().time()) if due else None


def _with_targets_of(other: TargetGroup, group: TargetGroup) -> TargetGroup:
    """A group with those of its static targets that the other one has too."""
    places = {(target.host, target.port) for target in other.targets}
    return replace(group, targets=tuple(each for each in group.targets if (each.host, each.port) in places))


def _shown(registration: Registration) -> str:
    address, port = registration.address, registration.port
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _counted(count: int) -> str:
    return f"{count} target{'' if count == 1 else 's'}"


def _change(before: Iterable[Registration], now: Iterable[Registration]) -> str:
    """What is new, in a sentence."""
    was, is_now = {_shown(each) for each in before}, {_shown(each) for each in now}
    told = [f"{_some(sorted(is_now - was))} came"] if is_now - was else []
    told += [f"{_some(sorted(was - is_now))} left"] if was - is_now else []
    return ", ".join([_counted(len(is_now)), *(told or ["with other weights"])])


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _key(group: str) -> str:
    return f"discovery/{group}"


def _kept(source: Source, targets: Targets) -> str:
    listed = [
        {"host": each.host, "port": each.port, "weight": each.weight, "priority": each.priority}
        for each in targets
    ]
    return json.dumps({"source": repr(source), "targets": listed})
