"""The request log: Envoy writes records into a named pipe, two threads take them out and show them.

One thread only reads, so that Envoy never waits for a slow terminal (it would keep the lines in its own
memory, without a bound); the other renders and writes. Between them stand at most `MOST_WAITING` bytes; what
comes on top is counted and dropped. Neither touches the event loop: a blocked terminal must not stop the
control plane.
"""

from __future__ import annotations

import fcntl
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MOST_WAITING: Final = 4 * 1024 * 1024
PIPE_SIZE: Final = 1024 * 1024
LONGEST_RECORD: Final = 256 * 1024
_CHUNK: Final = 256 * 1024
_LINUX_SET_PIPE_SIZE: Final = 1031  # F_SETPIPE_SZ


class LogFormat(StrEnum):
    """How requests are shown; with NONE Envoy is not even told to log."""

    PRETTY = "pretty"
    JSON = "json"
    NONE = "none"


class RequestLog:
    """Reads the pipe at `path` and shows each record that `render` makes a line of.

    Args:
        path: where the pipe is; Envoy opens it by this name. Made if it is missing.
        render: a record to a line, or None to show nothing.
        write: takes lines of text, each with its line end; may block.

    """

    def __init__(
        self, path: Path, render: Callable[[bytes], str | None], write: Callable[[str], object]
    ) -> None:
        self._path = path
        self._render = render
        self._write = write
        self._waiting: deque[list[bytes]] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._over = False
        self._changed = threading.Condition()

    @property
    def handle(self) -> int:
        """The pipe, as long as this is entered: whoever holds it open keeps Envoy from losing its reader."""
        return self._read_end

    def __enter__(self) -> Self:
        with suppress(FileExistsError):  # a former control's: Envoy has it open
            os.mkfifo(self._path, 0o600)
        # Held open for writing, too, so that an Envoy that ends does not end the log.
        self._read_end = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        _enlarge(self._read_end)
        self._wake_read, self._wake_write = os.pipe()
        self._threads = [
            threading.Thread(target=self._read, name="request log: read", daemon=True),
            threading.Thread(target=self._show, name="request log: show", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show what is still in the pipe, then stop. A terminal that takes nothing is not waited for.

        The pipe's name stays: whoever owns the folder removes it, when nobody comes after us.
        """
        os.write(self._wake_write, b".")
        for thread in self._threads:
            thread.join(timeout=2.0)
        for handle in (self._read_end, self._wake_read, self._wake_write):
            os.close(handle)

    def _read(self) -> None:
        rest = b""
        while True:
            ready, _, _ = select.select([self._read_end, self._wake_read], [], [])
            if self._read_end in ready:
                rest = self._take(rest + _available(self._read_end))
            elif self._wake_read in ready:
                break
        with self._changed:
            self._over = True
            self._changed.notify()

    def _take(self, read: bytes) -> bytes:
        """Hand on the whole lines; returns the begun one."""
        *lines, rest = read.split(b"\n")
        if len(rest) > LONGEST_RECORD:
            rest = b""
        if lines:
            size = len(read) - len(rest)
            with self._changed:
                if self._waiting_bytes + size > MOST_WAITING:
                    self._dropped += len(lines)
                else:
                    self._waiting.append(lines)
                    self._waiting_bytes += size
                self._changed.notify()
        return rest

    def _show(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._dropped or self._over)
                batches, self._waiting = self._waiting, deque()
                self._waiting_bytes = 0
                dropped, self._dropped = self._dropped, 0
                over = self._over
            try:
                for lines in batches:
                    self._write_batch(lines)
                if dropped:
                    self._write_dropped(dropped)
            except (OSError, ValueError):
                return  # the reader of our output is gone; the pipe is emptied all the same
            if over:
                return

    def _write_batch(self, lines: list[bytes]) -> None:
        shown = [text for line in lines if line and (text := self._render(line)) is not None]
        if shown:
            self._write("\n".join(shown) + "\n")

    def _write_dropped(self, dropped: int) -> None:
        text = self._render(
            b'{"why":"%d more requests were not shown: they came faster than they can be"}' % dropped
        )
        if text is not None:
            self._write(text + "\n")


def _available(handle: int) -> bytes:
    try:
        return os.read(handle, _CHUNK)
    except BlockingIOError:
        return b""


def _enlarge(pipe: int) -> None:
    """Room for a burst, where the system allows it."""
    try:
        fcntl.fcntl(pipe, _LINUX_SET_PIPE_SIZE, PIPE_SIZE)
    except OSError:
        return
