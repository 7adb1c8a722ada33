"""What a task says: written by itself into a file, which is followed here and kept short.

No pipe lies between: a task must not wait for us, nor end because we did. Its writer appends, so the file can be
begun anew at any time; what it held goes to a second file beside it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

LONGEST_LOG: Final = 1024 * 1024
"""Bytes of each of the two files, and what is written between two looks."""

MOST_AT_ONCE: Final = 256 * 1024
LONGEST_LINE: Final = 8 * 1024
MOST_WORDS: Final = 5
"""Lines that are told of a task that ended."""

MOST_LOGS: Final = 20
"""Logs of tasks of one service; those of the tasks that were started last stay."""


class TaskLog:
    """Follows the log of one task.

    Args:
        path: the file; it need not be there yet.
        from_end: nothing that it holds now is told.
        rotates: a log that is too long is begun anew, by us alone.

    """

    def __init__(self, path: Path, *, from_end: bool = False, rotates: bool = True) -> None:
        self._path = path
        self._rotates = rotates
        self._at = _size(path) if from_end else 0
        self._rest = b""

    def read(self) -> list[str]:
        """The whole lines that were said since the last reading, or a part of many."""
        size = _size(self._path)
        if size < self._at:  # somebody has cut it off
            self._at = 0
        if size == self._at:
            return []
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(self._at)
            said = file.read(MOST_AT_ONCE)
            self._at += len(said)
            *lines, self._rest = (self._rest + said).split(b"\n")
            if len(self._rest) > LONGEST_LINE:
                lines.append(self._rest)
                self._rest = b""
            if self._rotates and size > LONGEST_LOG:
                self._begin_anew()
            return [_text(line) for line in lines]
        return []

    def finish(self) -> list[str]:
        """What was said since the last reading, when nothing will be said any more."""
        lines = []
        while found := self.read():
            lines += found
        if self._rest:
            lines.append(_text(self._rest))
            self._rest = b""
        return lines

    def last_words(self) -> str:
        """The last lines that are not blank; "" when there are none."""
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(max(0, _size(self._path) - LONGEST_LINE))
            lines = [_text(line) for line in file.read(LONGEST_LINE).splitlines()]
            return "\n".join([line for line in lines if line.strip()][-MOST_WORDS:])
        return ""

    def _begin_anew(self) -> None:
        """What is said while it is copied, and was not read yet, may be lost."""
        with suppress(OSError):
            old = old_log(self._path)
            old.unlink(missing_ok=True)
            kept = os.open(old, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(kept, "wb") as file, self._path.open("rb") as whole:  # noqa: PTH123 - a descriptor
                whole.seek(max(0, _size(self._path) - LONGEST_LOG))
                file.write(whole.read(LONGEST_LOG))
            os.truncate(self._path, 0)
            self._at = 0


def old_log(log: Path) -> Path:
    """Where the words go that a log has no room for any more."""
    return log.with_name(f"{log.name}.old")


def clear_logs(folder: Path, kept: frozenset[str] = frozenset()) -> None:
    """Remove logs of tasks that ended, but for those that were written last.

    Args:
        folder: holds the logs of one service's tasks.
        kept: names of logs that stay whatever their age is.

    """
    with suppress(OSError):
        logs = sorted(folder.glob("*.log"), key=lambda log: log.stat().st_mtime_ns, reverse=True)
        for log in logs[MOST_LOGS:]:
            if log.name not in kept:
                log.unlink(missing_ok=True)
                old_log(log).unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
