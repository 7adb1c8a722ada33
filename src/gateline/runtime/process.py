"""One child process: started with a scrubbed environment, tied to this process, its words kept in a file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What a child learns from Gateline's own environment (DESIGN D12)."""

LONGEST_LOG: Final = 8 * 1024 * 1024
_LIFELINE: Final = Path(__file__).with_name("lifeline.py")
_TIE: Final = "kernel" if sys.platform == "linux" else "pipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start. `log` takes standard output and standard error."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path


class Child:
    """A running child process."""

    def __init__(self, process: asyncio.subprocess.Process, lifeline: int) -> None:
        self._process = process
        self._lifeline = lifeline

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Its exit status, when it has ended; negative: the signal that ended it."""
        status = await self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return status

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            self._process.kill()


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """What of this environment a child may see."""
    return {name: environ[name] for name in PASSED_ON if name in environ}


def ending(status: int) -> str:
    """How a process ended, for people: `status 1`, `signal SIGSEGV`."""
    if status >= 0:
        return f"status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


async def spawn(command: Command) -> Child:
    """Start a child that does not outlive this process.

    The kernel ties it to the *thread* that starts it, so this runs on the event loop's own thread. It gets a
    session of its own: a terminal's Ctrl-C reaches Gateline, which drains it.
    """
    log = _open_log(command.log)
    read_end, write_end = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_LIFELINE), _TIE, str(os.getpid()), *command.arguments),
            stdin=read_end,
            stdout=log,
            stderr=log,
            env=dict(command.environment),
            cwd=command.folder,
            start_new_session=True,
        )
    except BaseException:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
        os.close(log)
    return Child(process, write_end)


def trim(log: Path) -> None:
    """Begin a log anew that grew too long. Its writer appends, so it goes on at the new end."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LONGEST_LOG:
            os.truncate(log, 0)


def _open_log(path: Path) -> int:
    trim(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
