"""Access logs of balancers: files that Envoy appends to, made before it opens them and kept short.

Envoy opens a log once. One that was moved away (logrotate), or has become too long and is moved away here, is begun
anew: the file is made, and Envoy told to open its logs again. That needs no signal; Envoy takes SIGUSR1 too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateline.errors import FileUnreadable
from gateline.model.codes import ACCESS_LOG_INVALID
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.runtime.admin import Admin
from gateline.runtime.upkeep import Duty

LONGEST: Final = 100 * 1024 * 1024
"""Bytes of a log, and what is written between two looks."""

KEPT: Final = 4
"""Former logs, the newest of which is `.1`."""


def logs_of(gateway: Gateway) -> tuple[Path, ...]:
    """The files of a project's access logs."""
    paths = (balancer.access_log for balancer in gateway.load_balancers if balancer.access_log)
    return tuple(Path(path) for path in dict.fromkeys(paths))


def prepare(gateway: Gateway, complaints: Complaints) -> None:
    """Make the files, for their owner alone, so that Envoy can open them: else it would refuse the listener."""
    for balancer in gateway.load_balancers:
        if not balancer.access_log:
            continue
        try:
            _make(Path(balancer.access_log))
        except OSError as error:
            message = f"the access log of {balancer.name} cannot be written: {error.strerror}"
            complaints.add(ACCESS_LOG_INVALID, balancer.origin, message)


class AccessLogs:
    """Sees to the logs of what is served.

    Args:
        gateway: what is served, None before anything is.
        admin: of the Envoy that writes them.

    """

    def __init__(self, gateway: Callable[[], Gateway | None], admin: Admin) -> None:
        self._gateway = gateway
        self._admin = admin
        self._open: dict[Path, tuple[int, int]] = {}  # which file Envoy has open by that name

    def duty(self) -> Duty:
        """For `Upkeep`."""
        return Duty(name="access logs", due=self._due, work=self._begin_anew)

    def _due(self) -> datetime | None:
        gateway = self._gateway()
        logs = logs_of(gateway) if gateway is not None else ()
        self._open = {log: self._open.get(log) or _identity(log) for log in logs}
        return datetime.now(UTC) if any(map(self._is_over, logs)) else None

    def _is_over(self, log: Path) -> bool:
        return _identity(log) != self._open[log] or _size(log) > LONGEST

    async def _begin_anew(self) -> None:
        """Move away what is too long, and have all opened again.

        Raises:
            FileUnreadable: a file cannot be made, or Envoy does not answer.

        """
        try:
            for log in self._open:
                if _size(log) > LONGEST:
                    _move_away(log)
                _make(log)
            await self._admin.reopen_logs()
        except OSError as error:
            raise FileUnreadable(f"they are not opened again: {error}") from error
        self._open = {log: _identity(log) for log in self._open}


def _make(log: Path) -> None:
    # A pipe that nobody reads would hold up all else, and Envoy too.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    os.close(os.open(log, flags, 0o600))


def _move_away(log: Path) -> None:
    for age in range(KEPT, 1, -1):
        with suppress(FileNotFoundError):
            _former(log, age - 1).replace(_former(log, age))
    log.replace(_former(log, 1))


def _former(log: Path, age: int) -> Path:
    return log.with_name(f"{log.name}.{age}")


def _identity(log: Path) -> tuple[int, int]:
    """Which file it is; (0, 0): none."""
    with suppress(OSError):
        found = log.stat()
        return found.st_dev, found.st_ino
    return 0, 0


def _size(log: Path) -> int:
    with suppress(OSError):
        return log.stat().st_size
    return 0
