"""Following: a secret that AWS Secrets Manager rotates is rotated here, too, as soon as that is seen.

Secrets Manager's rotation shows a value as AWSPENDING before it makes it AWSCURRENT: services accept both from then on,
and the gateway sends the new one when it is the current one there. A value that becomes current at once goes the same
way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from gateline.errors import GatelineError
from gateline.model.secret import SecretSource, SecretSourceKind
from gateline.rotation import machine
from gateline.rotation.stages import Stages, Step
from gateline.runtime.aws_secret import CURRENT, PENDING, read_stages
from gateline.runtime.candidate import TakesIn
from gateline.runtime.rotations import Rotations
from gateline.runtime.secret import header_value_fault, new_value
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.state_dir import StateDir

LOOK_EVERY: Final = timedelta(seconds=60)
"""How soon a change at Secrets Manager is seen."""

CONFIRM_EVERY: Final = 5.0
"""Seconds between two questions whether a pending value is the current one by now."""


class Following:
    """Looks at Secrets Manager now and then.

    Args:
        serving: knows which value is sent.

    """

    def __init__(self, serving: TakesIn) -> None:
        self._serving = serving
        self._looked = datetime.min.replace(tzinfo=UTC)
        self._rotations: Rotations | None = None
        self._one_at_a_time = asyncio.Lock()

    def have(self, rotations: Rotations) -> None:
        """Begin rotations there."""
        self._rotations = rotations

    def due(self) -> datetime | None:
        """When it is time to look again."""
        return self._looked + LOOK_EVERY if self._sources() else None

    async def look(self) -> None:
        """See whether there is another value of any secret, and begin what it takes.

        Raises:
            GatelineError: Secrets Manager does not say.

        """
        self._looked = datetime.now(UTC)
        for source in self._sources():
            if not self._of(source).problem or self._looked - self._of(source).since > machine.AGAIN:
                await self._see(source)

    async def begin(self, source: SecretSource) -> None:
        """Begin a rotation because somebody asks for it: of a value of our own, or of what there is to follow.

        Raises:
            GatelineError: there is nothing to follow, or it cannot begin.

        """
        assert self._rotations is not None
        if source.kind is not SecretSourceKind.AWS:
            await self._rotations.begin(source, new_value())
        elif not await self._see(source):
            message = (
                f"AWS Secrets Manager has no other value of secret {source.name}, and the gateway follows what it "
                f"does: aws secretsmanager rotate-secret --secret-id {source.place}"
            )
            raise GatelineError(message)

    async def confirm(self, source: SecretSource, stages: Stages) -> str:
        """Wait until a pending value is the current one at Secrets Manager; else why it will not be.

        Raises:
            GatelineError: Secrets Manager does not say.

        """
        while source.kind is SecretSourceKind.AWS:
            found = await asyncio.to_thread(read_stages, source)
            if found.get(CURRENT) == stages.pending:
                break
            if found.get(PENDING) != stages.pending:
                return "AWS Secrets Manager has taken it back"
            await asyncio.sleep(CONFIRM_EVERY)
        return ""

    async def _see(self, source: SecretSource) -> bool:
        """Begin a rotation if there is another value; whether one is under way then."""
        async with self._one_at_a_time:
            assert self._rotations is not None
            found = await asyncio.to_thread(read_stages, source)
            stages = self._rotations.stages(source)
            if stages is None:
                await self._rotations.adopt(source, self._sent(source))
                stages = self._of(source)
            value = _other(found, stages.current)
            if stages.step is not Step.IDLE or not value:
                return stages.step is not Step.IDLE
            if fault := header_value_fault(value):
                message = f"the new value of secret {source.name} cannot be sent in a header: {fault}"
                raise GatelineError(message)
            await self._rotations.begin(source, value)
            return True

    def _sources(self) -> list[SecretSource]:
        found = self._rotations.sources() if self._rotations else ()
        return [source for source in found if source.kind is SecretSourceKind.AWS]

    def _of(self, source: SecretSource) -> Stages:
        stages = self._rotations.stages(source) if self._rotations else None
        now = datetime.now(UTC)
        return stages or Stages(current=self._sent(source), begun=now, since=now)

    def _sent(self, source: SecretSource) -> bytes:
        served = self._serving.served
        assert served is not None
        return next(each.reveal() for each in served.keyring.secrets if each.name == source.name)


def forget_followed(sources: Iterable[SecretSource], state: StateDir) -> None:
    """Begin with what Secrets Manager says now: no task runs yet that knows anything else."""
    kept = SecretStages(state)
    for source in sources:
        if source.kind is SecretSourceKind.AWS:
            kept.delete(source)


def _other(found: Mapping[str, bytes], current: bytes) -> bytes:
    """The value to go on to; b"": none. What is current there comes before what will be."""
    return next((found[stage] for stage in (CURRENT, PENDING) if found.get(stage, current) != current), b"")
