"""What it takes to start a task: where it listens, its words and environment, whose process it becomes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateline.errors import GatelineError
from gateline.model.secret import Secret
from gateline.model.service import Service
from gateline.processes.isolation import NOBODY_ELSE, NotTold, own_user, uid_of
from gateline.runtime.cluster_task import TaskNote, close_socket_folder, open_socket_folder
from gateline.runtime.process import Command
from gateline.runtime.service_files import ServiceFiles
from gateline.runtime.state_dir import StateDir
from gateline.runtime.task_log import old_log
from gateline.services.port import free_port
from gateline.services.task import command_words, given_files, takes_port, takes_socket, task_environment

LOGS: Final = "tasks"
"""The folder of logs, of which each service has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launchable:
    """A task that can be started: `note` says where it will listen."""

    note: TaskNote
    command: Command


class Launcher:
    """Makes tasks ready to be started.

    Args:
        state: where logs and sockets lie.
        environ: what of it a task may see is passed on.
        remark: tells people, once for each service, that its tasks are not isolated.

    """

    def __init__(self, state: StateDir, environ: Mapping[str, str], remark: Callable[[str], None]) -> None:
        self._state = state
        self._environ = environ
        self._files = ServiceFiles(state)
        self._remark = remark
        self._remarked: set[str] = set()
        self._ports: set[int] = set()

    def log(self, service: str, task: str) -> Path:
        """Where a task's words go."""
        return self._state.path / LOGS / service / f"{task}.log"

    async def prepare(self, service: Service, note: TaskNote, secrets: Mapping[str, Secret]) -> Launchable:
        """Find a place to listen and a user for a task.

        Args:
            service: what is to run.
            note: the task.
            secrets: by the names of the project file.

        Raises:
            GatelineError: there is none, or the service's folder, program or a secret is missing.

        """
        missing = {name for _, name in (*service.secrets, *service.secret_files)} - secrets.keys()
        if missing:  # of a service that was rolled back to what it was
            raise GatelineError(f"no secret is declared by the name {min(missing)} any more")
        try:
            log = self._fresh_log(service, note)
            environment = task_environment(service, self._environ, secrets=secrets, mark="")
            program = _program(service, environment["PATH"])
            uid = await self._user(service, program)
            note = self._placed(service, note, uid)
        except (OSError, NotTold) as error:
            raise GatelineError(getattr(error, "strerror", None) or str(error)) from error
        is_given = service.secret_files or given_files(service)
        files = str(self._files.path(service.name)) if is_given else ""
        return Launchable(
            note=note,
            command=Command(
                arguments=command_words(service, port=note.port, socket=note.socket, files=files),
                # whoever keeps the process puts its own mark in
                environment=task_environment(
                    service,
                    self._environ,
                    secrets=secrets,
                    mark="",
                    port=note.port,
                    files=files,
                ),
                folder=Path(service.cwd),
                log=log,
                uid=uid,
            ),
        )

    def hold(self, note: TaskNote) -> None:
        """Give a task's place to no other one."""
        self._ports.add(note.port)

    def release(self, note: TaskNote) -> None:
        """A task has ended: its place is free."""
        self._ports.discard(note.port)
        close_socket_folder(note)

    def _fresh_log(self, service: Service, note: TaskNote) -> Path:
        """The path of a log that holds nothing: a former run may have had a task of this name."""
        if not Path(service.cwd).is_dir():
            raise GatelineError(f"its cwd is no folder: {service.cwd}")
        log = self.log(service.name, note.task)
        self._state.private_folder(LOGS)
        log.parent.mkdir(mode=0o700, exist_ok=True)
        for each in (log, old_log(log)):
            each.unlink(missing_ok=True)
        return log

    def _placed(self, service: Service, note: TaskNote, uid: int) -> TaskNote:
        if takes_socket(service):
            return open_socket_folder(self._state.task_folder(), note, uid)
        if takes_port(service):
            placed = replace(note, port=free_port(self._ports))
            self.hold(placed)
            return placed
        return note

    async def _user(self, service: Service, program: Path) -> int:
        """As root a user of the service's own, if that one can read its folder, its program and what runs that."""
        own = service_uid(self._state, service.name)
        if own == NOBODY_ELSE:
            return own
        uid, why_ours = await own_user(own, [Path(service.cwd), program, *_interpreter(program)])
        if why_ours and service.name not in self._remarked:
            self._remarked.add(service.name)
            self._remark(f"service {service.name} {why_ours}")
        return uid


def service_uid(state: StateDir, service: str) -> int:
    """The user of its own that a service's tasks have as root; NOBODY_ELSE without root."""
    return uid_of(state.path, f"service/{service}") if os.geteuid() == 0 else NOBODY_ELSE


def _program(service: Service, path: str) -> Path:
    """Where the program of a service lies, which is not looked for before its first task starts.

    Raises:
        GatelineError: it is nowhere. The kernel would say so too, or speak of a folder that the task's user may not
            enter.

    """
    program = service.command[0]
    if "/" in program:
        return Path(service.cwd, program)
    found = shutil.which(program, path=path)
    if found is None:
        raise GatelineError(f"there is no program {program} in its PATH, which is {path}")
    return Path(found)


def _interpreter(program: Path) -> list[Path]:
    """What runs a script, by its first line; nothing for another program."""
    with program.open("rb") as file:
        first = file.readline(256)
    words = first.removeprefix(b"#!").split() if first.startswith(b"#!") else []
    return [Path(os.fsdecode(word)) for word in words[:1]]
