"""Start a program that does not outlive the process that asked for it. A script, standard library only.

    python -I -S lifeline.py kernel|pipe PARENT-PID PROGRAM ARGUMENT...

A kill -9 of Gateline must not leave an Envoy behind that serves an old configuration for ever. On Linux the
kernel sees to it (PR_SET_PDEATHSIG, which survives exec). Elsewhere a small process stays beside the program:
its standard input is a pipe whose other end only Gateline holds, and when that closes it kills the program.

A script of its own, because code between fork and exec in a process with threads (gRPC has some) may
deadlock.
"""

from __future__ import annotations

import os
import select
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent and become the program."""
    tie, parent, *command = arguments
    if tie == "kernel":
        _ask_kernel()
        if os.getppid() != int(parent):
            sys.exit(1)  # the parent died before the kernel was asked
    else:
        _leave_watchman(os.getpid())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _ask_kernel() -> None:
    import ctypes  # noqa: PLC0415 - only on Linux, and it costs a third of this script's time

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _leave_watchman(program: int) -> None:
    """Fork a process that kills the program when the pipe on standard input closes."""
    if os.fork() != 0:
        return
    for taken in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(taken, signal.SIG_IGN)
    while os.getppid() == program:
        closed, _, _ = select.select([0], [], [], 0.5)
        if closed and not os.read(0, 1):
            if os.getppid() == program:
                os.kill(program, signal.SIGKILL)
            break
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
