"""What tasks of a service said: read from their logs, which need no gateway that runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateline.errors import GatelineError
from gateline.runtime.task_log import TaskLog, old_log

LOOK_EVERY: Final = 0.25
"""Seconds between two looks for new words."""

Said = tuple[str, str]
"""A task and a line of it."""


class ServiceLogs:
    """Follows the logs of one service's tasks.

    Args:
        folder: holds them.
        tasks: whose words are told; none: those of the task that was started last.

    """

    def __init__(self, folder: Path, tasks: Collection[str]) -> None:
        self._folder = folder
        self._logs: dict[str, TaskLog] = {}
        there = self._tasks()
        self._newest = there[-1] if there else ""
        self._wanted = set(tasks) or {self._newest}

    def last(self, count: int) -> list[Said]:
        """The last lines of each task.

        Raises:
            GatelineError: there is no log.

        """
        if not self._newest:
            raise GatelineError(f"no task of it has a log in {self._folder}")
        found = []
        for task in self._tasks():
            if task in self._wanted:
                lines = deque([*_old_lines(self._path(task)), *_all(self._open(task))], maxlen=count)
                found += [(task, line) for line in lines]
        return found

    def more(self) -> list[Said]:
        """What they have said since then, and what tasks said that were started since then."""
        after = int(self._newest)
        tasks = [task for task in self._tasks() if task in self._logs or int(task) > after]
        return [(task, line) for task in tasks for line in _all(self._open(task))]

    def _tasks(self) -> list[str]:
        """The tasks that have logs, in the order of their starts."""
        names = [path.stem for path in self._folder.glob("*.log")]
        return sorted((name for name in names if name.isdecimal()), key=int)

    def _path(self, task: str) -> Path:
        return self._folder / f"{task}.log"

    def _open(self, task: str) -> TaskLog:
        if task not in self._logs:
            self._logs[task] = TaskLog(self._path(task), rotates=False)
        return self._logs[task]


def follow(logs: ServiceLogs, tell: Callable[[Said], None]) -> None:
    """Tell what tasks say, until somebody interrupts."""
    with suppress(KeyboardInterrupt):
        while True:
            for said in logs.more():
                tell(said)
            time.sleep(LOOK_EVERY)


def _all(log: TaskLog) -> list[str]:
    lines = []
    while found := log.read():
        lines += found
    return lines


def _old_lines(log: Path) -> list[str]:
    """What the log had no room for any more."""
    with suppress(OSError):
        return old_log(log).read_text(encoding="utf-8", errors="replace").splitlines()
    return []
