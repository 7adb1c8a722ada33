"""Processes that were left behind: found by a mark in their environment, and ended.

A process's group dies with it (isolation.py), and the process with whoever started it. What it has put into a
session of its own, or what is left of a group when its parent was killed, is nobody's child. It still shows in
its environment whose it is: a function's by the name of its log stream, which no two gateways share, everything
else by `GATELINE_TASK`. A program that means to hide gives its children another environment; that is no fault but
an intent, and only users of their own hold it back (DESIGN D12).

The watchman (watchman.py) runs this file as a script, so it knows the standard library only:

    python -I -S strays.py MARK...
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

_PROCESSES: Final = Path("/proc")
_ROUNDS: Final = 20
"""How often one looks: a process may fork while it is looked at."""


def instance_of(scratch: Path) -> str:
    """The end of the log streams' name of all functions with this scratch folder: 32 hexadecimal digits."""
    import hashlib  # noqa: PLC0415 - as in isolation.py

    return hashlib.blake2b(os.fsencode(scratch), digest_size=16).hexdigest()


def function_mark(scratch: Path) -> str:
    """The mark of all functions with this scratch folder, and of what they have started."""
    return f"AWS_LAMBDA_LOG_STREAM_NAME=gateline/[$LATEST]{instance_of(scratch)}"


def end_strays(*marks: str) -> int:
    """Kill all that bear one of these marks; how many processes that were.

    A mark is an entry `NAME=value` of an environment; what stands behind a `/` may follow it. Only on Linux, where
    the kernel shows environments.
    """
    if sys.platform != "linux":
        return 0
    wanted = [os.fsencode(mark) for mark in marks]
    ended = 0
    for _ in range(_ROUNDS):
        found = sum(_end(int(each.name), wanted) for each in _PROCESSES.iterdir() if each.name.isdigit())
        if not found:
            break
        ended += found
    return ended


def _end(pid: int, marks: list[bytes]) -> bool:
    """Kill a process if it bears a mark. A descriptor holds it meanwhile: its id may become another's."""
    with suppress(OSError):
        held = os.pidfd_open(pid)
        try:
            entries = (_PROCESSES / str(pid) / "environ").read_bytes().split(b"\0")
            if any(entry == mark or entry.startswith(mark + b"/") for entry in entries for mark in marks):
                signal.pidfd_send_signal(held, signal.SIGKILL)
                return True
        finally:
            os.close(held)
    return False


if __name__ == "__main__":
    end_strays(*sys.argv[1:])
