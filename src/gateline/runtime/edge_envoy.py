"""The Envoy at the edge: started, or taken over from a former control; its first answer; its restarts.

Asked for a sign of life from the beginning: one that is taken over may hang already.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Final

from gateline.compile.bootstrap import bootstrap
from gateline.control.outcome import Accepted, Rejected
from gateline.control.publication import Publisher
from gateline.errors import EnvoyUnavailable
from gateline.model.gateway import Edge
from gateline.runtime import supervisor
from gateline.runtime.admin import Admin
from gateline.runtime.envoy import arguments, environment, find_envoy, last_words
from gateline.runtime.heartbeat import watch
from gateline.runtime.listening import accepts
from gateline.runtime.notice import EnvoyBack, EnvoyCrashed, Notify
from gateline.runtime.process import Command, ending
from gateline.runtime.processes import Processes
from gateline.runtime.processors import usable_processors
from gateline.runtime.state_dir import StateDir, write_private
from gateline.runtime.usable_memory import usable_memory

LEAST_MEMORY: Final = 256 * 1024 * 1024
"""Bytes of heap that Envoy may have on the smallest machine."""

NODE: Final = "edge"
ENVOY: Final = "envoy"
START_SECONDS: Final = 30.0


class EdgeEnvoy:
    """The one Envoy that serves, whatever its process is at the moment; `EdgeEnvoy(...)` starts it.

    Args:
        edge: where it will listen, with how many workers, and how long it may drain.
        environ: names it and what of this environment it may see.
        state: where its sockets, its bootstrap and its log lie.
        processes: keeps its process, or has kept it.
        publisher: knows what it answers.
        notify: hears of its deaths and returns.

    Raises:
        EnvoyUnavailable: there is no Envoy of the right version.

    """

    def __init__(
        self,
        edge: Edge,
        environ: Mapping[str, str],
        state: StateDir,
        processes: Processes,
        publisher: Publisher,
        notify: Notify,
    ) -> None:
        self.admin = Admin(state.admin_socket)
        self._edge = edge
        self._state = state
        self._processes = processes
        self._publisher = publisher
        self._notify = notify
        self._spawned: asyncio.Queue[int] = asyncio.Queue()
        self._keeper = processes.keep(
            ENVOY,
            self._command(environ),
            supervisor.Policy(drain_timeout=edge.drain.timeout.total_seconds()),
            drain=self.admin.drain,
            on_crash=lambda crash: notify(EnvoyCrashed(crash.status, crash.restart_in, crash.hung)),
            on_spawn=self._spawned.put_nowait,
        )
        self._keeper.start()

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._keeper.pid

    def stop(self) -> None:
        """Want it no more: gently the first time, at once the second."""
        self._keeper.stop()

    async def finished(self) -> None:
        """Wait until none runs."""
        await self._keeper.finished

    async def watch(self) -> None:
        """Ask it for a sign of life, for ever."""
        await watch(lambda: self._keeper, self._state.admin_socket)

    async def first_answer(self) -> Accepted | Rejected:
        """What it says to the first configuration; when it accepts, after its port is open.

        Raises:
            EnvoyUnavailable: it ended, or did not serve in time. One that served before is started again.

        """
        answer = asyncio.ensure_future(self._come_up())
        try:
            either: set[asyncio.Future[Accepted | Rejected] | asyncio.Future[supervisor.Finished]]
            either = {answer, self._keeper.finished}
            await asyncio.wait(either, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
        finally:
            answer.cancel()
        how = f"did not serve within {START_SECONDS:.0f} s"
        if self._keeper.finished.done():
            how = f"ended while it started ({ending(self._keeper.finished.result().status)})"
        else:
            self._keeper.unresponsive()
        words = last_words(self._state.envoy_log)
        message = f"Envoy {how}" + (f"; its last words:\n{words}" if words else "")
        raise EnvoyUnavailable(message)

    async def follow_restarts(self, changed: Callable[[], None]) -> None:
        """Say each time that it serves again, for ever.

        Args:
            changed: called when it serves with another process id.

        """
        while True:
            pid = await self._spawned.get()
            await accepts(self._edge.address, self._edge.port)
            self._keeper.ready()
            changed()
            self._notify(EnvoyBack(pid))

    async def _come_up(self) -> Accepted | Rejected:
        await self._spawned.get()
        answer = await self._publisher.wait_ready(NODE)
        if isinstance(answer, Accepted):
            await accepts(self._edge.address, self._edge.port)
            self._keeper.ready()
        return answer

    def _command(self, environ: Mapping[str, str]) -> Command:
        state = self._state
        envoy = find_envoy(environ)
        content = bootstrap(
            node=NODE,
            xds_socket=str(state.xds_socket),
            admin_socket=str(state.admin_socket),
            memory=max(LEAST_MEMORY, usable_memory() // 2),  # functions, tasks and the host live here too
        )
        write_private(state.bootstrap, json.dumps(content).encode())
        if ENVOY not in self._processes.running:
            state.envoy_log.unlink(missing_ok=True)
        workers = self._edge.workers or usable_processors()
        return Command(
            arguments=arguments(envoy, bootstrap=state.bootstrap, workers=workers),
            environment=environment(environ),
            folder=state.path,
            log=state.envoy_log,
        )
