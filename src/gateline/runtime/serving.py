"""What serves now, and how it gives way: one change at a time, the host before Envoy.

The host must know all that an Envoy may ask it. So it serves the old and the new together while Envoy's workers
change over, and forgets the old a moment later. What the host needs of Envoy, its way to backends (changeover.py), is
there before the host and lets go after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from gateline.compile.resources import Resources
from gateline.control.outcome import Rejected, Unanswered
from gateline.errors import GatelineError
from gateline.runtime.candidate import Candidate
from gateline.runtime.changeover import lingering, prepared
from gateline.runtime.delivery import Delivery, failures
from gateline.runtime.generation import Generations
from gateline.runtime.hosting import Hosting, overlapping

OVERLAP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What became of a change: refused by an Envoy, or taken; `is_change`: something is other than before."""

    refusals: tuple[Rejected | Unanswered, ...] = ()
    is_change: bool = False


class Serving:
    """The configuration that serves.

    Args:
        delivery: puts resources before Envoy.
        hosting: the host.
        generations: of authorizers; renewed by a flush.
        regenerate: the candidate with the generations of now; called on a thread.
        taken: told of what serves after `take_in`: services are given what is theirs.
        tasks: the old is forgotten in the background.

    """

    def __init__(
        self,
        delivery: Delivery,
        hosting: Hosting,
        generations: Generations,
        regenerate: Callable[[Candidate], Candidate],
        taken: Callable[[Candidate], None],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._delivery = delivery
        self._hosting = hosting
        self._generations = generations
        self._regenerate = regenerate
        self._taken = taken
        self._tasks = tasks
        self._served: Candidate | None = None
        self._forgetting: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def begin(self, candidate: Candidate) -> None:
        """Put the first configuration into service; Envoy's answer is waited for elsewhere.

        Raises:
            GatelineError: the host does not come up.

        """
        assert candidate.resources is not None
        await self._hosting.configure(candidate.hosting)
        await self._delivery.deliver(candidate.resources)

    def begun(self, candidate: Candidate) -> None:
        """The first configuration serves."""
        self._served = candidate

    async def replace(self, candidate: Candidate) -> Replaced:
        """Put another configuration into service; when it is refused, the one before serves on.

        Raises:
            GatelineError: the host does not take it.

        """
        async with self._one_at_a_time:
            # A flush may have come between, and a command that made or revoked a key.
            return await self._replace(await asyncio.to_thread(self._regenerate, candidate))

    async def take_in(self) -> None:
        """Let what the state directory holds by now count, and nothing that it does not hold any more.

        API keys that commands have made or revoked, and whatever else `material.live` reads.

        Raises:
            GatelineError: nothing is served yet, the host does not take it, or an Envoy did not follow.

        """
        async with self._one_at_a_time:
            if self._served is None:
                raise GatelineError("nothing is served yet")
            replaced = await self._replace(await asyncio.to_thread(self._regenerate, self._served))
            if replaced.refusals:
                raise GatelineError("Envoy did not take the change; ask again")
            self._taken(self._served)

    @property
    def served(self) -> Candidate | None:
        """What serves now."""
        return self._served

    async def _replace(self, candidate: Candidate) -> Replaced:
        before = self._served
        assert before is not None
        assert before.resources is not None
        assert candidate.resources is not None
        self.stop()
        version = self._delivery.version
        first = prepared(before.resources, candidate.resources)
        if first is not before.resources and (refusals := failures(await self._delivery.deliver(first))):
            return Replaced(refusals=refusals)
        try:
            await self._hosting.configure(overlapping(before.hosting, candidate.hosting))
        except GatelineError:
            await self._restore(before, first)
            raise
        both = lingering(before.resources, candidate.resources)
        refusals = failures(await self._delivery.deliver(both))
        if refusals:
            await self._restore(before, first)
            await self._forget_decisions(before)
            return Replaced(refusals=refusals)
        self._served = candidate
        self._forgetting = self._tasks.create_task(self._forget(lingers=both is not candidate.resources))
        changed = self._delivery.version != version or candidate.hosting != before.hosting
        return Replaced(is_change=changed)

    def stop(self) -> None:
        """Leave nothing to be done in the background."""
        if self._forgetting:
            self._forgetting.cancel()

    async def flush(self, names: list[str] | None) -> tuple[str, ...]:
        """Let nothing count any more that these authorizers have decided; None: all of them.

        A name is an authorizer's, in every stage that has it, or "api/stage/authorizer".

        Raises:
            GatelineError: there is no such authorizer, or an Envoy did not follow.

        """
        async with self._one_at_a_time:
            served = self._served
            if served is None:
                raise GatelineError("nothing is served yet")
            chosen = _chosen(sorted(served.generations), names)
            self._generations.renew(chosen)
            await self._publish_generations(served)
            await self._hosting.flush(chosen)
            return chosen

    async def _publish_generations(self, served: Candidate) -> None:
        renewed = await asyncio.to_thread(self._regenerate, served)
        assert renewed.resources is not None
        self._served = renewed
        if failures(await self._delivery.deliver(renewed.resources)):
            raise GatelineError("Envoy did not take the new generations; ask again")

    async def _restore(self, before: Candidate, prepared: Resources) -> None:
        """Give the host back what it served, and take from Envoy what was prepared for nothing."""
        with suppress(GatelineError):  # it does not run; what is wanted of it is set, for when it comes back
            await self._hosting.configure(before.hosting)
        assert before.resources is not None
        if prepared is not before.resources:
            await self._delivery.deliver(before.resources)

    async def _forget_decisions(self, before: Candidate) -> None:
        """What the host decided for a configuration that was refused counts no more."""
        if before.generations:
            self._generations.renew(before.generations)
            with suppress(GatelineError):
                await self._publish_generations(before)

    async def _forget(self, *, lingers: bool) -> None:
        """Let the host, and then Envoy, serve nothing but this, when nobody can ask for anything else any more."""
        await asyncio.sleep(OVERLAP_SECONDS)
        async with self._one_at_a_time:  # whoever is in there ends this
            served = self._served
            assert served is not None
            assert served.resources is not None
            with suppress(GatelineError):
                await self._hosting.configure(served.hosting)
            if lingers:
                await self._delivery.deliver(served.resources)


def _chosen(known: list[str], names: list[str] | None) -> tuple[str, ...]:
    if names is None:
        return tuple(known)
    for name in names:
        if not any(_means(name, each) for each in known):
            there = ", ".join(known) if known else "none"
            raise GatelineError(f"no authorizer is called {name}; there are: {there}")
    return tuple(each for each in known if any(_means(name, each) for name in names))


def _means(name: str, authorizer: str) -> bool:
    """Whether a name means the authorizer "api/stage/name"; its own name may hold slashes."""
    return name in {authorizer, authorizer.split("/", 2)[2]}
