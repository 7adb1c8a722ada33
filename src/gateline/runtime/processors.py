"""How many processors this process may really use: affinity, and what the cgroup allows.

A cpuset needs no reading, since the kernel keeps affinity inside of it. Quotas stand in `cpu.max` (cgroup v2,
kernel's `admin-guide/cgroup-v2`) or `cpu.cfs_quota_us` (v1, `scheduler/sched-bwc`), and those of all above count.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")


def usable_processors(cgroups: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> int:
    """At least 1. A quota of half a processor more rounds up: a worker thread cannot be halved."""
    if sys.platform == "linux":
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    limits = [count, *(math.ceil(quota) for quota in _quotas(cgroups, own))]
    return max(1, min(limits))


def _quotas(cgroups: Path, own: Path) -> Iterator[float]:
    """The quotas of this process's cgroup and of all above it, in processors."""
    with suppress(OSError, ValueError):
        for line in own.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                yield from _unified(cgroups, path)
            elif "cpu" in controllers.split(","):
                for mounted in {"cpu", controllers}:  # a mount of several controllers, and the link to it
                    yield from _legacy(cgroups / mounted, path)


def _folders(root: Path, path: str) -> Iterator[Path]:
    """The cgroup's folder and those above. A container may see its own at the root, under another path."""
    folder = root / path.lstrip("/")
    yield folder
    yield from (above for above in folder.parents if above == root or root in above.parents)


def _unified(root: Path, path: str) -> Iterator[float]:
    for folder in _folders(root, path):
        with suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            yield int(quota) / int(period)  # "max" is no number: no limit here


def _legacy(root: Path, path: str) -> Iterator[float]:
    for folder in _folders(root, path):
        with suppress(OSError, ValueError):
            quota = int((folder / "cpu.cfs_quota_us").read_text(encoding="ascii"))
            period = int((folder / "cpu.cfs_period_us").read_text(encoding="ascii"))
            if quota > 0:
                yield quota / period
