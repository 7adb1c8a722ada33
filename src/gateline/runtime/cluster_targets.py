"""The targets that tasks are: put into their target groups, watched there through Envoy's eyes, and drained.

A task that is new or draining is looked at quickly, all others now and then: Envoy's answer costs its main thread a
little for every target.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from gateline.model.target_group import Registration
from gateline.runtime.target_health import CLUSTERS, View, read_view

QUICKLY: Final = 0.05
LESS_QUICKLY: Final = 0.25
SLOWLY: Final = 1.5
"""Seconds between two looks: soon after a change, while one still waits for its outcome, and otherwise."""

SOON: Final = 5.0
"""Seconds after a change."""

QUIET_LOOKS: Final = 2
"""So many looks in a row must find no request: Envoy's workers hear of a change one after another."""

GONE: Final = (FileNotFoundError, ConnectionRefusedError)


@dataclass(slots=True, eq=False)
class _Target:
    """A registered task.

    `published`: Envoy was told of it as it stands here. `quiet`: looks in a row without a request. `told`: what its
    owner heard last, and when.
    """

    registration: Registration
    on_seen: Callable[[bool], None]
    on_drained: Callable[[], None]
    published: bool = False
    was_well: bool = False
    told: tuple[bool | None, float] = (None, 0.0)
    quiet: int = 0
    drained: bool = False

    @property
    def is_settled(self) -> bool:
        return self.drained if self.registration.draining else self.was_well


class Targets:
    """All registered tasks of all services, by task name.

    Args:
        register: puts registrations before Envoy; returns when it has taken them.
        ask: Envoy's `/clusters` as JSON, of clusters with such names.

    """

    def __init__(
        self,
        register: Callable[[tuple[Registration, ...]], Awaitable[None]],
        ask: Callable[[str], Awaitable[bytes]],
    ) -> None:
        self._register = register
        self._ask = ask
        self._targets: dict[str, _Target] = {}
        self._used: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._hurry = asyncio.Event()
        self._is_envoy_gone = False
        self._changed_at = 0.0

    def use(self, groups: Collection[str]) -> None:
        """Say which target groups have a cluster: of tasks in others nobody asks whether they are well."""
        self._used = frozenset(groups)
        self._hurry.set()

    def add(
        self,
        task: str,
        registration: Registration,
        *,
        on_seen: Callable[[bool], None],
        on_drained: Callable[[], None],
    ) -> None:
        """Register a task; one that is draining already goes on with it."""
        self._targets[task] = _Target(registration, on_seen, on_drained)
        self._changed.set()

    def drain(self, task: str) -> None:
        """Let a task get no new requests; `on_drained` is called when none is in flight, also the second time."""
        target = self._targets[task]
        target.registration = replace(target.registration, draining=True)
        target.published, target.drained, target.quiet = False, False, 0
        self._changed.set()

    def remove(self, task: str) -> None:
        """Take a task out of its group at once."""
        if self._targets.pop(task, None):
            self._changed.set()

    def envoy_is_gone(self) -> None:
        """Nobody sends requests any more: who drains is drained."""
        self._is_envoy_gone = True
        self._changed.set()

    async def publish(self) -> None:
        """Put the tasks of now before Envoy."""
        self._changed.clear()
        told = [(target, target.registration) for target in self._targets.values()]
        if not self._is_envoy_gone:
            await self._register(tuple(registration for _, registration in told))
        for target, registration in told:
            if target.registration is registration:
                target.published = True
        self._changed_at = asyncio.get_running_loop().time()
        self._hurry.set()

    async def run(self) -> None:
        """Publish what changes, and watch, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            while True:
                await self._changed.wait()
                await self.publish()

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._hurry.wait()
            self._hurry.clear()
            if self._targets:
                await self._look()

    def _pause(self) -> float:
        if all(target.is_settled for target in self._targets.values()):
            return SLOWLY
        is_soon = asyncio.get_running_loop().time() < self._changed_at + SOON
        return QUICKLY if is_soon else LESS_QUICKLY

    async def _look(self) -> None:
        """Look once, and report. Only of what was published before the look one knows what it says."""
        told = [(task, each, each.registration) for task, each in self._targets.items() if each.published]
        is_asked = any(registration.target_group in self._used for _, _, registration in told)
        try:
            view = read_view(await self._ask(CLUSTERS)) if is_asked and not self._is_envoy_gone else View()
        except GONE:
            view = View()
        except (OSError, ValueError):  # slow, or half an answer
            return
        for task, target, registration in told:
            if self._targets.get(task) is target and target.registration is registration:
                self._report(target, view)

    def _report(self, target: _Target, view: View) -> None:
        registration = target.registration
        is_used = registration.target_group in self._used and not self._is_envoy_gone
        if not registration.draining:
            healthy = view.healthy(registration) if is_used else True
            if healthy is not None:
                self._tell(target, healthy)
        elif not target.drained:
            target.quiet = 0 if view.in_flight(registration) else target.quiet + 1
            if target.quiet >= QUIET_LOOKS or not is_used:
                target.drained = True
                target.on_drained()

    def _tell(self, target: _Target, healthy: bool) -> None:
        """Say what is new, and now and then what is not: of a thousand tasks most stay as they are."""
        now = asyncio.get_running_loop().time()
        before, at = target.told
        if healthy is not before or now >= at + SLOWLY:
            target.told = (healthy, now)
            target.was_well |= healthy
            target.on_seen(healthy)
