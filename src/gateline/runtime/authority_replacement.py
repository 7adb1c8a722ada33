"""The authority gives way to a new one, in steps: then nothing that the former one has issued counts any more.

    believed: the former            signs: the former
    believed: the former, the new   signs: the former    (services learn of the new one)
    believed: the former, the new   signs: the new       (everybody gets another certificate)
    believed: the new               signs: the new       (services forget the former)

Each step waits until every service is what the step before made of it, so no request fails. Where it stands is kept
in the vault before it counts: whoever comes after a crash goes on from there.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from gateline.errors import GatelineError
from gateline.runtime.authority import Authority, change_authority, kept_authority, made
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault

LOOK_EVERY: Final = timedelta(seconds=0.5)
"""How often services are looked at while a step waits for them."""


class Replacement:
    """Replaces the authority when it is told to.

    Args:
        state: it is kept there.
        take_in: lets count what is kept (`Serving.take_in`).
        is_steady: whether all services are as they are wanted.
        now: the time (UTC).

    """

    def __init__(
        self,
        state: StateDir,
        take_in: Callable[[], Awaitable[None]],
        is_steady: Callable[[], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._state = state
        self._take_in = take_in
        self._is_steady = is_steady
        self._now = now
        self._looked = now()
        self._finished = asyncio.Event()

    async def finished(self) -> None:
        """Wait until what was begun is done: one authority is believed, and every service knows."""
        await self._finished.wait()

    async def begin(self, project: str, overlap: timedelta) -> None:
        """Begin; `overlap` is how long each step waits at least, for services elsewhere that people look after.

        Raises:
            GatelineError: there is no authority, one is being replaced already, or it cannot be kept.

        """
        now = self._now()
        fresh = made(project, now)

        def introduce(authority: Authority) -> Authority:
            if authority.next_step is not None:
                raise GatelineError("the authority is being replaced already")
            return Authority(all=(*authority.all, fresh), next_step=now + overlap, overlap=overlap)

        change_authority(self._state, introduce)
        self._finished.clear()
        await self._take_in()

    def due(self) -> datetime | None:
        """When the next step is to be tried; None: nothing is under way."""
        try:
            authority = kept_authority(Vault(self._state))
        except GatelineError:
            return self._now()  # which fails, and is told
        if authority is None or authority.next_step is None:
            return None
        return max(authority.next_step, self._looked + LOOK_EVERY)

    async def work(self) -> None:
        """Take the next step, if services are ready for it.

        Raises:
            GatelineError: it cannot be kept, or does not count; it is tried again.

        """
        self._looked = self._now()
        await self._take_in()  # what a control before this one has kept
        if not self._is_steady():
            return
        change_authority(self._state, self._stepped)
        await self._take_in()
        if self.due() is None:
            self._finished.set()

    def _stepped(self, authority: Authority) -> Authority:
        if len(authority.all) > 1 and authority.signer == 0:
            after = self._now() + authority.overlap
            return dataclasses.replace(authority, signer=len(authority.all) - 1, next_step=after)
        if len(authority.all) > 1:
            return Authority(all=authority.all[-1:], next_step=self._now())
        return Authority(all=authority.all)
