"""How much memory this process and its children may use: the machine's, or what the cgroup allows."""

from __future__ import annotations

import os
from pathlib import Path

from gateline.runtime.cgroup import CGROUPS, OWN_CGROUP, limits


def usable_memory(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> int:
    """In bytes."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *limits("memory", _unified, _legacy, cgroups=cgroups, own=own)])


def _unified(folder: Path) -> int:
    return int((folder / "memory.max").read_text(encoding="ascii"))  # "max" is no number: no limit here


def _legacy(folder: Path) -> int:
    return int(
        (folder / "memory.limit_in_bytes").read_text(encoding="ascii")
    )  # without one, more than any machine has
