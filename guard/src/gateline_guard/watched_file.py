"""A file's parsed content, read again when the file changes."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Callable, Generic, TypeVar

T = TypeVar("T")
Signature = tuple[int, int, int, int]

STAT_EVERY: float = 0.1
"""Seconds for which a file is taken as unchanged without a look."""
MAX_BYTES: int = 1 << 20
"""The largest file that is read."""

_log = logging.getLogger("gateline_guard")


class WatchedFile(Generic[T]):
    """What a file says now; what it last said while it is malformed, and nothing when it is emptied or gone.

    Taking the file away must take away what it allowed: nobody looks for another way in a hurry.
    """

    def __init__(self, path: str | Path, parse: Callable[[bytes], T], *, nothing: T) -> None:
        """Read the file. Raises OSError and ValueError: a guard does not start without its material."""
        self._path = Path(path)
        self._parse = parse
        self._nothing = nothing
        seen, content = self._read()
        # One value, so that threads which look at the same time cannot mix what one has seen with what another read.
        self._now: tuple[Signature | None, T] = seen, parse(content)
        self._next_look = time.monotonic() + STAT_EVERY

    def value(self) -> T:
        """The content, at most `STAT_EVERY` seconds old if the file is well formed."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + STAT_EVERY
            self._now = self._look(*self._now)
        return self._now[1]

    def _look(self, seen: Signature | None, value: T) -> tuple[Signature | None, T]:
        try:
            if _signature(self._path.stat()) == seen:
                return seen, value
            # A malformed file is not parsed again and again, only when it changes.
            seen, content = self._read()
            return seen, self._parse(content) if content.strip() else self._emptied()
        except FileNotFoundError:
            return None, self._nothing if seen is None else self._emptied()
        except (OSError, ValueError):
            _log.warning("%s cannot be used; what it last said stays in force", self._path)
            return seen, value

    def _emptied(self) -> T:
        _log.error("%s is empty or gone: nothing is accepted by it", self._path)
        return self._nothing

    def _read(self) -> tuple[Signature, bytes]:
        with self._path.open("rb") as file:
            signature = _signature(os.fstat(file.fileno()))
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"{self._path} is larger than {MAX_BYTES} bytes")
        return signature, content


def _signature(status: os.stat_result) -> Signature:
    # The time of change too: that of modification can be set back to what it was, as `cp -p` does.
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
