"""Starting control as a child of the house, with two lines to it. Imports little: this is done first of all.

Control is what was called with the same arguments; `GATELINE_HOUSE` in its environment says that a house stands
above it, and under which numbers it has inherited the lines and what is held for it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

HOUSE: Final = "GATELINE_HOUSE"
"""The variable, see `Above`."""

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that are meant to end Gateline. Control begins with them blocked, so that none is lost and none ends
it half imported, and unblocks them when it listens."""

_TASK: Final = "GATELINE_TASK"  # as in processes.py, which this must not import


class StartedControl(NamedTuple):
    """A control that was started, and the house's ends of its lines: JSON lines, and descriptors with their keys.

    A tuple, because dataclasses take as long to import as everything else here.
    """

    pid: int
    lines: socket.socket
    handles: socket.socket


class Above(NamedTuple):
    """What control is told about the house above it: its process, and the numbers of what control inherits.

    As text: `PID LINES HANDLES KEY=NUMBER...`.
    """

    pid: int
    lines: int
    handles: int
    held: dict[str, int]

    def text(self) -> str:
        """As the variable's value."""
        held = [f"{key}={number}" for key, number in self.held.items()]
        return " ".join([str(self.pid), str(self.lines), str(self.handles), *held])

    @classmethod
    def of(cls, text: str) -> Above:
        """What such a value says.

        Raises:
            ValueError: it is none.

        """
        pid, lines, handles, *held = text.split(" ")
        pairs = (each.rpartition("=") for each in held)
        return cls(int(pid), int(lines), int(handles), {key: int(number) for key, _, number in pairs})


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
        above = Above(os.getpid(), numbers[0], numbers[1], dict(held))
        environment = {**os.environ, HOUSE: above.text(), _TASK: f"{house}/control"}
        for number in numbers:
            os.set_inheritable(number, True)
        try:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, *sys.orig_argv[1:]],
                environment,
                setsid=True,
                setsigmask=STOPPING,
                setsigdef=[signal.SIGPIPE],
            )
        finally:
            for number in held.values():
                os.set_inheritable(number, False)
    return StartedControl(pid=pid, lines=lines, handles=handles)
