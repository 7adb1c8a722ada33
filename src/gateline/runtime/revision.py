"""Revisions: what tells one state of a function's code from another, and what is looked at to see it change.

A file counts with its path, its size and its time, so nothing is read. Folders whose names begin with a dot and
`__pycache__` do not count, nor do files that look like a function's own notes (`calls.log`, `count`): running the
code must not look like an edit of it, or every call would throw away what was decided before.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateline.model.function import Function

MOST_ENTRIES: Final = 50_000
"""Of one tree; what comes later does not count."""

MOST_FOLDERS: Final = 2_000
"""Of one tree; those are watched, what lies deeper is looked at once a second."""

_ARCHIVES: Final = frozenset({".zip", ".jar"})
_PASSING: Final = (".pyc", "~", ".swp", ".swx", ".tmp")
"""Ends of names of files that compilers and editors leave for a moment."""


_WRITTEN: Final = frozenset(
    {
        ".log", ".txt", ".out", ".err", ".pid", ".lock", ".csv", ".jsonl", ".db", ".sqlite", ".sqlite3",
        ".db-journal", ".db-wal", ".db-shm", ".sqlite-journal", ".sqlite-wal", ".sqlite-shm",
    }
)  # fmt: skip
"""Suffixes of what programs write. A file without a suffix is code when it can be run, as `bootstrap` can."""


@dataclass(frozen=True, slots=True)
class TreeState:
    """The state of one tree: a digest of its files, and the folders to watch."""

    digest: str
    folders: frozenset[Path] = frozenset()


def code_trees(functions: Iterable[Function]) -> frozenset[Path]:
    """Where the code and the layers of functions lie."""
    return frozenset(
        Path(place) for function in functions for place in (function.code, *function.layers) if place
    )


def tree_state(place: Path) -> TreeState:
    """The state of a folder, an archive, or a file with its neighbours of the same kind; never raises."""
    digest = hashlib.sha256()
    folders: set[Path] = set()
    for _, entry in zip(range(MOST_ENTRIES), _entries(place, folders), strict=False):
        try:
            found = os.stat(entry)  # noqa: PTH116 - an entry of a scan costs less than a Path
        except OSError:
            continue
        suffix = os.path.splitext(entry)[1].lower()  # noqa: PTH122
        if suffix in _WRITTEN or (not suffix and not found.st_mode & 0o111):
            continue
        digest.update(
            f"{entry}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ino}\0".encode(errors="replace")
        )
    return TreeState(digest.hexdigest(), frozenset(sorted(folders)[:MOST_FOLDERS]))


def revisions(functions: Iterable[Function]) -> dict[str, str]:
    """The revision of each function's code, by the function's name; "" for one whose code is not here."""
    functions = tuple(functions)
    states: Mapping[Path, TreeState] = {place: tree_state(place) for place in code_trees(functions)}
    return {
        function.name: ",".join(
            states[Path(place)].digest[:32] for place in (function.code, *function.layers) if place
        )
        for function in functions
    }


def _entries(place: Path, folders: set[Path]) -> Iterator[str]:
    """The paths of all files that count, in a fixed order; adds the folders that hold them."""
    if place.is_dir():
        yield from _below(str(place), folders)
    elif place.suffix.lower() in _ARCHIVES:
        folders.add(place.parent)
        yield str(place)
    else:  # a single file means its folder: it can import its neighbours
        folders.add(place.parent)
        yield from (entry.path for entry in _scan(str(place.parent)) if entry.name.endswith(place.suffix))


def _below(folder: str, folders: set[Path]) -> Iterator[str]:
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        folders.add(Path(folder))
        for entry in _scan(folder):
            if not _is_folder(entry):
                yield entry.path
            elif entry.name != "__pycache__" and not entry.name.startswith("."):
                waiting.append(entry.path)


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry for entry in entries if not entry.name.endswith(_PASSING)),
                key=lambda entry: entry.name,
            )
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)  # links to folders could lead round in circles
    except OSError:
        return False
