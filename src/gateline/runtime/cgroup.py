"""Cgroups: the limits that the kernel holds this process to, read where they stand.

Those of its own group and of all above it count. Version 2 has one tree (kernel: `admin-guide/cgroup-v2`), version 1
one for each controller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

CGROUPS: Final = Path("/sys/fs/cgroup")
OWN_CGROUP: Final = Path("/proc/self/cgroup")

_T = TypeVar("_T")


def limits(
    controller: str,
    unified: Callable[[Path], _T],
    legacy: Callable[[Path], _T],
    *,
    cgroups: Path = CGROUPS,
    own: Path = OWN_CGROUP,
) -> Iterator[_T]:
    """The limits of a controller on this process.

    `unified` and `legacy` read one from a folder of version 2 and 1; a ValueError of theirs says that there is none.
    """
    with suppress(OSError, ValueError):
        for line in own.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                yield from _read(cgroups, path, unified)
            elif controller in controllers.split(","):
                for mounted in {
                    controller,
                    controllers,
                }:  # a mount of several controllers, and the link to it
                    yield from _read(cgroups / mounted, path, legacy)


def _read(root: Path, path: str, read: Callable[[Path], _T]) -> Iterator[_T]:
    for folder in _folders(root, path):
        with suppress(OSError, ValueError):
            yield read(folder)


def _folders(root: Path, path: str) -> Iterator[Path]:
    """The cgroup's folder and those above. A container may see its own at the root, under another path."""
    folder = root / path.lstrip("/")
    yield folder
    yield from (above for above in folder.parents if above == root or root in above.parents)
