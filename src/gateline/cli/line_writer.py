"""Writes on a thread of its own what is told while a project runs.

A terminal that takes nothing (Ctrl-S), or a slow reader of a pipe, must not stop whoever hands lines over; so
what comes on top of `MOST_WAITING` is dropped and counted. Nor may a full disk or a reader that is gone: what
cannot be written is lost, and the next line is tried.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST_WAITING: Final = 10_000
CLOSE_SECONDS: Final = 1.0


class LineWriter(Generic[T]):
    """Hands each thing that is put here to `write`, in order, on another thread.

    Args:
        write: shows one thing; may block.
        tell_dropped: shows how many were dropped.

    """

    def __init__(self, write: Callable[[T], object], tell_dropped: Callable[[int], object]) -> None:
        self._write = write
        self._tell_dropped = tell_dropped
        self._waiting: deque[T] = deque()
        self._dropped = 0
        self._over = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, item: T) -> None:
        """Have it written; never blocks."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="write lines", daemon=True)
                self._thread.start()
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(item)
            else:
                self._dropped += 1
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, unless that takes longer than `CLOSE_SECONDS`."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._dropped or self._over)
                waiting, self._waiting = self._waiting, deque()
                dropped, self._dropped = self._dropped, 0
                over = self._over
            writes = [partial(self._write, item) for item in waiting]
            if dropped:
                writes.append(partial(self._tell_dropped, dropped))
            for write in writes:
                with suppress(OSError, ValueError):
                    write()
            if over:
                return
