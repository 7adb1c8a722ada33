"""One child process: started with a scrubbed environment, tied to this process, its words kept in a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateline.processes import isolation
from gateline.processes.isolation import NOBODY_ELSE, Child, ending

__all__ = ["Child", "Command", "ending", "keep_short", "log_trouble", "scrubbed", "spawn", "trim"]

PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What a child learns from Gateline's own environment (DESIGN D12)."""

LONGEST_LOG: Final = 8 * 1024 * 1024
LOOK_AT_LOGS_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start.

    Attributes:
        arguments: the program and its arguments; the program is looked for in the environment's PATH.
        environment: all that it gets.
        folder: where it works.
        log: takes standard output and standard error.
        uid: the user whose process it becomes; NOBODY_ELSE: ours.
        mark: an entry `NAME=value` of the environments of what it starts, beside those that bear its own; what
            bears it is ended when the process has ended (`gateline.processes.strays`).

    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    uid: int = NOBODY_ELSE
    mark: str = ""


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """What of this environment a child may see."""
    return {name: environ[name] for name in PASSED_ON if name in environ}


def spawn(command: Command) -> Child:
    """Start a child that does not outlive this process; its words are appended to its log.

    The kernel ties it to the *thread* that starts it, so this runs on the event loop's own thread. It gets a
    session of its own: a terminal's Ctrl-C reaches Gateline, which drains it.

    Raises:
        OSError: it cannot be started, or its log cannot be opened.

    """
    log = _open_log(command.log)
    try:
        return isolation.start(
            isolation.Command(
                arguments=command.arguments,
                environment=command.environment,
                folder=command.folder,
                stdout=log,
                stderr=log,
                uid=command.uid,
            )
        )
    finally:
        os.close(log)


def log_trouble(log: Path, error: OSError) -> None:
    """Say in its log why a process could not be started."""
    with suppress(OSError):
        opened = _open_log(log)
        os.write(opened, f"Gateline cannot start it: {error.strerror}\n".encode())
        os.close(opened)


def trim(log: Path) -> None:
    """Begin a log anew that grew too long. Its writer appends, so it goes on at the new end."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LONGEST_LOG:
            os.truncate(log, 0)


async def keep_short(*logs: Path) -> None:
    """Trim these logs again and again, for ever: Envoy says every second that somebody is away."""
    while True:
        await asyncio.sleep(LOOK_AT_LOGS_SECONDS)
        for log in logs:
            trim(log)


def _open_log(path: Path) -> int:
    trim(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
