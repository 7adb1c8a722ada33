"""Work that is done once, however many ask for it at a time, and whose result is remembered for a while.

A code is good for one exchange and a refresh token, at many providers, for one refresh: whoever asks again with the
same one gets what came of it. The work goes on when everybody who asked has gone away: it has been begun at the
provider, and its result may be asked for by a client that comes back.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

Result = TypeVar("Result")

MOST_REMEMBERED: Final = 2048
"""Results: each is a session, of a few kilobytes mostly, of 30 at most."""


class Once(Generic[Result]):
    """Remembers results, not failures. For one event loop.

    Args:
        kept_ms: how long a result is remembered, in milliseconds.
        now: milliseconds since the epoch.
        most: how many are remembered; the oldest give way.

    """

    def __init__(self, *, kept_ms: int, now: Callable[[], int], most: int = MOST_REMEMBERED) -> None:
        self._kept_ms = kept_ms
        self._now = now
        self._most = most
        self._under_way: dict[bytes, asyncio.Task[Result]] = {}
        self._remembered: OrderedDict[bytes, tuple[int, Result]] = OrderedDict()

    def remembered(self, key: bytes) -> Result | None:
        """What came of it, if it was done lately."""
        until, result = self._remembered.get(key, (0, None))
        return result if self._now() < until else None

    async def run(self, key: bytes, work: Callable[[], Awaitable[Result]]) -> Result:
        """What comes of the work: of the work of another with the same key, where there is some.

        Raises:
            Exception: whatever the work raises; everybody who waits for it gets that.

        """
        if (result := self.remembered(key)) is not None:
            return result
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._worked(key, work))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._over(key, done))
        return await asyncio.shield(task)

    async def _worked(self, key: bytes, work: Callable[[], Awaitable[Result]]) -> Result:
        result = await work()
        now = self._now()
        self._remembered[key] = (now + self._kept_ms, result)
        self._remembered.move_to_end(key)
        while len(self._remembered) > self._most or next(iter(self._remembered.values()))[0] <= now:
            self._remembered.popitem(last=False)
            if not self._remembered:
                break
        return result

    def _over(self, key: bytes, task: asyncio.Task[Result]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # fetched: nobody may be left to hear it
