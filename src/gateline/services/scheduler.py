"""One service as a state machine: events in, actions out (load-balancers.md section 15)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateline.services.action import Action
from gateline.services.deployment import Phase
from gateline.services.event import Event


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as people see it."""

    task: str
    revision: str
    phase: Phase


class Scheduler:
    """Keeps as many tasks of one service as are wanted. `mint` gives each new task a name never used before."""

    def __init__(self, mint: Callable[[], str]) -> None:
        self._mint = mint

    @property
    def desired(self) -> int:
        """How many tasks are wanted now."""
        return 0

    @property
    def revision(self) -> str:
        """The revision that is wanted now, as `Launch` says it."""
        return ""

    @property
    def steady(self) -> bool:
        """Whether exactly the wanted tasks run, all healthy."""
        return False

    @property
    def tasks(self) -> tuple[TaskView, ...]:
        """All tasks that run, oldest first; those that are leaving too."""
        return ()

    def handle(self, event: Event) -> list[Action]:
        """Take in what happened; what is to be done about it, in order."""
        return []
