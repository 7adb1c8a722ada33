"""Decisions: each is asked for once, however many wait for it, and kept for as long as it may be.

All callers with one key wait for one call of the function; a caller that goes away breaks the call off only
when nobody else waits. A flush also lets go of the calls that are in flight: their answers still reach those
who wait, but are not kept, and who comes later asks anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from gateline.functions.places import Places
from gateline.host.store import Decision, Store

MOST_CALLS: Final = 1000
"""Calls of functions that run or wait for a worker: no more than one function's queue holds."""

MOST_CALLERS: Final = 4096
"""Requests that wait for one of these calls: no more than the connections that Envoy opens to the host."""

Ask = Callable[[], Awaitable[Decision]]


class Busy(Exception):
    """Too many wait already, or too many of this source."""


def now_ms() -> int:
    """Milliseconds since the epoch, the clock by which Envoy judges an expiry too."""
    return time.time_ns() // 1_000_000


class Decisions:
    """The decisions of one host. For one event loop."""

    def __init__(
        self,
        *,
        store: Store | None = None,
        now: Callable[[], int] = now_ms,
        most_calls: int = MOST_CALLS,
        most_callers: int = MOST_CALLERS,
    ) -> None:
        self._store = store or Store()
        self._now = now
        self._calls = Places(most_calls)
        self._callers = Places(most_callers)
        self._flights: dict[bytes, _Flight] = {}
        self._alone: set[_Flight] = set()  # those that nobody may join

    def kept(self, key: bytes) -> Decision | None:
        """The decision that is kept under this key."""
        return self._store.get(key, self._now())

    async def decide(self, key: bytes, source: str, ask: Ask, *, shared: bool) -> Decision:
        """The decision for this key: of a call that is in flight, or of a new one.

        Args:
            key: scope, authorizer and generation, then all that the answer may depend on; opaque.
            source: whom the caller counts for.
            ask: calls the function.
            shared: whether the answer is good for others with this key. An authorizer with a ttl of 0 may
                look at more than the key holds: each request is a call of its own.

        Raises:
            Busy: no place is left for this source; nothing was asked.

        """
        if not self._callers.take(source):
            raise Busy
        try:
            flight = self._flights.get(key) if shared else None
            if flight is None:
                flight = self._begin(key, source, ask, shared=shared)
            return await flight.join()
        finally:
            self._callers.leave(source)

    def flush(self, beginnings: tuple[bytes, ...] | None) -> None:
        """Forget what was decided, or is being decided, for keys with one of these beginnings; None: all."""
        self._store.flush(beginnings)
        for key in [key for key in self._flights if beginnings is None or key.startswith(beginnings)]:
            del self._flights[key]

    @property
    def in_flight(self) -> int:
        """How many calls are in flight."""
        return len(self._flights) + len(self._alone)

    def _begin(self, key: bytes, source: str, ask: Ask, *, shared: bool) -> _Flight:
        if not self._calls.take(source):
            raise Busy

        async def fly() -> Decision:
            decision = await ask()
            if self._flights.get(key) is flight:  # not flushed meanwhile
                self._store.put(key, decision, self._now())
            return decision

        def forget() -> None:
            self._alone.discard(flight)
            if self._flights.get(key) is flight:
                del self._flights[key]

        flight = _Flight(fly, forget, over=lambda: self._calls.leave(source))
        if shared:
            self._flights[key] = flight
        else:
            self._alone.add(flight)
        return flight


class _Flight:
    """One call of a function, and those who wait for it."""

    def __init__(self, fly: Ask, forget: Callable[[], None], over: Callable[[], None]) -> None:
        self._fly = fly
        self._forget = forget
        self._over = over
        self._waiting: set[asyncio.Future[Decision]] = set()
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def join(self) -> Decision:
        """Wait for the answer. Whoever is cancelled as the last one breaks the call off."""
        waiter: asyncio.Future[Decision] = self._loop.create_future()
        self._waiting.add(waiter)
        try:
            return await waiter
        finally:
            self._waiting.discard(waiter)
            if not self._waiting and not self._task.done():
                self._task.cancel()  # without effect when it is about to end
                self._forget()  # at once: nobody may join a call that is being broken off

    async def _run(self) -> None:
        decision = await self._fly()
        self._forget()
        for waiter in self._waiting:  # here, not when the task has ended: a turn of the loop earlier
            if not waiter.done():
                waiter.set_result(decision)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._forget()
        self._over()
        if task.cancelled():
            return
        error = task.exception()
        for waiter in self._waiting:
            if error is not None and not waiter.done():
                waiter.set_exception(error)
