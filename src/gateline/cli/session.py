"""A session: a project that runs while a command waits for something, and how signals end it.

The first signal lets requests in flight finish, the second ends Envoy at once, the third this process.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Protocol

import typer

from gateline.errors import DefinitionInvalid
from gateline.runtime.control_start import STOPPING
from gateline.runtime.house_client import open_processes
from gateline.runtime.notice import Notice
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack

Work = Callable[[Stack, "Stopper"], Awaitable[int]]


class Teller(Protocol):
    """Tells each notice as it comes, in some form."""

    def serving(self) -> None:
        """From now on there is a last good configuration."""

    def __call__(self, notice: Notice) -> None:
        """Tell it."""

    def close(self) -> None:
        """Tell what is still to be told."""


class _Stage(Enum):
    STARTING = auto()
    RESUMING = auto()
    SERVING = auto()
    STOPPING = auto()
    HURRYING = auto()


class Stopper:
    """Hears the signals that are meant to end this process. `heard` is the first of them.

    `stopping` is set by the first, `hurrying` by the second. While `forward` is set, it gets them instead.
    """

    def __init__(self, stack: Stack) -> None:
        self.heard: signal.Signals | None = None
        self.stopping = asyncio.Event()
        self.hurrying = asyncio.Event()
        self.forward: Callable[[signal.Signals], None] | None = None
        self._stack = stack
        self._stage = _Stage.STARTING
        self._task = asyncio.current_task()

    def listen(self) -> None:
        """Take the signals from now on, and those that came before, if we were started with them blocked.

        A hang-up that our parent chose to ignore (nohup) stays ignored.
        """
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue
            loop.add_signal_handler(number, self._hear, number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def deafen(self) -> None:
        """Ignore the signals from now on: it is over, and all that they could change is the exit code."""
        loop = asyncio.get_running_loop()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        for number in STOPPING:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def resuming(self) -> None:
        """A former control served, and it all goes on: who stops has to take it over first, to let it drain."""
        self._stage = _Stage.RESUMING

    def serving(self) -> None:
        """The start is over: a signal no longer breaks it off."""
        self._stage = _Stage.STOPPING if self.stopping.is_set() else _Stage.SERVING

    def leaving(self) -> None:
        """The work is done: a signal now means that stopping takes too long."""
        self._stage = _Stage.STOPPING

    def _hear(self, number: signal.Signals) -> None:
        self.heard = self.heard or number
        if self.forward:
            self.forward(number)
            return
        self._stack.leaving()
        match self._stage:
            case _Stage.RESUMING if not self.stopping.is_set():
                self.stopping.set()
            case _Stage.STARTING | _Stage.RESUMING:
                self._stage = _Stage.STOPPING
                if self._task:
                    self._task.cancel()
            case _Stage.SERVING:
                self._stage = _Stage.STOPPING
                self.stopping.set()
            case _Stage.STOPPING:
                self._stage = _Stage.HURRYING
                self.hurrying.set()
                self._stack.hurry()
            case _Stage.HURRYING:
                os._exit(128 + number)


def run_session(
    settings: Settings, narrator: Teller, work: Work, *, broken_off: Callable[[int], int] = lambda _: 0
) -> None:
    """Start the project, do the work, stop the project; the work's answer is the exit code.

    Args:
        settings: the project.
        narrator: hears what happens.
        work: waits for whatever ends the session.
        broken_off: the answer when a signal of that number came before the work could begin.

    Raises:
        GatelineError: it did not start.
        typer.Exit: with the exit code, unless that is 0.

    """
    try:
        code = asyncio.run(_session(settings, narrator, work, broken_off))
    except DefinitionInvalid:
        raise typer.Exit(1) from None  # the narrator has said why
    finally:
        narrator.close()
    if code:
        raise typer.Exit(code)


async def _session(settings: Settings, narrator: Teller, work: Work, broken_off: Callable[[int], int]) -> int:
    processes = open_processes(os.environ)
    stack = Stack(settings, narrator, processes)
    stopper = Stopper(stack)
    try:
        async with processes:
            if processes.has_served:
                stopper.resuming()
            stopper.listen()
            async with stack:
                stopper.serving()
                narrator.serving()
                code = await work(stack, stopper)
                stopper.leaving()
                stack.leaving()
            return code
    except asyncio.CancelledError:
        if stopper.heard is None:
            raise
        return broken_off(stopper.heard)
    finally:
        stopper.deafen()
