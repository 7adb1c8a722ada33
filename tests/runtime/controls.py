"""Controls that may be killed at any moment, and what outlives them: a real vault, no Envoy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateline.errors import GatelineError
from gateline.model.secret import SecretSource
from gateline.rotation.stages import Stages
from gateline.runtime.candidate import Candidate
from gateline.runtime.rotations import Around, Rotations
from gateline.runtime.secret_probe import Says
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.state_dir import StateDir
from gateline.runtime.witness import Bounds, NotSeen, Witness
from runtime.rotated import Serves, token


class Seeing(Witness):
    """Sees what a test lets it see."""

    def __init__(self, serving: Serves) -> None:
        super().__init__(serving, None)  # type: ignore[arg-type]
        self.objection = ""
        self.doubts: dict[Says, str] = {}
        self.asked: list[tuple[Says, bytes]] = []

    def check(self, source: SecretSource) -> None:  # noqa: ARG002
        if self.objection:
            raise GatelineError(self.objection)

    async def restart(self, source: SecretSource) -> None:
        """Nothing runs."""

    async def see(
        self,
        source: SecretSource,  # noqa: ARG002
        value: bytes,
        wanted: Says,
        bounds: Bounds,  # noqa: ARG002
    ) -> None:
        self.asked.append((wanted, value))
        if doubt := self.doubts.get(wanted):
            raise NotSeen(doubt)


class Killed:
    """Stands still at one of the moments at which a control may be killed, counted from 0."""

    def __init__(self, at: int = -1) -> None:
        self._left = at
        self.happened = asyncio.Event()

    async def maybe(self) -> None:
        self._left -= 1
        if self._left == -1:
            self.happened.set()
            await asyncio.Event().wait()


class World:
    """What outlives a control: the vault, what Envoy and services were given last, and what people were told."""

    def __init__(self, served: Candidate, state: StateDir) -> None:
        self.serving = Serves(served, state)
        self.witness = Seeing(self.serving)
        self.kept = SecretStages(state)
        self.source = token(served)
        self.told: list[str] = []
        self.in_flight = 0
        self.confirmed = ""

    async def confirm(self, *asked: Any) -> str:  # noqa: ARG002
        return self.confirmed

    @property
    def stages(self) -> Stages:
        found = self.kept.read(self.source)
        assert found is not None
        return found

    async def play(
        self, story: Callable[[Rotations], Awaitable[Any]], killed: Killed | None = None
    ) -> Rotations:
        """A control, as long as the story lasts, or until it is killed."""
        fate = killed or Killed()

        async def in_flight() -> int:
            return self.in_flight

        around = Around(
            serving=_Mortal(self.serving, fate),
            witness=self.witness,
            in_flight=in_flight,
            confirm=self.confirm,
            tell=self.told.append,
            changed=lambda: None,
        )
        made = _MortalRotations(self.kept, around, fate)
        running = asyncio.ensure_future(made.run())
        telling = asyncio.ensure_future(_told(story, made))
        dying = asyncio.ensure_future(fate.happened.wait())
        async with asyncio.timeout(20):
            await asyncio.wait({telling, dying}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, dying, telling):
            if task is not telling or not telling.done():
                task.cancel()
        await asyncio.wait({running, dying, telling})
        if not telling.cancelled():
            telling.result()
        return made


async def _told(story: Callable[[Rotations], Awaitable[Any]], rotations: Rotations) -> None:
    await asyncio.sleep(0)  # what runs rotations has begun
    await story(rotations)


class _Mortal(Serves):
    def __init__(self, serving: Serves, fate: Killed) -> None:
        self._serving, self._fate = serving, fate

    @property
    def served(self) -> Candidate | None:  # type: ignore[override]
        return self._serving.served

    async def take_in(self) -> None:
        await self._fate.maybe()
        await self._serving.take_in()
        await self._fate.maybe()


class _MortalRotations(Rotations):
    def __init__(self, kept: SecretStages, around: Around, fate: Killed) -> None:
        super().__init__(kept, around)
        self._fate = fate

    async def _keep(self, source: SecretSource, stages: Stages) -> None:
        await self._fate.maybe()
        await super()._keep(source, stages)
        await self._fate.maybe()


async def rotated(rotations: Rotations) -> None:
    await rotations.begin(rotations.source("Token"), b"new")
    await ended(rotations)


async def ended(rotations: Rotations) -> None:
    seen = 0
    while rotations.is_running("Token"):
        await rotations.wait("Token", seen, 5)
        seen = len(rotations.steps("Token"))
