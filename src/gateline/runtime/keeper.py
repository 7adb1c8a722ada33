"""The supervisor's shell: performs its actions on one process and reports what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from functools import partial
from typing import Final, Protocol

from gateline.processes.strays import end_strays
from gateline.runtime import supervisor
from gateline.runtime.descriptors import Spare
from gateline.runtime.process import Command, log_trouble, spawn

NOT_STARTED: Final = 127
"""The status of a process that could not even be started, as shells say it."""


class Child(Protocol):
    """A running process."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def ended(self) -> asyncio.Future[int]:
        """Its exit status, when it has ended; negative: the signal that ended it."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class Keeper:
    """Keeps one process alive until it is told to stop. `run` does the work; the others only leave word.

    Args:
        command: starts it; or what starts it, when it is no ordinary child.
        policy: how long what may take.
        drain: lets it finish what it does, before it is asked to end; None where being asked is enough.
        on_crash: hears that it ended by itself.
        on_spawn: hears the id of each new process.
        mark: what it has started bears it, and is ended after it.
        spare: descriptors that it may take when none is free.

    """

    def __init__(
        self,
        command: Command | Callable[[], Child],
        policy: supervisor.Policy,
        *,
        drain: Callable[[], Awaitable[None]] | None = None,
        on_crash: Callable[[supervisor.Crashed], None],
        on_spawn: Callable[[int], None],
        mark: str = "",
        spare: Spare | None = None,
    ) -> None:
        self._command = command
        self._mark = mark
        self._spare = spare
        self._drain_process = drain
        self._machine = supervisor.Supervisor(policy)
        self._on_crash = on_crash
        self._on_spawn = on_spawn
        self._events: asyncio.Queue[supervisor.Event] = asyncio.Queue()
        self._child: Child | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._draining: asyncio.Task[None] | None = None
        self._finished: asyncio.Future[supervisor.Finished] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        """The id of the process that runs now."""
        return self._child.pid if self._child else None

    @property
    def finished(self) -> asyncio.Future[supervisor.Finished]:
        """Done when none runs and none will be started."""
        return self._finished

    def start(self) -> None:
        """Want the process."""
        self._events.put_nowait(supervisor.Start())

    def ready(self) -> None:
        """Say that it serves what it was told to."""
        self._events.put_nowait(supervisor.Ready(_now()))

    def unresponsive(self) -> None:
        """Say that it does not answer any more."""
        self._events.put_nowait(supervisor.Unresponsive())

    def leaving(self) -> None:
        """Say that it is about to end by itself, and is not wanted again."""
        self._events.put_nowait(supervisor.Leaving())

    def drained(self) -> None:
        """Say that no request is in flight: do not wait for the one who lets it finish."""
        self._events.put_nowait(supervisor.Drained())

    def stop(self) -> None:
        """Want it no more: gently the first time, at once the second."""
        self._events.put_nowait(supervisor.Stop())

    async def run(self) -> supervisor.Finished:
        """Keep it until the end. However this ends, no process is left."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while not self._finished.done():
                    event = await self._events.get()
                    for action in self._machine.handle(event):
                        await self._perform(action, tasks)
        finally:
            if self._timer:
                self._timer.cancel()
            if self._child:
                self._child.kill()
                await self._child.ended
            if not self._finished.done():
                self._finished.set_result(supervisor.Finished(0))
        return self._finished.result()

    async def _perform(self, action: supervisor.Action, tasks: asyncio.TaskGroup) -> None:
        match action:
            case supervisor.Spawn():
                self._spawn()
            case supervisor.SetTimer(serial=serial, seconds=seconds):
                if self._timer:
                    self._timer.cancel()
                elapsed = supervisor.Elapsed(serial)
                self._timer = asyncio.get_running_loop().call_later(seconds, self._events.put_nowait, elapsed)
            case supervisor.Drain():
                self._draining = tasks.create_task(self._drain())
            case supervisor.Terminate():
                if self._child:
                    self._child.terminate()
            case supervisor.Kill():
                if self._child:
                    self._child.kill()
            case supervisor.Crashed():
                self._on_crash(action)
            case supervisor.Finished():
                self._finished.set_result(action)
                if self._draining:
                    self._draining.cancel()

    def _spawn(self) -> None:
        try:
            with self._spare.lent() if self._spare else nullcontext():
                self._child = self._command() if callable(self._command) else spawn(self._command)
        except OSError as error:
            if isinstance(self._command, Command):
                log_trouble(self._command.log, error)
            self._events.put_nowait(supervisor.Exited(_now(), NOT_STARTED))
            return
        self._on_spawn(self._child.pid)
        self._child.ended.add_done_callback(partial(self._ended, self._child))

    def _ended(self, child: Child, ended: asyncio.Future[int]) -> None:
        if self._child is child and not ended.cancelled():
            self._child = None
            self._sweep()
            self._events.put_nowait(supervisor.Exited(_now(), ended.result()))

    def _sweep(self) -> None:
        """End what it has left behind."""
        further = self._command.mark if isinstance(self._command, Command) else ""
        end_strays(*filter(None, (self._mark, further)))

    async def _drain(self) -> None:
        """Let it finish what it does. The machine's timer bounds it."""
        if self._drain_process:
            with suppress(OSError):  # nobody answers: nothing to wait for
                await self._drain_process()
        self._events.put_nowait(supervisor.Drained())


def _now() -> float:
    return asyncio.get_running_loop().time()
