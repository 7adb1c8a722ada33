"""A function's process: a session and, as root, a user of its own; killed with all of its group; tied to our life.

Without root it runs as our own user: nothing of ours is safe from it then but what the kernel keeps from other
processes of one user. The documentation says so plainly (DESIGN D12).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NOT_ISOLATED: Final = "runs as root, not isolated: a user of its own could not read all of "
"""How `own_user` begins to say why; what follows are places."""

PLACES: Final = ", "

NOBODY_ELSE: Final = -1
"""The uid that means: our own user."""

FIRST_UID: Final = 0x7000_0000
"""From here on no distribution and no systemd gives uids away (systemd, "Users, Groups, UIDs and GIDs")."""

UIDS: Final = 1 << 24

TETHERED: Final = "GATELINE_TETHERED_"
"""What the tether takes away again from the names in its environment, to make the program's."""

FILES: Final = "GATELINE_FILES"
"""In our environment: how many open files a child may have, when we may have more."""

_TETHER: Final = Path(__file__).with_name("tether.py")


_CANNOT_READ: Final = 3  # of tether.py


class NotTold(Exception):
    """It is not known whether a function's own user can read its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start. `fds` are inherited under their numbers; `stdout` and `stderr` are descriptors too."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    stdout: int
    stderr: int
    fds: tuple[int, ...] = ()
    uid: int = NOBODY_ELSE


class Child:
    """A running process with its group. `ended` is its exit status (negative: a signal), when all are dead."""

    def __init__(self, process: subprocess.Popen[bytes], lifeline: int) -> None:
        self._process = process
        self._lifeline = lifeline
        self._loop = asyncio.get_running_loop()
        self.pid = process.pid
        self.ended: asyncio.Future[int] = self._loop.create_future()
        try:
            self._descriptor = os.pidfd_open(process.pid)
            self._loop.add_reader(self._descriptor, self._end)
        except (AttributeError, OSError):  # not Linux, or an old kernel, or no descriptor is free
            self._descriptor = -1
            threading.Thread(target=self._wait, daemon=True).start()

    def kill(self) -> None:
        """End it and its group at once. Does nothing when it has ended."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self.ended.done():
            return  # its id may be another's by now
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _wait(self) -> None:
        self._process.wait()
        with suppress(RuntimeError):  # the loop is gone, and with it whoever asked
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if self.ended.done():
            return
        self._signal(signal.SIGKILL)  # what it left behind; its id is not given away before it is waited for
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
        if self._lifeline >= 0:
            os.close(self._lifeline)
        self.ended.set_result(self._process.wait())


def start(command: Command) -> Child:
    """Start a process that does not outlive this one. Needs a running event loop, and its thread.

    The kernel ties a process to the *thread* that starts it.

    Raises:
        OSError: no process can be started. The program is looked for by the tether, which tells on standard
            error and ends with status 1 when there is none.

    """
    stdin, lifeline = subprocess.DEVNULL, -1
    if sys.platform != "linux":
        stdin, lifeline = os.pipe()
    try:
        process = subprocess.Popen(
            _tethered(command.uid, command.arguments),
            stdin=stdin,
            stdout=command.stdout,
            stderr=command.stderr,
            env=_limits() | {TETHERED + name: value for name, value in command.environment.items()},
            cwd=command.folder,
            pass_fds=command.fds,
            start_new_session=True,
        )
    except BaseException:
        if lifeline >= 0:
            os.close(lifeline)
        raise
    finally:
        if stdin >= 0:
            os.close(stdin)
    return Child(process, lifeline)


def attached(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[Sequence[str], Mapping[str, str]]:
    """What to start, with which environment, for a program that works on our terminal and does not outlive us.

    Elsewhere than on Linux it is the program itself.
    """
    if sys.platform != "linux":
        return arguments, environment
    tethered = _tethered(NOBODY_ELSE, ("--attached", *arguments))
    return tethered, {TETHERED + name: value for name, value in environment.items()}


def uid_of(scratch: Path, function: str) -> int:
    """The user that a function gets: no other one's, also not of another gateway, which has other scratch."""
    import hashlib  # noqa: PLC0415 - brings OpenSSL, and the house, which starts processes too, stays small

    digest = hashlib.sha256(os.fsencode(scratch) + b"\0" + function.encode()).digest()
    return FIRST_UID + int.from_bytes(digest[:4], "big") % UIDS


async def own_user(uid: int, needs: Sequence[Path]) -> tuple[int, str]:
    """The user to run a function as, and why it is our own when it is (""): nobody asked, we are not root).

    As root a function gets the uid when that user can read all that it needs.

    Raises:
        NotTold: the question was not answered. A process of that user may have ended who asks it: it does not
            become us for that.

    """
    if os.geteuid() != 0:
        return NOBODY_ELSE, ""
    probe = start(
        Command(
            arguments=("--reaches", *map(str, needs)),
            environment={},
            folder=Path("/"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            uid=uid,
        )
    )
    status = await probe.ended
    if status == 0:
        return uid, ""
    if status != _CANNOT_READ:
        raise NotTold(f"whether a user of its own can read its code was not told ({ending(status)})")
    return NOBODY_ELSE, NOT_ISOLATED + PLACES.join(map(str, needs))


def _limits() -> dict[str, str]:
    return {FILES: os.environ[FILES]} if FILES in os.environ else {}


def _tethered(uid: int, arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), str(uid), *arguments]


def ending(status: int) -> str:
    """How a process ended, for people: `status 1`, `signal SIGSEGV`."""
    if status >= 0:
        return f"status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
