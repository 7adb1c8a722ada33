"""Delivery: the compiler's resources, the resolver's addresses and services' tasks, put before Envoy together.

One at a time: a new configuration, a changed address and a registered task never overtake each other. Endpoints
that change while a configuration is being taken join it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Final

from google.protobuf.message import Message

from gateline.compile.endpoint import assignments
from gateline.compile.resources import ENDPOINT, Resources
from gateline.control.outcome import NodeOutcome, Outcome, Rejected, Unanswered
from gateline.control.publication import Publisher
from gateline.control.snapshot import Snapshot
from gateline.model.target_group import Registration
from gateline.runtime.resolver import Resolver

FIRST_ANSWERS_SECONDS: Final = 2.0
ABSENT_SECONDS: Final = 30.0


def failures(outcome: Outcome) -> tuple[Rejected | Unanswered, ...]:
    """The answers of Envoys that went back to what they held before."""
    return tuple(each for each in outcome.by_node.values() if isinstance(each, Rejected | Unanswered))


class Delivery:
    """Publishes configurations, and again whenever an address of theirs changes or tasks come and go.

    Args:
        publisher: the control plane.
        resolver: knows the addresses of hosts.
        nodes: the Envoys that must answer; one that is being restarted is waited for.

    """

    def __init__(self, publisher: Publisher, resolver: Resolver, nodes: tuple[str, ...]) -> None:
        self._publisher = publisher
        self._resolver = resolver
        self._nodes = nodes
        self._resources: Resources | None = None
        self._snapshot: Snapshot | None = None
        self._endpoints: Mapping[str, Message] = {}
        self._registrations: dict[str, tuple[Registration, ...]] = {}
        self._endpoints_changed = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    @property
    def version(self) -> str:
        """The version that was published last; empty before the first."""
        return self._snapshot.version if self._snapshot else ""

    async def deliver(self, resources: Resources) -> Outcome:
        """Publish a new configuration; when an Envoy refuses it, the former one is what counts."""
        async with self._one_at_a_time:
            former = self._resources
            # The former hosts stay wanted until the new configuration is accepted: their addresses may be needed.
            self._resolver.want(_hosts(resources) | (_hosts(former) if former else frozenset()))
            with suppress(TimeoutError):  # what does not answer in time is answered for by 503, until it does
                async with asyncio.timeout(FIRST_ANSWERS_SECONDS):
                    await self._resolver.settled()
            outcome = await self._publish(resources)
            if former is not None:
                outcome = await self._with_absent(outcome)
            if not failures(outcome):
                self._resources = resources
                self._resolver.want(_hosts(resources))
            elif former is not None:
                # Every Envoy was given back what it held; its addresses may have changed since.
                self._resolver.want(_hosts(former))
                await self._publish(former)
            return outcome

    async def _with_absent(self, outcome: Outcome) -> Outcome:
        """The outcome with the answers of Envoys that were not connected when it was published."""
        answers: dict[str, NodeOutcome] = dict(outcome.by_node)
        for node in self._nodes:
            if node not in answers:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ABSENT_SECONDS):
                        answers[node] = await self._publisher.wait_ready(node)
        return Outcome(version=outcome.version, by_node=answers)

    async def readdress(self) -> None:
        """Publish what is published with the addresses of now."""
        await self._republish()

    async def register(self, registrations: tuple[Registration, ...], *, by: str = "") -> None:
        """Publish what is published with these targets: all of those that are registered by one, such as services.

        Returns when every Envoy that is connected has taken them, or has not answered in its time; one that is
        being restarted gets them with all else when it comes.
        """
        self._registrations[by] = registrations
        await self._republish()

    async def _republish(self) -> None:
        self._endpoints_changed.set()
        async with self._one_at_a_time:
            if self._resources is not None and self._assigned(self._resources) != self._endpoints:
                await self._publish(self._resources)

    async def _publish(self, resources: Resources) -> Outcome:
        """Publish, and once more for each change of endpoints until the Envoys have answered.

        Clusters may warm for as long as a target leaves its first health check open; a task that died must not
        get requests for so long.
        """
        begun: list[asyncio.Future[Outcome]] = []
        try:
            while True:
                self._endpoints_changed.clear()
                self._endpoints = self._assigned(resources)
                by_type = {
                    **resources.by_type,
                    ENDPOINT: {**resources.by_type.get(ENDPOINT, {}), **self._endpoints},
                }
                addressed = replace(resources, by_type=by_type)
                self._snapshot = await asyncio.to_thread(Snapshot.of, addressed, previous=self._snapshot)
                begun.append(asyncio.ensure_future(self._publisher.publish(self._snapshot)))
                if await self._answered(begun[-1], resources):
                    return begun[-1].result()
        finally:
            for former in begun:
                former.cancel()

    async def _answered(self, publication: asyncio.Future[Outcome], resources: Resources) -> bool:
        """Wait for the answers; False when endpoints have changed before they came."""
        while not publication.done():
            change = asyncio.ensure_future(self._endpoints_changed.wait())
            try:
                await asyncio.wait((publication, change), return_when=asyncio.FIRST_COMPLETED)
            finally:
                change.cancel()
            if not publication.done() and self._assigned(resources) != self._endpoints:
                return False
            self._endpoints_changed.clear()
        return True

    def _assigned(self, resources: Resources) -> dict[str, Message]:
        """The assignments; one that says what it said before is the same object, which keeps its version."""
        addresses = self._resolver.addresses
        answers = {lookup: addresses.get(lookup.host, ()) for lookup in resources.lookups}
        registered = tuple(chain.from_iterable(self._registrations.values()))
        made = assignments(answers, resources.target_groups, registered, resources.minimums)
        held = self._endpoints
        return {name: held[name] if held.get(name) == message else message for name, message in made.items()}


def _hosts(resources: Resources) -> frozenset[str]:
    return frozenset(lookup.host for lookup in resources.lookups if not lookup.tunnel)
