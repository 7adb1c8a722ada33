"""The supervisor's shell: performs its actions on one process and reports what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gateline.runtime import supervisor
from gateline.runtime.process import Child, Command, spawn


class Keeper:
    """Keeps one process alive until it is told to stop. `run` does the work; the others only leave word.

    Args:
        command: starts it.
        policy: how long what may take.
        drain: lets it finish what it does, before it is asked to end; None where being asked is enough.
        on_crash: hears that it ended by itself.
        on_spawn: hears the id of each new process.

    """

    def __init__(
        self,
        command: Command,
        policy: supervisor.Policy,
        *,
        drain: Callable[[], Awaitable[None]] | None = None,
        on_crash: Callable[[supervisor.Crashed], None],
        on_spawn: Callable[[int], None],
    ) -> None:
        self._command = command
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
                await self._child.wait()
            if not self._finished.done():
                self._finished.set_result(supervisor.Finished(0))
        return self._finished.result()

    async def _perform(self, action: supervisor.Action, tasks: asyncio.TaskGroup) -> None:
        match action:
            case supervisor.Spawn():
                self._child = await spawn(self._command)
                self._on_spawn(self._child.pid)
                tasks.create_task(self._watch(self._child))
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

    async def _watch(self, child: Child) -> None:
        status = await child.wait()
        self._child = None
        self._events.put_nowait(supervisor.Exited(_now(), status))

    async def _drain(self) -> None:
        """Let it finish what it does. The machine's timer bounds it."""
        if self._drain_process:
            with suppress(OSError):  # nobody answers: nothing to wait for
                await self._drain_process()
        self._events.put_nowait(supervisor.Drained())


def _now() -> float:
    return asyncio.get_running_loop().time()
