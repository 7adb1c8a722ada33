"""Who keeps the processes of a running project: this process itself, or the house above it (`runtime/house.py`).

Whoever needs a process asks a `Processes` to keep one of a name. Behind a house that name may run already, kept
over the end of a former control: then nothing is started, and `on_spawn` tells its id.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Protocol, Self

from gateline.runtime import supervisor
from gateline.runtime.background import background
from gateline.runtime.keeper import Keeper
from gateline.runtime.process import Command

MARK: Final = "GATELINE_TASK"
"""In the environment of every process that is kept: `HOUSE/NAME`. What it starts inherits it, and is so found."""

Drain = Callable[[], Awaitable[None]]
OnCrash = Callable[[supervisor.Crashed], None]
OnSpawn = Callable[[int], None]


class Kept(Protocol):
    """A process that is kept alive."""

    @property
    def pid(self) -> int | None:
        """The id of the process that runs now."""

    @property
    def finished(self) -> asyncio.Future[supervisor.Finished]:
        """Done when none runs and none will be started."""

    def start(self) -> None:
        """Want the process; does nothing when it runs."""

    def ready(self) -> None:
        """Say that it serves what it was told to."""

    def unresponsive(self) -> None:
        """Say that it does not answer any more: it is killed and started again."""

    def stop(self) -> None:
        """Want it no more: gently the first time, at once the second."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that ran when this control began. `note` is what was noted with it, "" nothing."""

    pid: int
    note: str


class Processes(Protocol):
    """Keeps processes."""

    @property
    def root(self) -> int:
        """The id of the process that people know as Gateline: whoever ends it ends all."""

    @property
    def has_served(self) -> bool:
        """Whether a former control served with what runs now; it goes on serving."""

    @property
    def running(self) -> Mapping[str, Running]:
        """What ran when this control began, by name."""

    def keep(
        self,
        name: str,
        command: Command,
        policy: supervisor.Policy,
        *,
        drain: Drain | None = None,
        on_crash: OnCrash,
        on_spawn: OnSpawn,
    ) -> Kept:
        """Keep a process of this name (`envoy`, `host`, `task/orders/ID`) once it is started.

        Args:
            name: it is taken until the process is finished. One that runs already is taken over as it is.
            command: starts it; its environment gets a mark in addition.
            policy: how long what may take.
            drain: lets it finish what it does, before it is asked to end; None where being asked is enough.
            on_crash: hears that it ended by itself and is started again.
            on_spawn: hears the id of each new process, or of the one that is taken over.

        """

    def note(self, name: str, text: str) -> None:
        """Keep a text with the process of this name."""

    def remember(self, key: str, value: str) -> None:
        """Keep a text over the end of control, not of Gateline."""

    def recall(self, key: str) -> str | None:
        """The text that was kept, also by a former control."""

    def hold(self, key: str, handle: int, *, emptied: bool = False) -> None:
        """Keep a file descriptor open over the end of control. Ours stays ours.

        Args:
            key: one descriptor is held under a key; a new one takes its place.
            handle: the descriptor.
            emptied: it is a pipe that must be read while control is away, so that its writers need not wait.

        """

    def held(self, key: str) -> int | None:
        """The descriptor that a former control let be held: this process's own, to close, under each key once."""

    def remove_at_end(self, path: str) -> None:
        """Remove a file when all ends, should control not be there to do it."""

    def leaving(self) -> None:
        """Say that this is the end, and not of control alone: nothing that ends us now is outlived."""

    def served(self) -> None:
        """Say that everything serves: from now on a control that crashes is started again."""

    def outlives(self, error: BaseException | None) -> bool:
        """Whether what runs goes on without us, when we end because of this (None: nothing went wrong)."""


class LocalProcesses:
    """Keeps processes in this one: they end with it. `async with LocalProcesses() as processes`."""

    def __init__(self) -> None:
        self.root = os.getpid()
        self.has_served = False
        self.running: Mapping[str, Running] = {}
        self._id = os.urandom(8).hex()
        self._remembered: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            self._tasks = await opened.enter_async_context(background())
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.__aexit__(kind, error, trace)

    def keep(
        self,
        name: str,
        command: Command,
        policy: supervisor.Policy,
        *,
        drain: Drain | None = None,
        on_crash: OnCrash,
        on_spawn: OnSpawn,
    ) -> Kept:
        """Keep a process; see `Processes.keep`."""
        mark = mark_of(self._id, name)
        keeper = Keeper(
            marked(command, mark), policy, drain=drain, on_crash=on_crash, on_spawn=on_spawn, mark=mark
        )
        self._tasks.create_task(keeper.run())
        return keeper

    def note(self, name: str, text: str) -> None:
        """Nobody comes after us."""

    def remember(self, key: str, value: str) -> None:
        """Keep a text."""
        self._remembered[key] = value

    def recall(self, key: str) -> str | None:
        """The text that was kept."""
        return self._remembered.get(key)

    def hold(self, key: str, handle: int, *, emptied: bool = False) -> None:
        """Nobody comes after us."""

    def held(self, key: str) -> int | None:  # noqa: ARG002
        """Nobody came before us."""
        return None

    def remove_at_end(self, path: str) -> None:
        """We are there to do it."""

    def leaving(self) -> None:
        """Our end is the end of all."""

    def served(self) -> None:
        """Nobody starts us again."""

    def outlives(self, error: BaseException | None) -> bool:  # noqa: ARG002
        """Nothing goes on without us."""
        return False


def marked(command: Command, mark: str) -> Command:
    """The command, with a mark in its environment."""
    name, _, value = mark.partition("=")
    return replace(command, environment={**command.environment, name: value})


def mark_of(house: str, name: str = "") -> str:
    """The mark of what a house keeps under this name; "": of all that it keeps."""
    return f"{MARK}={house}" + (f"/{name}" if name else "")
