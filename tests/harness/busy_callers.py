"""Callers who send one request after another on kept connections, in the background, and count what they get."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final, Self

from harness.raw_client import RawConnection

_PAUSE: Final = 0.005
"""Seconds until a refused caller tries again."""


class BusyCallers:
    """Threads that send one request over and over while this is entered; then `answers` counts statuses.

    A connection that ends without an answer counts as 0, and another one is opened. `refused` counts connections
    that nobody took: no request was sent over them.
    """

    def __init__(self, port: int, request: bytes, *, count: int = 2) -> None:
        self.answers: Counter[int] = Counter()
        self.refused = 0
        self._port = port
        self._request = request
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def go_on_for(self, more: int) -> None:
        """Wait until so many more answers have come."""
        with self._changed:
            wanted = self.answers.total() + more
            assert self._changed.wait_for(lambda: self.answers.total() >= wanted, 30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                opened = RawConnection(self._port)
            except ConnectionError:  # refused, or taken by one that ended before the handshake did
                with self._changed:
                    self.refused += 1
                self._stop.wait(_PAUSE)
                continue
            with opened as connection:
                while not self._stop.is_set() and not connection.closed:
                    connection.send(self._request)
                    answer = connection.receive()
                    with self._changed:
                        self.answers[answer.status if answer else 0] += 1
                        self._changed.notify_all()
                    if answer is None or b"close" in answer.all(b"connection"):
                        break
