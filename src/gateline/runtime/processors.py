"""How many processors this process may really use: affinity, and what the cgroup allows.

A cpuset needs no reading, since the kernel keeps affinity inside of it. Quotas stand in `cpu.max`, or in
`cpu.cfs_quota_us` (`scheduler/sched-bwc`), and those of all above count.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

from gateline.runtime.cgroup import CGROUPS, OWN_CGROUP, limits


def usable_processors(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> int:
    """At least 1. A quota of half a processor more rounds up: a worker thread cannot be halved."""
    if sys.platform == "linux":
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quotas = limits("cpu", _unified, _legacy, cgroups=cgroups, own=own)
    return max(1, min([count, *(math.ceil(quota) for quota in quotas)]))


def _unified(folder: Path) -> float:
    quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
    return int(quota) / int(period)  # "max" is no number: no limit here


def _legacy(folder: Path) -> float:
    quota = int((folder / "cpu.cfs_quota_us").read_text(encoding="ascii"))
    period = int((folder / "cpu.cfs_period_us").read_text(encoding="ascii"))
    if quota <= 0:
        raise ValueError("no limit")
    return quota / period
