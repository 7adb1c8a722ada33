"""The supervisor's shell: performs its actions on one Envoy process and reports what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from gateline.runtime import supervisor
from gateline.runtime.admin import Admin
from gateline.runtime.process import Child, Command, spawn

LOOK_EVERY = 0.02


class Keeper:
    """Keeps one Envoy alive until it is told to stop. `run` does the work; the others only leave word."""

    def __init__(
        self,
        command: Command,
        admin: Admin,
        policy: supervisor.Policy,
        *,
        on_crash: Callable[[supervisor.Crashed], None],
        on_spawn: Callable[[int], None],
    ) -> None:
        self._command = command
        self._admin = admin
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
        """The process id of the Envoy that runs now."""
        return self._child.pid if self._child else None

    @property
    def finished(self) -> asyncio.Future[supervisor.Finished]:
        """Done when no Envoy runs and none will be started."""
        return self._finished

    def start(self) -> None:
        """Want an Envoy."""
        self._events.put_nowait(supervisor.Start())

    def ready(self) -> None:
        """Say that Envoy serves what it was told to."""
        self._events.put_nowait(supervisor.Ready(_now()))

    def stop(self) -> None:
        """Want no Envoy any more: gently the first time, at once the second."""
        self._events.put_nowait(supervisor.Stop())

    async def run(self) -> supervisor.Finished:
        """Keep Envoy until the end. However this ends, no Envoy is left."""
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
        """Close the listeners, wait for the requests in flight. The machine's timer bounds it."""
        with suppress(OSError):  # nobody answers: nothing to wait for
            await self._admin.fail_health_check()
            await self._admin.drain_listeners()
            while await self._admin.requests_in_flight():  # noqa: ASYNC110 - Envoy tells nobody
                await asyncio.sleep(LOOK_EVERY)
        self._events.put_nowait(supervisor.Drained())


def _now() -> float:
    return asyncio.get_running_loop().time()
