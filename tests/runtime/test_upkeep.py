"""Duties that come up from time to time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from gateline.errors import GatelineError
from gateline.runtime.upkeep import AGAIN, Duty, Upkeep

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


class Renewal:
    """A duty that is due at a time, and next an hour after it was done; it fails as often as it is told."""

    def __init__(self, clock: Clock, failures: int = 0) -> None:
        self.at: datetime | None = START
        self.done = 0
        self.tried = asyncio.Event()
        self._clock = clock
        self._failures = failures

    async def work(self) -> None:
        self.tried.set()
        if self._failures:
            self._failures -= 1
            raise GatelineError("the disk is full")
        self.done += 1
        self.at = self._clock.time + timedelta(hours=1)

    def duty(self) -> Duty:
        return Duty(name="renewal", due=lambda: self.at, work=self.work)


async def turned(upkeep: Upkeep) -> None:
    """Let it look once, and come to rest."""
    upkeep.look()
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_duty_is_done_when_it_is_due_and_not_again_before_it_is_due_again() -> None:
    async def scene() -> None:
        clock = Clock()
        renewal = Renewal(clock)
        upkeep = Upkeep(lambda _: None, clock)
        upkeep.add(renewal.duty())
        running = asyncio.create_task(upkeep.run())
        await turned(upkeep)
        await turned(upkeep)
        assert renewal.done == 1
        clock.time += timedelta(hours=1)
        await turned(upkeep)
        assert renewal.done == 2
        renewal.at = None
        clock.time += timedelta(days=1)
        await turned(upkeep)
        assert renewal.done == 2
        running.cancel()

    asyncio.run(scene())


def test_a_duty_that_fails_is_told_and_tried_again_later_and_holds_up_no_other() -> None:
    async def scene() -> None:
        clock, told = Clock(), list[str]()
        failing, other = Renewal(clock, failures=1), Renewal(clock)
        second = Duty(name="other", due=lambda: other.at, work=other.work)
        upkeep = Upkeep(told.append, clock)
        upkeep.add(failing.duty())
        upkeep.add(second)
        running = asyncio.create_task(upkeep.run())
        await turned(upkeep)
        await turned(upkeep)
        assert (failing.done, other.done) == (0, 1)
        assert told == ["renewal: the disk is full; it is tried again in 10 s"]
        clock.time += AGAIN
        await turned(upkeep)
        assert failing.done == 1
        running.cancel()

    asyncio.run(scene())


def test_a_duty_is_done_in_time_without_being_looked_at() -> None:
    async def scene() -> None:
        soon = datetime.now(UTC) + timedelta(milliseconds=20)
        tried = asyncio.Event()

        async def work() -> None:
            tried.set()

        duty = Duty(name="soon", due=lambda: None if tried.is_set() else soon, work=work)
        upkeep = Upkeep(lambda _: None)
        running = asyncio.create_task(upkeep.run())
        await turned(upkeep)
        upkeep.add(duty)
        async with asyncio.timeout(10):
            await tried.wait()
        running.cancel()

    asyncio.run(scene())
