"""A file's parsed content, read again when the file changes."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Callable, Generic, TypeVar

T = TypeVar("T")

STAT_EVERY: float = 0.1
"""Seconds for which a file is taken as unchanged without a look."""
MAX_BYTES: int = 1 << 20
"""The largest file that is read."""

_log = logging.getLogger("gateline_guard")


class WatchedFile(Generic[T]):
    """What a file says now; what it last said while it is away, half written or malformed."""

    def __init__(self, path: str | Path, parse: Callable[[bytes], T]) -> None:
        """Read the file. Raises OSError and ValueError: a guard does not start without its material."""
        self._path = Path(path)
        self._parse = parse
        self._seen, content = self._read()
        self._value = parse(content)
        self._next_look = time.monotonic() + STAT_EVERY

    def value(self) -> T:
        """The content, at most `STAT_EVERY` seconds old if the file is well formed."""
        now = time.monotonic()
        if now < self._next_look:
            return self._value
        self._next_look = now + STAT_EVERY
        try:
            if _signature(self._path.stat()) != self._seen:
                # First of all: a malformed file is not parsed again and again, only when it changes.
                self._seen, content = self._read()
                self._value = self._parse(content)
        except (OSError, ValueError):
            _log.warning("%s cannot be used; what it last said stays in force", self._path)
        return self._value

    def _read(self) -> tuple[tuple[int, int, int], bytes]:
        with self._path.open("rb") as file:
            signature = _signature(os.fstat(file.fileno()))
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"{self._path} is larger than {MAX_BYTES} bytes")
        return signature, content


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino
