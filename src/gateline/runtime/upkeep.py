"""Upkeep: what a stack does from time to time by itself, such as renewing what is about to end.

Each duty says when it is due; it is done then, and asked again. A duty that fails is told, and tried again a little
later: what serves goes on with what it has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gateline.errors import GatelineError

LOOK_EVERY: Final = timedelta(seconds=60)
"""How long a duty may be due before that is seen, when it has become so by an edit."""

AGAIN: Final = timedelta(seconds=10)
"""After which a duty that has failed is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something to be done from time to time.

    `due` says when next (UTC), or None for not at all as things are; `work` does it. Both are called in the loop's
    thread; `due` must be quick.
    """

    name: str
    due: Callable[[], datetime | None]
    work: Callable[[], Awaitable[None]]


class Upkeep:
    """Does all duties, one after the other.

    Args:
        trouble: told why a duty could not be done.
        now: the time (UTC).

    """

    def __init__(
        self,
        trouble: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._duties: list[Duty] = []
        self._trouble = trouble
        self._now = now
        self._looked_at = asyncio.Event()
        self._not_before: dict[str, datetime] = {}

    def add(self, duty: Duty) -> None:
        """Have one more thing done from now on."""
        self._duties.append(duty)
        self.look()

    def look(self) -> None:
        """Something has changed: ask all duties again when they are due."""
        self._looked_at.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._looked_at.clear()
            for duty in tuple(self._duties):
                due = self._due(duty)
                if due is not None and due <= self._now():
                    await self._do(duty)
            try:
                async with asyncio.timeout(self._wait().total_seconds()):
                    await self._looked_at.wait()
            except TimeoutError:
                pass

    async def _do(self, duty: Duty) -> None:
        try:
            await duty.work()
        except GatelineError as error:
            self._not_before[duty.name] = self._now() + AGAIN
            self._trouble(f"{duty.name}: {error}; it is tried again in {AGAIN.seconds} s")
        else:
            self._not_before.pop(duty.name, None)

    def _due(self, duty: Duty) -> datetime | None:
        due, not_before = duty.due(), self._not_before.get(duty.name)
        return max(due, not_before) if due is not None and not_before is not None else due

    def _wait(self) -> timedelta:
        now = self._now()
        waits = [due - now for duty in self._duties if (due := self._due(duty)) is not None]
        return max(timedelta(), min([LOOK_EVERY, *waits]))
