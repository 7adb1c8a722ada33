"""One task of a service: where it listens, its log, its process, and the note by which a later control knows it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from gateline.model.target_group import Registration
from gateline.runtime.processes import Kept
from gateline.runtime.task_log import TaskLog
from gateline.services.deployment import Phase

LOOPBACK: Final = "127.0.0.1"
_SOCKET: Final = "s"
_PREFIX: Final = "task/"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNote:
    """All that must be known of a task to go on with it. `target_group` "": a worker that nobody reaches."""

    service: str
    task: str
    revision: str
    target_group: str = ""
    port: int = 0
    socket: str = ""
    uid: int = -1  # of the user that it runs as; negative: ours
    since: float  # seconds since 1970
    phase: Phase = Phase.STARTING
    phase_since: float = 0.0  # seconds since 1970; it is being drained or ended

    @property
    def name(self) -> str:
        """The name of its process."""
        return process_name(self.service, self.task)

    @property
    def address(self) -> str:
        """Where it listens, for people; "" when nowhere."""
        return self.socket or (f"{LOOPBACK}:{self.port}" if self.port else "")

    @property
    def started(self) -> str:
        """When it was started: ISO 8601, UTC."""
        return datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def registration(self) -> Registration:
        """What its target group is told."""
        return Registration(
            self.target_group,
            address="" if self.socket else LOOPBACK,
            port=self.port,
            socket=self.socket,
            draining=self.phase is Phase.DRAINING,
        )

    def text(self) -> str:
        """The note as it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The task of a note; None: it is none of ours."""
        try:
            told = json.loads(text)
            return cls(**{**told, "phase": Phase(told["phase"])})
        except (ValueError, TypeError, KeyError):
            return None


@dataclass(slots=True, eq=False)
class Task:
    """A task and its process. `asked_to_end`: how often it was (twice: at once), also before it had a process."""

    note: TaskNote
    log: TaskLog
    log_path: Path
    kept: Kept | None = None
    asked_to_end: int = 0
    has_ended: bool = False

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self.kept.pid if self.kept else None

    def ask_to_end(self, *, times: int) -> None:
        """Ask its process until it was asked so often."""
        while self.asked_to_end < times:
            self.asked_to_end += 1
            if self.kept:
                self.kept.stop()

    def told(self) -> dict[str, Any]:
        """Where it can be reached, as its service's inventory tells it."""
        note = self.note
        return {
            "service": note.service,
            "id": note.task,
            "pid": self.pid,
            "address": LOOPBACK if note.port else "",
            "port": note.port,
            "socket": note.socket,
            "target_group": note.target_group,
        }


def process_name(service: str, task: str) -> str:
    """The name of a task's process: `task/orders/3`."""
    return f"{_PREFIX}{service}/{task}"


def is_task(name: str) -> bool:
    """Whether the process of this name is a task's."""
    return name.startswith(_PREFIX)


def open_socket_folder(folder: Path, note: TaskNote, uid: int) -> TaskNote:
    """Make a folder for one task's socket that only its user (and root) may pass; the note says where it is.

    Args:
        folder: where such folders lie; as root other users can pass it.
        note: the task.
        uid: the user that the task runs as; negative: ours.

    Raises:
        OSError: it cannot be made.

    """
    # Short whatever the service's name is: a socket's path has room for about a hundred bytes.
    own = folder / hashlib.sha256(note.name.encode()).hexdigest()[:12]
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(mode=0o700)
    if uid >= 0:
        os.chown(own, uid, uid)
    return replace(note, socket=str(own / _SOCKET), uid=uid)


class Distrusted(Exception):
    """What lies where a task's socket should be is none of the task's."""


def take_socket(note: TaskNote) -> bool:
    """Take a task's socket into our hands, before anybody connects to it; False: it is not there yet.

    Whoever follows a link that a task left connects with our rights, to whatever root may (Envoy's admin interface,
    Docker's socket). So the folder becomes ours first, in which the task cannot change anything from then on, and what
    lies there then is what stays.

    Raises:
        Distrusted: it is no socket, or that of another user.
        OSError: the folder is gone.

    """
    socket = Path(note.socket)
    if not os.path.lexists(socket):
        return False
    if note.uid >= 0:
        _hand_over(
            socket.parent, 0, note.uid, 0o710
        )  # programs set their socket's mode once they have bound it
    try:
        found = socket.lstat()
    except FileNotFoundError:  # removed in that moment: it may make another one
        if note.uid >= 0:
            _hand_over(socket.parent, note.uid, note.uid, 0o700)
        return False
    if not stat.S_ISSOCK(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no socket"
        message = f"what it put at its socket's path is {kind}"
        raise Distrusted(message)
    if found.st_uid != (note.uid if note.uid >= 0 else os.geteuid()):
        message = f"the socket at its path belongs to user {found.st_uid}"
        raise Distrusted(message)
    return True


def _hand_over(folder: Path, uid: int, gid: int, mode: int) -> None:
    """Nobody else can put another folder there: the one that it lies in is ours."""
    os.chown(folder, uid, gid, follow_symlinks=False)
    folder.chmod(mode)


def close_socket_folder(note: TaskNote) -> None:
    """Remove what is left of a task's socket."""
    if note.socket:
        shutil.rmtree(Path(note.socket).parent, ignore_errors=True)
