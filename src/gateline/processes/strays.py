"""Processes that functions leave behind: found by their environment, and ended.

A worker's process group dies with the worker (isolation.py), and the worker with the host. What a function has
put into a session of its own, or what is left of a group when the host was killed, is nobody's child. It still
shows in its environment whose it is: the name of its log stream, which no two gateways share. A function that
means to hide gives its children another environment; that is no fault but an intent, and only users of their
own hold it back (DESIGN D12).
"""

from __future__ import annotations

import hashlib
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
    return hashlib.blake2b(os.fsencode(scratch), digest_size=16).hexdigest()


def end_strays(scratch: Path) -> int:
    """Kill all that functions with this scratch folder have left running; how many processes that were.

    Only on Linux, where the kernel shows environments.
    """
    if sys.platform != "linux":
        return 0
    mark = f"AWS_LAMBDA_LOG_STREAM_NAME=gateline/[$LATEST]{instance_of(scratch)}".encode()
    ended = 0
    for _ in range(_ROUNDS):
        found = sum(_end(int(each.name), mark) for each in _PROCESSES.iterdir() if each.name.isdigit())
        if not found:
            break
        ended += found
    return ended


def _end(pid: int, mark: bytes) -> bool:
    """Kill a process if it bears the mark. A descriptor holds it meanwhile: its id may become another's."""
    with suppress(OSError):
        held = os.pidfd_open(pid)
        try:
            if mark in (_PROCESSES / str(pid) / "environ").read_bytes().split(b"\0"):
                signal.pidfd_send_signal(held, signal.SIGKILL)
                return True
        finally:
            os.close(held)
    return False
