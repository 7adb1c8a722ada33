"""Become a process of Gateline's or the user's: another user if told so, and no life beyond Gateline's.

Standard library only.

    python -I -S tether.py PARENT-PID UID PROGRAM ARGUMENT...
    python -I -S tether.py PARENT-PID UID --attached PROGRAM ARGUMENT...
    python -I -S tether.py PARENT-PID UID --reaches PATH...

UID -1: stay who you are. `--reaches` runs nothing: exit status 0 says that this user can read all of the paths,
what is in folders included, 3 that it cannot; any other says nothing. `--attached`: the program keeps standard input
and may leave a core, as if a shell had started it. `GATELINE_FILES` in the environment: how many files the program may
open (soft limit), when its parent may open more. The program's environment is what stands in
ours behind `GATELINE_TETHERED_`: an LD_PRELOAD of a function's must not be loaded before this is another user's
process.

A script of its own, because code between fork and exec in a process with threads may deadlock.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import warnings  # noqa: F401 - `os.execvpe` wants it, when this user may not read the library any more
from collections.abc import Iterator

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
MOST_LOOKED_AT = 20_000
CANNOT_READ = 3
PREFIX = "GATELINE_TETHERED_"
FILES = "GATELINE_FILES"


def main(arguments: list[str]) -> None:
    """Change the user, tie this process to its parent, become the program."""
    parent, uid, program, *rest = arguments
    attached = program == "--attached"
    if attached:
        program, *rest = rest
    else:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold secrets of the function
    if FILES in os.environ:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(os.environ[FILES]), hard))
    if sys.platform == "linux":
        _tie_and_become(int(uid))
        if os.getppid() != int(parent):
            sys.exit(1)  # the parent died before the kernel was asked
    else:
        _leave_watchman(os.getpid())
        _become(int(uid))
    if program == "--reaches":
        sys.exit(0 if all(map(_is_readable, _below(rest))) else CANNOT_READ)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and what is ignored stays so
        signal.signal(ignored, signal.SIG_DFL)
    if not attached:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
    environment = {name[len(PREFIX) :]: os.environ[name] for name in os.environ if name.startswith(PREFIX)}
    try:
        os.execvpe(program, [program, *rest], environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        if attached:
            sys.stderr.write(f"gateline: cannot run {program}: {error.strerror}\n")
            sys.exit(127 if isinstance(error, FileNotFoundError) else 126)  # as shells say it
        sys.exit(f"cannot run {program}: {error.strerror}")


def _become(uid: int) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


def _tie_and_become(uid: int) -> None:
    import ctypes  # noqa: PLC0415 - only on Linux, and it costs a third of this script's time

    prctl = ctypes.CDLL(None).prctl
    _become(uid)  # first: the kernel forgets the death signal when the user changes
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if uid >= 0:
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # no set-user-id program makes it somebody else again


def _leave_watchman(program: int) -> None:
    """Fork a process that kills the program's group when the pipe on standard input closes."""
    if os.fork() != 0:
        return
    os.setpgid(0, 0)  # not among those who are killed
    while os.getppid() == program:
        closed, _, _ = select.select([0], [], [], 0.5)
        if closed and not os.read(0, 1):
            if os.getppid() == program:
                os.killpg(program, signal.SIGKILL)
            break
    os._exit(0)


def _is_readable(path: str) -> bool:
    is_folder = os.path.isdir(path)  # noqa: PTH112 - no pathlib: it costs as much time as all the rest
    return os.access(path, os.R_OK | (os.X_OK if is_folder else 0))


def _below(paths: list[str]) -> Iterator[str]:
    """The paths and what is in them, so far as one looks.

    Links lead where they lead. Hidden files are left out: code is not hidden, and an unreadable `.env` is no
    reason to run a function as somebody who can read it.
    """
    looked_at = 0
    for path in paths:
        yield path
        for folder, folders, files in os.walk(path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in (*folders, *(name for name in files if not name.startswith("."))):
                looked_at += 1
                if looked_at > MOST_LOOKED_AT:
                    return
                inner = f"{folder}/{name}"
                if not os.path.islink(inner):  # noqa: PTH114
                    yield inner


if __name__ == "__main__":
    main(sys.argv[1:])
