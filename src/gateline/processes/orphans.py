"""The dead whom nobody waits for: process 1 of a container inherits every orphan in it, and must reap them.

Whoever starts a process here waits for it, and is told of its end before the next look. So what is dead at two
looks in a row was somebody else's child, and would stay in the table of processes for ever.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

LOOK_EVERY: Final = 1.0
INIT: Final = 1


async def reap_orphans(every: float = LOOK_EVERY) -> None:
    """Look every so many seconds, until cancelled. Where we are not process 1, nobody's orphans are ours."""
    before: frozenset[int] = frozenset()
    while os.getpid() == INIT:
        before = reap(before)
        await asyncio.sleep(every)


def reap(before: frozenset[int]) -> frozenset[int]:
    """Reap who was dead `before` and still is; the others that are dead now."""
    dead = frozenset(pid for pid in _children() if _is_dead(pid))
    for pid in dead & before:
        with suppress(ChildProcessError):  # somebody has waited for it after all
            os.waitpid(pid, os.WNOHANG)
    return dead - before


def _children() -> list[int]:
    try:
        tables = Path("/proc/self/task").glob("*/children")
        return [int(pid) for table in tables for pid in table.read_text(encoding="ascii").split()]
    except OSError:  # no Linux, or one that does not tell
        return []


def _is_dead(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False
