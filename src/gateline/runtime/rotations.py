"""Rotations: secrets replaced while requests go on. Each step is kept in the vault before it is performed.

`rotation/machine.py` says what comes next; here it is done, in the background, one rotation of a secret at a time. A
control that comes after a crash goes on with what was kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from gateline.errors import GatelineError
from gateline.model.secret import SecretSource
from gateline.rotation import machine
from gateline.rotation.machine import Work
from gateline.rotation.stages import Stages, Step
from gateline.runtime.background import background
from gateline.runtime.candidate import TakesIn
from gateline.runtime.secret import ROTATED, described, new_value
from gateline.runtime.secret_probe import Says
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.witness import Bounds, NotSeen, Witness

SEEN_SECONDS: Final = 60.0
"""How long it is waited for that everybody who can be asked accepts, or refuses, a value."""

REPLACED_SECONDS: Final = 600.0
"""How long it is waited for before that that tasks are replaced, as a deployment is waited for."""

LONGEST_WAIT: Final = timedelta(seconds=REPLACED_SECONDS)
"""How long a new value waits for services that cannot be given it, before it is given up."""

WORKERS_SECONDS: Final = 0.25
"""How long Envoy's workers may take to hear of a value that Envoy has accepted; measured: 4 ms."""

FILES_SECONDS: Final = 0.3
"""How long a reader of a replaced file may take to look at it again: gateline-guard 0.1 s, a sidecar 0.2 s.

Whoever answers a probe may be one of several processes, and another one may have looked a moment before.
"""

LOOK_EVERY: Final = 0.02
AGAIN_SECONDS: Final = 1.0

Confirm = Callable[[SecretSource, Stages], Awaitable[str]]
"""Waits until a value that somebody else made may become the current one; else the reason why it never will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What rotations work with.

    `in_flight` says how many requests clients wait for; `confirm` asks whoever made a value; `tell` people;
    `changed` is called when a rotation is over.
    """

    serving: TakesIn
    witness: Witness
    in_flight: Callable[[], Awaitable[int]]
    confirm: Confirm
    tell: Callable[[str], None]
    changed: Callable[[], None]


class Rotations:
    """The rotations of a project's secrets.

    Args:
        kept: the stages, in the vault.
        around: what else there is to work with.

    """

    def __init__(self, kept: SecretStages, around: Around) -> None:
        self._kept = kept
        self._around = around
        self._known: dict[SecretSource, Stages] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._steps: dict[str, list[Step]] = {}  # of the last rotation of each secret
        self._progress = asyncio.Event()
        self._beginning = asyncio.Lock()
        self._tasks: asyncio.TaskGroup | None = None
        self._begun = asyncio.Event()

    async def run(self) -> None:
        """Let rotations go on as long as this does."""
        async with background() as self._tasks:
            self._begun.set()
            await asyncio.Event().wait()

    def declared(self) -> tuple[SecretSource, ...]:
        """All secrets of what serves.

        Raises:
            GatelineError: nothing is served yet.

        """
        served = self._around.serving.served
        if served is None or served.gateway is None:
            raise GatelineError("nothing is served yet")
        return served.gateway.secrets

    def sources(self) -> tuple[SecretSource, ...]:
        """Those of them that are rotated here; none before anything is served."""
        with suppress(GatelineError):
            return tuple(source for source in self.declared() if source.kind in ROTATED)
        return ()

    def source(self, name: str) -> SecretSource:
        """A secret that can be rotated.

        Raises:
            GatelineError: there is none of that name, or whoever changes its source rotates it.

        """
        found = next((source for source in self.declared() if source.name == name), None)
        if found is None:
            there = ", ".join(sorted(source.name for source in self.declared())) or "none"
            raise GatelineError(f"no secret is called {name}; there are: {there}")
        if found.kind not in ROTATED:
            message = (
                f"secret {name} is read from {described(found)}, so whoever changes that rotates it; "
                "the gateway rotates secrets with `generate: true` and follows those of AWS Secrets Manager"
            )
            raise GatelineError(message)
        return found

    def stages(self, source: SecretSource) -> Stages | None:
        """What is kept of a secret; None before its first value was.

        Raises:
            GatelineError: it cannot be read.

        """
        if source not in self._known:
            kept = self._kept.read(source)
            if kept is None:
                return None
            self._known = {each: stages for each, stages in self._known.items() if each.name != source.name}
            self._known[source] = kept
        return self._known[source]

    def is_running(self, name: str) -> bool:
        """Whether a rotation of a secret is under way."""
        return name in self._running

    def steps(self, name: str) -> tuple[Step, ...]:
        """The steps that the last rotation of a secret has reached, as far as this control has seen them."""
        return tuple(self._steps.get(name, ()))

    def due(self) -> datetime | None:
        """When something is to be done: a rotation is to begin, or one that a former control left to go on."""
        try:
            moments = [moment for source in self.sources() if (moment := self._due(source)) is not None]
        except GatelineError:  # what is kept cannot be read; whoever does the work tells it
            return _now()
        return min(moments, default=None)

    async def work(self) -> None:
        """Begin what is due, and go on with what was left; in the background.

        Raises:
            GatelineError: what is kept cannot be read or written.

        """
        for source in self.sources():
            moment, stages = self._due(source), self.stages(source)
            if moment is None or stages is None or moment > _now():
                continue
            if stages.step is not Step.IDLE:
                self._go_on(source)
                continue
            try:
                await self.begin(source, new_value())
            except GatelineError as error:
                self._around.tell(f"secret {source.name} is not rotated: {error}")
                await self._keep(source, replace(stages, problem=str(error), since=_now()))

    async def begin(self, source: SecretSource, value: bytes) -> None:
        """Begin a rotation to another value; it goes on in the background.

        Raises:
            GatelineError: one is under way, or nobody could see who accepts the value; nothing has changed.

        """
        async with self._beginning:
            await self._begun.wait()  # commands may come a moment before
            stages = self.stages(source)
            if stages is None or stages.step is not Step.IDLE or self.is_running(source.name):
                raise GatelineError(f"secret {source.name} is being rotated already")
            self._around.witness.check(source)
            self._steps[source.name] = []
            await self._keep(source, machine.begin(stages, value, _now()))
            self._go_on(source)

    async def adopt(self, source: SecretSource, value: bytes) -> None:
        """Keep the first value of a secret that somebody else keeps."""
        now = _now()
        await self._keep(source, Stages(current=value, begun=now, since=now))

    async def wait(self, name: str, seen: int, seconds: float) -> None:
        """Wait until the rotation of a secret has reached more than so many steps, or is over, or for so long."""
        try:
            async with asyncio.timeout(seconds):
                while self.is_running(name) and len(self._steps.get(name, ())) <= seen:
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            return

    # One rotation.

    def _due(self, source: SecretSource) -> datetime | None:
        stages = self.stages(source)
        if stages is None or self.is_running(source.name):
            return None
        if stages.step is not Step.IDLE:
            return stages.since
        every = source.rotation.every
        return machine.due(stages, every) if every else None

    def _go_on(self, source: SecretSource) -> None:
        assert self._tasks is not None  # whoever does the work runs beside it
        task = self._tasks.create_task(self._run(source))
        self._running[source.name] = task

        def over(_: asyncio.Task[None]) -> None:
            self._running.pop(source.name, None)
            self._progress.set()
            self._around.changed()

        task.add_done_callback(over)

    async def _run(self, source: SecretSource) -> None:
        """Perform step after step, until it is over, or the project has no such secret any more."""
        told = ""
        while source in self.sources():
            stages = self.stages(source)
            if stages is None or stages.step is Step.IDLE:
                return
            try:
                reached = await self._performed(source, stages)
                await self._keep(source, reached)
            except GatelineError as error:
                if stages.step is Step.PENDING and _now() - stages.since > LONGEST_WAIT:
                    reached = machine.fail(stages, str(error), _now())
                    await self._keep(source, reached)
                    await self._end(source, stages.step, reached)
                    return
                if told != str(error):
                    told = str(error)
                    self._around.tell(f"the rotation of secret {source.name} waits: {error}")
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if reached.step is Step.IDLE:
                await self._end(source, stages.step, reached)

    async def _end(self, source: SecretSource, last: Step, reached: Stages) -> None:
        """Tell how a rotation has ended; a value that is given up is taken from services."""
        name, why = source.name, reached.problem
        if not why:
            self._around.tell(f"secret {name} is rotated: whoever can be asked refuses the former value")
        elif last is Step.DROPPED:
            self._around.tell(f"secret {name} is rotated, but the former value is not dead: {why}")
        else:
            self._around.tell(f"secret {name} is not rotated, the new value is given up: {why}")
            with suppress(GatelineError):  # whatever is taken in next takes this in, too
                await self._give(source)

    async def _performed(self, source: SecretSource, stages: Stages) -> Stages:
        """What comes after a step, when all that is to be done at it is done.

        Raises:
            GatelineError: not now.

        """
        try:
            match machine.work(stages):
                case Work.OFFER:
                    await self._seen(source, stages.pending, Says.ACCEPTED)
                case Work.CONFIRM:
                    if why := await self._around.confirm(source, stages):
                        raise NotSeen(why)  # noqa: TRY301 - it ends the same way
                case Work.SEND:
                    await self._around.serving.take_in()
                    await self._settle(source)
                case Work.WITHDRAW:
                    await self._seen(source, stages.stale, Says.REFUSED)
                case Work.NOTHING:
                    pass
        except NotSeen as doubt:
            return machine.fail(stages, str(doubt), _now())
        return machine.advance(stages, _now())

    async def _seen(self, source: SecretSource, value: bytes, wanted: Says) -> None:
        """Give services what they must accept now, and see it; every reader of a file has had its time in the end."""
        await self._give(source)
        looked_again = asyncio.create_task(asyncio.sleep(FILES_SECONDS))
        try:
            await self._around.witness.see(source, value, wanted, Bounds(REPLACED_SECONDS, SEEN_SECONDS))
            await looked_again
        finally:
            looked_again.cancel()

    async def _give(self, source: SecretSource) -> None:
        """Let services have what they must accept now."""
        await self._around.serving.take_in()
        await self._around.witness.restart(source)

    async def _settle(self, source: SecretSource) -> None:
        """Wait until every request is answered that Envoy may have sent with the former value.

        That is when none is in flight, and in any case when none can be: after the longest timeout of those with it.
        """
        await asyncio.sleep(WORKERS_SECONDS)
        clock = asyncio.get_running_loop().time
        last = clock() + self._around.witness.use(source).timeout
        while clock() < last:
            try:
                if not await self._around.in_flight():
                    return
            except OSError:  # an Envoy that is away has no requests, and comes back with the new value
                return
            await asyncio.sleep(LOOK_EVERY)

    async def _keep(self, source: SecretSource, stages: Stages) -> None:
        await asyncio.to_thread(self._kept.write, source, stages)
        self._known[source] = stages
        self._steps.setdefault(source.name, []).append(stages.step)
        self._progress.set()


def _now() -> datetime:
    return datetime.now(UTC)
