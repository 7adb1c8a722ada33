"""Starting control as a child of the house, with two lines to it. Imports little: this is done first of all.

Control is what was called with the same arguments; `GATELINE_HOUSE` in its environment says that a house stands
above it, and under which numbers it has inherited the lines and what is held for it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HOUSE: Final = "GATELINE_HOUSE"
"""The variable: JSON `{"pid", "lines", "handles", "held": {KEY: NUMBER}}`."""

_TASK: Final = "GATELINE_TASK"  # as in processes.py, which this must not import


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedControl:
    """A control that was started, and the house's ends of its lines: JSON lines, and descriptors with their keys."""

    pid: int
    lines: socket.socket
    handles: socket.socket


def start_control(house: str, held: Mapping[str, int]) -> StartedControl:
    """Start a control that works on this process's terminal, in a session of its own.

    So a terminal's Ctrl-C reaches the house alone, which forwards it.

    Args:
        house: the id of the house.
        held: descriptors that outlive controls.

    Raises:
        OSError: no process can be started.

    """
    lines, their_lines = socket.socketpair()
    handles, their_handles = socket.socketpair()
    with their_lines, their_handles:
        numbers = (their_lines.fileno(), their_handles.fileno(), *held.values())
        told = {"pid": os.getpid(), "lines": numbers[0], "handles": numbers[1], "held": dict(held)}
        environment = {**os.environ, HOUSE: json.dumps(told), _TASK: f"{house}/control"}
        for number in numbers:
            os.set_inheritable(number, True)
        try:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, *sys.orig_argv[1:]],
                environment,
                setsid=True,
                setsigdef=[signal.SIGPIPE],
            )
        finally:
            for number in held.values():
                os.set_inheritable(number, False)
    return StartedControl(pid=pid, lines=lines, handles=handles)
