"""Work that takes long for a loop: templates, large bodies. In threads of its own, so that other callers go on.

What is small is tried at once, as long as it is brief: the wake-up of a thread takes longer than most of it.
Sources that wait come in turn, so no caller's heavy templates keep another one's waiting for more than one of them.
Of large work one piece is done at a time, since what a parsed body takes is many times its bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

from gateline.functions.in_turn import InTurn

T = TypeVar("T")

LARGE: Final = 256 * 1024
"""Bytes of a body with which work is large."""

SMALL: Final = 16 * 1024
"""Bytes of a body with which work is tried at once."""

SLOW_SECONDS: Final = 1.0
"""How long work of a name goes to threads when one piece of it was not brief, since trying takes time as well."""

_SMALL_AT_A_TIME: Final = 2  # one may be slow


class Turns:
    """The threads; they begin with the first work."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_SMALL_AT_A_TIME + 1, thread_name_prefix="work")
        self._small = _Line(_SMALL_AT_A_TIME)
        self._large = _Line(1)
        self._slow: dict[str, float] = {}  # names, and until when; there are no more than methods

    async def briefly(
        self, name: str, source: str, size: int, work: Callable[[bool], T], gives_up: type[Exception]
    ) -> T:
        """What some work yields, or raises: tried at once when it is small, else done by `run`.

        Args:
            name: whose work it is; that of one method takes about as long each time.
            source: for whom it is done.
            size: bytes that it is about.
            work: told whether it has to be brief; done once more, in a thread, when it gave up.
            gives_up: what it then raises.

        """
        now = asyncio.get_running_loop().time()
        if size <= SMALL and self._slow.get(name, now) <= now:
            try:
                return work(True)
            except (gives_up, RecursionError):
                self._slow[name] = now + SLOW_SECONDS
        return await self.run(source, size, lambda: work(False))

    async def run(self, source: str, size: int, work: Callable[[], T]) -> T:
        """What some work yields, or raises. When it is cancelled while it runs, it runs on and keeps its turn.

        Args:
            source: for whom it is done.
            size: bytes that it is about.
            work: it may not touch what belongs to the loop.

        """
        line = self._large if size > LARGE else self._small
        await line.turn(source)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: Any, error: Exception | None) -> None:  # noqa: ANN401 - a T, unless there is an error
            line.give_back()
            if done.done():
                return
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        def run() -> None:
            result, problem = None, None
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                problem = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish, result, problem)

        self._threads.submit(run)
        return await done

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Line:
    """So many at a time; the others wait."""

    def __init__(self, at_a_time: int) -> None:
        self._free = at_a_time
        self._waiting = InTurn[asyncio.Future[None]]()

    async def turn(self, source: str) -> None:
        """Wait until it is one's turn, which must be given back."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(source, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not self._waiting.remove(source, turn) and not turn.cancelled():
                self.give_back()  # it came in the same moment
            raise

    def give_back(self) -> None:
        """A turn is over."""
        while self._waiting:
            turn = self._waiting.take()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
