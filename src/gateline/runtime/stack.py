"""The stack: everything that a running project consists of, started in order and stopped in reverse.

    state directory → ready file gone → Envoy found → definitions read → port reserved → Envoy started, and the
        host if there are functions → request log, control plane, resolver → secrets read, compiled
        → host configured → published, accepted, listening → ready file → watching

Envoy needs about as long to start as the compiler needs to import and work, so it is started before there is
anything to serve, and so is the host. Envoy listens nowhere until it has accepted the first configuration.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateline.compile.resources import RouteRow
from gateline.control.ads import serve_ads
from gateline.control.outcome import Rejected
from gateline.control.publication import Publisher
from gateline.errors import GatelineError
from gateline.model.diagnostic import Report
from gateline.model.gateway import Gateway
from gateline.runtime import ready
from gateline.runtime.accepted import keep_accepted
from gateline.runtime.background import background, unbroken
from gateline.runtime.candidate import Candidate, Memory, RunningEdge, build, read, regenerated
from gateline.runtime.cluster import Cluster
from gateline.runtime.delivery import Delivery
from gateline.runtime.edge_envoy import NODE, EdgeEnvoy
from gateline.runtime.first_read import FirstRead
from gateline.runtime.following import forget_followed
from gateline.runtime.hosting import HOST, Hosting
from gateline.runtime.keeping import Keeping
from gateline.runtime.notice import (
    Complained,
    Notify,
    Published,
    Remarked,
    Unchanged,
)
from gateline.runtime.process import keep_short
from gateline.runtime.processes import Processes
from gateline.runtime.processors import usable_processors
from gateline.runtime.reload import Reloader
from gateline.runtime.request_line import renderer
from gateline.runtime.request_log import LogFormat, RequestLog
from gateline.runtime.reservation import reserve_balancers, reserve_for
from gateline.runtime.revision import code_trees
from gateline.runtime.serving import Serving
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.watching import signature
from gateline.runtime.whereabouts import Whereabouts

LOOK_AT_STATE_SECONDS: Final = 1.0


class Stack:
    """A running project: `async with Stack(settings, notify, processes) as stack`. Entered, it serves.

    Raises (on entering):
        DefinitionInvalid: the definitions hold errors, or Envoy refused them; `notify` was told which.
        GatelineError: the state directory, the port or Envoy cannot be had.

    """

    def __init__(self, settings: Settings, notify: Notify, processes: Processes) -> None:
        self._settings = settings
        self._notify = notify
        self._processes = processes
        self._rows: Mapping[str, RouteRow] = {}
        self._serves = False
        self._publisher = Publisher(call_later=_call_later)
        self._whereabouts = Whereabouts(notify)
        self._delivery = Delivery(self._publisher, self._whereabouts.resolver, (NODE,))

    @property
    def gateway(self) -> Gateway:
        """What is served now."""
        return self._gateway

    @property
    def routes(self) -> tuple[RouteRow, ...]:
        """The routes that are served now."""
        return tuple(self._rows.values())

    @property
    def url(self) -> str:
        """The gateway's address, as this machine reaches it."""
        return ready.base_url(self._gateway)

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run now."""
        started = {"envoy": self._envoy.pid, "host": self._hosting.pid}
        ours = {"gateline": self._processes.root, "control": os.getpid()}
        return ours | {name: pid for name, pid in started.items() if pid}

    async def send_clients_elsewhere(self) -> None:
        """Have every answer say `Connection: close`: clients come back through whoever stands in front."""
        with suppress(OSError):  # an Envoy that is away has no clients
            await self._envoy.admin.fail_health_check()

    @property
    def is_back(self) -> bool:
        """Whether a former control served, and all of it goes on."""
        return self._processes.has_served

    def leaving(self) -> None:
        """All of it is about to end, and nothing goes on without us."""
        self._processes.leaving()

    def hurry(self) -> None:
        """Do not wait for the requests in flight."""
        self._envoy.stop()
        self._hosting.stop()
        self._cluster.hurry()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            await self._open(opened)
            self._opened = opened.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.__aexit__(kind, error, trace)

    async def _open(self, opened: AsyncExitStack) -> None:
        settings = self._settings
        folder = settings.project.absolute().parent
        state = opened.enter_context(
            hold_state_dir(folder, settings.state, settings.environ, self._processes)
        )
        self._state = state
        if settings.ready_file:
            ready.withdraw(settings.ready_file, self._processes, opened)
        memory = Memory()
        self._first = FirstRead(settings, state, self._notify, is_back=self.is_back)
        loaded, files = await self._first.read(memory)
        assert loaded.gateway is not None
        edge = await self._take_ports(loaded.gateway, opened)
        pipe = self._log_requests(state, opened)
        # gRPC's server breaks when its start is cancelled.
        await unbroken(opened.enter_async_context(serve_ads(self._publisher, state.xds_socket)))
        tasks = await opened.enter_async_context(background())
        self._envoy = EdgeEnvoy(
            edge.actual, settings.environ, state, self._processes, self._publisher, self._notify
        )
        self._hosting = Hosting(
            state, settings.environ, tasks, self._processes, self._notify, self._tell_ready
        )
        if loaded.gateway.functions or HOST in self._processes.running:
            self._hosting.start()
        self._cluster = self._services(state, tasks)
        regenerate = partial(regenerated, settings=settings, state=state, request_log=pipe, memory=memory)
        self._serving = Serving(
            self._delivery, self._hosting, memory.generations, regenerate, self._want_services, tasks
        )
        if not self.is_back:
            forget_followed(loaded.gateway.secrets, state)
        self._keeping = self._keep(state)
        finding = self._whereabouts.begin(self._delivery, self._processes, tasks)
        working = [tasks.create_task(each) for each in (*finding, self._envoy.watch())]
        opened.push_async_exit(partial(self._shut_down, working))
        before = await asyncio.to_thread(signature, files, code_trees(loaded.gateway.functions))
        candidate = await asyncio.to_thread(build, loaded, settings, edge, state, pipe, memory)
        if candidate.resources is None:
            loaded = await self._first.instead(candidate.report, candidate.loaded)
            candidate = await asyncio.to_thread(build, loaded, settings, edge, state, pipe, memory)
        await self._keeping.listen(self._running, opened)
        await self._serve(candidate)
        working += [
            tasks.create_task(self._keeping.run()),
            tasks.create_task(self._envoy.follow_restarts(self._tell_ready)),
            tasks.create_task(keep_short(state.envoy_log, state.host_log)),
        ]
        if self._processes.root != os.getpid():  # somebody starts us again
            working.append(tasks.create_task(_look_after(state)))
        if settings.watch:

            def prepare() -> Candidate:
                return build(read(settings, memory), settings, edge, state, pipe, memory)

            reloader = Reloader(prepare, self._adopt, self._notify, before)
            working.append(tasks.create_task(reloader.run()))

    def _keep(self, state: StateDir) -> Keeping:
        return Keeping(
            self._settings,
            state,
            self._serving,
            self._cluster,
            self._envoy.admin,
            self._edge.workers or usable_processors(),
            lambda text: self._notify(Remarked(text)),
            self._whereabouts.registered,
        )

    def _services(self, state: StateDir, tasks: asyncio.TaskGroup) -> Cluster:
        return Cluster(
            state,
            self._settings.environ,
            self._processes,
            register=self._delivery.register,
            ask=self._envoy.admin.clusters,
            tasks=tasks,
            notify=self._notify,
            changed=self._tell_ready,
        )

    async def _take_ports(self, gateway: Gateway, opened: AsyncExitStack) -> RunningEdge:
        written, chosen = gateway.edge, self._settings.port
        wanted = written.port if chosen is None else chosen
        port, kept = reserve_for(self._processes, "gateway", written.address, wanted)
        if kept:
            opened.enter_context(kept)
        reserve_balancers(self._processes, gateway, opened)
        self._edge = replace(written, port=port)
        if self._settings.health:
            await opened.enter_async_context(self._settings.health.serving(self._edge))
        return RunningEdge(written=written, actual=self._edge)

    def _log_requests(self, state: StateDir, opened: AsyncExitStack) -> Path | None:
        settings = self._settings
        if settings.log_format is LogFormat.NONE:
            return None
        render = renderer(settings.log_format, lambda: self._rows, colour=settings.colour)
        log = opened.enter_context(RequestLog(state.request_pipe, render, settings.write))
        self._processes.hold("requests", log.handle, emptied=True)
        return state.request_pipe

    async def _serve(self, candidate: Candidate) -> None:
        """Put the first configuration before Envoy, and wait until it serves."""
        if candidate.resources is None or candidate.gateway is None:
            self._first.refuse(candidate.report, candidate.loaded)
        if candidate.report.diagnostics:
            self._notify(Complained(candidate.report, candidate.loaded, refused=False))
        if not self._processes.has_served:
            self._want_services(candidate)  # they start while Envoy does
        await self._cluster.begin()
        await self._whereabouts.find(candidate.gateway)
        await self._serving.begin(candidate)
        answer = await self._envoy.first_answer()
        if isinstance(answer, Rejected):
            self._first.refuse(Report(answer.diagnostics(candidate.gateway.origin)), candidate.loaded)
        self._serving.begun(candidate)
        if not self._processes.has_served:
            await self._cluster.healthy()
        await self._take_over(candidate)

    async def _take_over(self, candidate: Candidate) -> None:
        # With what the state directory holds by now: it may have changed since this was read.
        candidate = self._serving.served or candidate
        assert candidate.gateway is not None
        assert candidate.resources is not None
        self._gateway = candidate.gateway
        self._rows = {row.route: row for row in candidate.resources.routes}
        self._want_services(candidate)
        self._whereabouts.want(candidate.gateway)
        self._keeping.look()
        self._serves = True
        self._processes.served()
        self._tell_ready()
        try:
            await asyncio.to_thread(keep_accepted, self._state, candidate.loaded)
        except OSError as error:
            self._notify(Remarked(f"cannot keep what was accepted for a control after this one: {error}"))

    def _want_services(self, candidate: Candidate) -> None:
        gateway, resources = candidate.gateway, candidate.resources
        if gateway and resources:
            self._cluster.want(
                gateway.services if self._settings.run_services else (),
                gateway.target_groups,
                candidate.keyring,
                used=frozenset(resources.target_groups.values()),
            )

    def _running(self) -> ready.Running:
        return ready.Running(pids=self.pids, tasks=self._cluster.pids, degraded=self._cluster.degraded)

    def _tell_ready(self) -> None:
        if self._settings.ready_file and self._serves:
            ready.write(self._settings.ready_file, self._gateway, self._running())

    async def _adopt(self, candidate: Candidate, seen: float) -> None:
        """Put a changed configuration into service."""
        if candidate.resources is None or candidate.gateway is None:
            return
        await self._whereabouts.find(self._gateway, candidate.gateway)
        replaced = await self._serving.replace(candidate)
        refusals = [
            each for failed in replaced.refusals for each in failed.diagnostics(candidate.gateway.origin)
        ]
        if refusals:
            self._notify(Complained(Report(tuple(refusals)), candidate.loaded, refused=True))
            self._whereabouts.want(self._gateway)
            return
        if candidate.report.diagnostics:
            self._notify(Complained(candidate.report, candidate.loaded, refused=False))
        await self._take_over(candidate)
        if replaced.is_change:
            self._notify(Published(time.monotonic() - seen, len(self._rows)))
        else:
            self._notify(Unchanged())

    async def _shut_down(
        self,
        working: list[asyncio.Task[None]],
        kind: type[BaseException] | None,  # noqa: ARG002
        error: BaseException | None,
        trace: TracebackType | None,  # noqa: ARG002
    ) -> None:
        """Stop watching, then let Envoy finish what it serves; the control plane stays up until it has.

        A fault of ours ends us alone, where somebody starts us again.
        """
        self._serves = False  # the ready file says nothing new from here on; whoever wanted it may be gone
        for task in working:
            task.cancel()
        self._serving.stop()
        if self._processes.outlives(error):
            self._hosting.let_go()
            self._cluster.let_go()
            return
        self._envoy.stop()
        await self._envoy.finished()
        self._hosting.stop()
        await asyncio.gather(self._hosting.finished(), self._cluster.stop())


async def _look_after(state: StateDir) -> None:
    """End control when somebody removes what it needs: the one after it makes all of that again, and nobody else can.

    Raises:
        GatelineError: something is missing.

    """
    while True:
        await asyncio.sleep(LOOK_AT_STATE_SECONDS)
        if missing := state.missing():
            message = f"somebody has removed {missing}, which a gateway that runs needs; it is made again"
            raise GatelineError(message)


def _call_later(delay: float, callback: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(delay, callback)
