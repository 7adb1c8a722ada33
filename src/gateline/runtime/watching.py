"""Watching files and trees of files: tells when they say something else than before.

What the operating system reports is only a hint to look; what counts is the files' signature. So editors that
write by rename, folders that vanish and come back, and lost events (once a second is looked anyway) are all
the same case.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from watchfiles import watch

from gateline.runtime.revision import TreeState, tree_state

STEP_MS: Final = 10
"""A group of events ends when nothing came for so long; saving a file makes several."""

LOOK_ANYWAY_MS: Final = 1000
TREES_SHARE: Final = 0.02
"""Of one processor that looking at trees may take while nothing happens: a large one is looked at less often."""

_PROJECT_FILES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class FileState:
    """What of a file changes with its content: also a rename over it (`inode`)."""

    modified_ns: int
    size: int
    inode: int


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells one state of files from another.

    The folders count with the names of project files in them, since an `include` may match a new one.
    """

    files: Mapping[Path, FileState | None]  # None: missing
    folders: Mapping[Path, frozenset[str]]
    trees: Mapping[Path, TreeState] = field(default_factory=dict)  # of functions' code


def signature(files: Iterable[Path], trees: Iterable[Path] = ()) -> Signature:
    """The state of the files and of all below the trees now."""
    states = {path: _state(path) for path in files}
    return Signature(
        states,
        {folder: _project_files_in(folder) for folder in {path.parent for path in states}},
        {tree: tree_state(tree) for tree in trees},
    )


def looked_again(before: Signature) -> Signature:
    """The state of the same files and trees now."""
    return signature(before.files, before.trees)


def carried_over(before: Signature, now: Signature) -> Signature:
    """The signature of now's files, in the state of before where that is known."""
    return Signature(
        {path: before.files.get(path, state) for path, state in now.files.items()},
        {folder: before.folders.get(folder, names) for folder, names in now.folders.items()},
        {tree: before.trees.get(tree, state) for tree, state in now.trees.items()},
    )


def _state(path: Path) -> FileState | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_mtime_ns, found.st_size, found.st_ino)


def _project_files_in(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.name.endswith(_PROJECT_FILES))
    except OSError:
        return frozenset()


def roots(expected: Signature) -> Mapping[Path, int]:
    """The folders to watch, with their inodes: those of the files, of what links lead to, and all of the trees.

    Of a folder that is missing it is the nearest one above that exists.
    """
    wanted = {place for path in expected.files for place in (path.parent, path.resolve().parent)}
    for tree, state in expected.trees.items():
        wanted |= state.folders or {tree}
    found = {next(folder for folder in (place, *place.parents) if folder.is_dir()) for place in wanted}
    return {folder: _inode(folder) for folder in found}


def _inode(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0


class Watch:
    """Watches files; tells whenever they differ from what is expected. A context manager."""

    def __init__(self, expected: Signature) -> None:
        self._expected = expected
        self._roots = roots(expected)
        self._differs = asyncio.Event()
        self._over = False
        self._interrupt = threading.Event()  # begin anew with other roots, or end

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch, name="watch files", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._interrupt.set()

    async def changed(self, expected: Signature) -> None:
        """Wait until the files differ from what is expected from now on."""
        self._expected = expected
        found = roots(expected)
        if found != self._roots:
            self._roots = found
            self._interrupt.set()
        while True:
            self._differs.clear()
            if await asyncio.to_thread(looked_again, expected) != expected:
                return
            await self._differs.wait()  # which may still speak of what was expected before

    def _watch(self) -> None:
        trees_again = 0.0
        while not self._over:
            self._interrupt.clear()
            for hint in self._hints(self._roots):
                if self._over:
                    return
                expected, began = self._expected, time.monotonic()
                if hint or began >= trees_again:
                    differs = looked_again(expected) != expected
                    trees_again = began + (time.monotonic() - began) / TREES_SHARE
                else:
                    differs = _files_differ(expected)
                if differs:
                    with suppress(RuntimeError):  # the loop is closed
                        self._loop.call_soon_threadsafe(self._differs.set)

    def _hints(self, folders: Iterable[Path]) -> Iterator[object]:
        """Something may have changed: the system says so, or time has passed. Ends when it is interrupted."""
        with suppress(OSError):  # no watches left, a folder that is gone again, a file system without them
            yield from watch(
                *folders,
                watch_filter=None,
                step=STEP_MS,
                debounce=2 * STEP_MS,
                rust_timeout=LOOK_ANYWAY_MS,
                yield_on_timeout=True,
                recursive=False,
                stop_event=self._interrupt,
                raise_interrupt=False,
            )
        while not self._interrupt.wait(LOOK_ANYWAY_MS / 1000):
            yield None


def _files_differ(expected: Signature) -> bool:
    now = signature(expected.files)
    return (now.files, now.folders) != (expected.files, expected.folders)
