"""Watching files: tells when a set of files says something else than before.

What the operating system reports is only a hint to look; what counts is the files' signature. So editors that
write by rename, folders that vanish and come back, and lost events (once a second is looked anyway) are all
the same case.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from watchfiles import watch

STEP_MS: Final = 10
"""A group of events ends when nothing came for so long; saving a file makes several."""

LOOK_ANYWAY_MS: Final = 1000
_DEFINITIONS: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class FileState:
    """What of a file changes with its content: also a rename over it (`inode`)."""

    modified_ns: int
    size: int
    inode: int


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells one state of files from another.

    The folders count with the names of definitions in them, since an `include` may match a new file.
    """

    files: Mapping[Path, FileState | None]  # None: missing
    folders: Mapping[Path, frozenset[str]]


def signature(files: Iterable[Path]) -> Signature:
    """The state of the files now."""
    states = {path: _state(path) for path in files}
    return Signature(states, {folder: _definitions_in(folder) for folder in {path.parent for path in states}})


def carried_over(before: Signature, now: Signature) -> Signature:
    """The signature of now's files, in the state of before where that is known."""
    return Signature(
        {path: before.files.get(path, state) for path, state in now.files.items()},
        {folder: before.folders.get(folder, names) for folder, names in now.folders.items()},
    )


def _state(path: Path) -> FileState | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_mtime_ns, found.st_size, found.st_ino)


def _definitions_in(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.name.endswith(_DEFINITIONS))
    except OSError:
        return frozenset()


def roots(files: Iterable[Path]) -> frozenset[Path]:
    """The folders to watch: those of the files and of what links lead to, or the nearest that exists."""
    places = {place for path in files for place in (path.parent, path.resolve().parent)}
    return frozenset(
        next(folder for folder in (place, *place.parents) if folder.is_dir()) for place in places
    )


class Watch:
    """Watches files until they differ from `before`. A context manager; one watch is good for one change."""

    def __init__(self, before: Signature) -> None:
        self._before = before
        self._files = tuple(before.files)
        self._changed = asyncio.Event()
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._look, name="watch files", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    async def changed(self) -> None:
        """Wait for the change."""
        await self._changed.wait()

    def _look(self) -> None:
        for _ in self._hints():
            if self._stop.is_set():
                return
            if signature(self._files) != self._before:
                with suppress(RuntimeError):  # the loop is closed
                    self._loop.call_soon_threadsafe(self._changed.set)
                return

    def _hints(self) -> Iterator[object]:
        yield None  # what changed before the system was asked
        with suppress(OSError):  # no watches left, or a file system without them
            yield from watch(
                *roots(self._files),
                watch_filter=None,
                step=STEP_MS,
                debounce=2 * STEP_MS,
                rust_timeout=LOOK_ANYWAY_MS,
                yield_on_timeout=True,
                recursive=False,
                stop_event=self._stop,
                raise_interrupt=False,
            )
        while not self._stop.wait(LOOK_ANYWAY_MS / 1000):
            yield None
