"""The cluster: what ECS does, on this machine. One scheduler for each service; here all of them meet."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final

from gateline.errors import GatelineError
from gateline.model.gateway import Keyring
from gateline.model.secret import Certificate
from gateline.model.service import Service
from gateline.model.target_group import Registration, TargetGroup
from gateline.runtime.cluster_launch import Launcher, service_uid
from gateline.runtime.cluster_service import ClusterService, Surroundings
from gateline.runtime.cluster_targets import Targets
from gateline.runtime.cluster_task import TaskNote, is_task
from gateline.runtime.notice import Notify, Remarked, ServiceTold
from gateline.runtime.processes import Processes
from gateline.runtime.service_files import ServiceFiles, certificates_of, files_of
from gateline.runtime.state_dir import StateDir
from gateline.services.task import revision

HEALTHY_SECONDS: Final = 30.0
"""How long a start waits for every service to have a healthy task (DESIGN section 4)."""

LISTEN_EVERY: Final = 0.2
"""Seconds between two looks into the logs of tasks."""

DEPLOYMENT_SECONDS: Final = 600.0
"""How long a deployment is waited for, as `aws ecs wait services-stable` does."""

MOST_TASKS: Final = 1000
"""Of one service, as in the project file."""

_KEY: Final = "services/key"


class Cluster:
    """All services of a running project.

    Args:
        state: where logs and sockets of tasks lie.
        environ: what of it a task may see is passed on.
        processes: keeps the tasks; what it kept for a control before this one goes on.
        register: puts tasks before Envoy (`Delivery.register`).
        ask: Envoy's `/clusters` (`Admin.clusters`).
        tasks: the background work is done in it.
        notify: hears what services and their tasks say.
        changed: called when another process runs, or another service is well.

    """

    def __init__(
        self,
        state: StateDir,
        environ: Mapping[str, str],
        processes: Processes,
        *,
        register: Callable[[tuple[Registration, ...]], Awaitable[None]],
        ask: Callable[[str], Awaitable[bytes]],
        tasks: asyncio.TaskGroup,
        notify: Notify,
        changed: Callable[[], None],
    ) -> None:
        self._state = state
        self._files = ServiceFiles(state)
        self._processes = processes
        self._changed = changed
        self._progress = asyncio.Event()
        self._targets = Targets(register, ask)
        self._around = Surroundings(
            processes=processes,
            targets=self._targets,
            launcher=Launcher(state, environ, lambda text: notify(Remarked(text))),
            tasks=tasks,
            notify=notify,
            changed=self._has_changed,
        )
        self._told: tuple[dict[str, int], tuple[str, ...]] = ({}, ())
        self._services: dict[str, ClusterService] = {}
        self._leaving: set[str] = set()
        self._working: list[asyncio.Task[None]] = []
        self._is_stopping = False
        for name, notes in _by_service(processes).items():
            self._services[name] = ClusterService(name, self._around, notes)

    @property
    def pids(self) -> dict[str, int]:
        """The tasks' processes, by `service/task`."""
        return {name: pid for service in self._services.values() for name, pid in service.pids.items()}

    @property
    def degraded(self) -> tuple[str, ...]:
        """The services of which no task is healthy, though some are wanted."""
        return tuple(sorted(name for name, service in self._services.items() if not service.is_well))

    @property
    def is_steady(self) -> bool:
        """Whether all services are as they are wanted: no deployment is under way."""
        return all(service.is_steady for service in self._services.values())

    async def begin(self) -> None:
        """Put the tasks that ran before us before Envoy, so that it is never told that there are none."""
        await self._targets.publish()
        self._working = [
            self._around.tasks.create_task(work) for work in (self._targets.run(), self._follow_logs())
        ]

    def want(
        self,
        services: Iterable[Service],
        groups: Iterable[TargetGroup],
        keyring: Keyring,
        used: Collection[str],
    ) -> None:
        """Run these services from now on; others end.

        Args:
            services: all that there are.
            groups: all target groups.
            keyring: what services are given: as files at once, else when a task starts.
            used: the target groups that Envoy has a cluster of.

        """
        if self._is_stopping:
            return
        self._targets.use(used)
        known = {group.name: group for group in groups}
        values = {secret.name: secret for secret in keyring.secrets}
        wanted = {service.name: service for service in services}
        key = self._revision_key()

        def revise(service: Service) -> str:
            certificates = certificates_of(service, keyring)
            return revision(service, secrets=values, key=key, certificates=certificates)

        for service in wanted.values():
            self._put_files(service, keyring)
            running = self._services.get(service.name)
            for recipe in running.history.recipes if running else ():
                self._put_files(recipe.applied(service), keyring)
        for name, service in wanted.items():
            running = self._services.get(name)
            if running is None:
                running = self._services[name] = ClusterService(name, self._around)
            self._leaving.discard(name)
            group = known.get(service.target_group)
            running.want(service, group, revise, values, _shown_to(group, keyring))
        for name in self._services.keys() - wanted.keys() - self._leaving:
            self._leaving.add(name)
            self._services[name].stop()
            self._around.tasks.create_task(self._forget(name, self._services[name]))

    async def healthy(self) -> None:
        """Wait until every service has a healthy task, but not longer than a start may take."""
        try:
            async with asyncio.timeout(HEALTHY_SECONDS):
                await self._until(lambda: not self.degraded)
        except TimeoutError:
            text = f"no task is healthy after {HEALTHY_SECONDS:g} s; the gateway serves without it"
            for name in self.degraded:
                self._around.notify(ServiceTold(name, text, trouble=True))

    def listing(self) -> list[dict[str, Any]]:
        """What there is to know of all services, by name."""
        return [self._services[name].listing() for name in sorted(self._services)]

    def inventory(self) -> list[dict[str, Any]]:
        """Every task that somebody could try to reach."""
        return [task for name in sorted(self._services) for task in self._services[name].inventory()]

    def scale(self, service: str, count: int) -> dict[str, Any]:
        """Let so many tasks of a service run; what it is like now.

        Raises:
            GatelineError: there is no such service, or it cannot have so many.

        """
        found = self._service(service)
        if found.is_daemon:
            raise GatelineError(f"service {service} is a DAEMON: it has one task on each machine")
        if not 0 <= count <= MOST_TASKS:
            raise GatelineError(f"a service has 0 to {MOST_TASKS} tasks, not {count}")
        found.scale(count)
        return found.listing()

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        """Replace all tasks of a service by what the definition says, new ones first; what it is like then.

        Args:
            service: its name.
            wait: until the new tasks are healthy and the old ones are leaving.

        Raises:
            GatelineError: there is no such service, it ended meanwhile, the deployment fails, or it takes too long.

        """
        found = self._service(service)
        number = found.deploy(renew=False)
        if wait:
            try:
                async with asyncio.timeout(DEPLOYMENT_SECONDS):
                    await self._until(
                        lambda: (
                            found.history.outcome(number) is not None
                            or self._services.get(service) is not found
                        )
                    )
            except TimeoutError:
                message = f"service {service} is not what is wanted after {DEPLOYMENT_SECONDS:g} s; it goes on trying"
                raise GatelineError(message) from None
            self._service(service)
            if problem := found.history.outcome(number):
                raise GatelineError(f"service {service}: {problem}")
        return found.listing()

    def renew(self, service: str) -> None:
        """Replace all tasks of a service by their like, which take in what they read at their start only.

        Raises:
            GatelineError: there is no such service.

        """
        self._service(service).deploy(renew=True)

    def is_replaced(self, service: str, *, wholly: bool) -> bool:
        """Whether the tasks of a service are those that are wanted, all healthy.

        Args:
            service: its name.
            wholly: former ones have ended, too; else they may be answering their last requests.

        Raises:
            GatelineError: there is no such service.

        """
        found = self._service(service)
        return found.is_replaced if wholly else found.is_steady

    async def stop(self) -> None:
        """End all tasks, when Envoy is gone; returns when none runs."""
        self._is_stopping = True
        self._targets.envoy_is_gone()
        services = list(self._services.values())
        for service in services:
            if service.name not in self._leaving:  # asked a second time it would end at once
                service.stop()
        for service in services:
            await service.finished.wait()
            self._files.remove(service.name)
        self.let_go()

    def let_go(self) -> None:
        """Do nothing more; the tasks go on."""
        for work in self._working:
            work.cancel()

    def hurry(self) -> None:
        """End all tasks at once."""
        self._is_stopping = True
        for service in self._services.values():
            service.stop()
            service.stop()

    def _service(self, name: str) -> ClusterService:
        found = self._services.get(name)
        if found is None:
            there = ", ".join(sorted(self._services)) or "none"
            raise GatelineError(f"no service that runs is called {name}; there are: {there}")
        return found

    def _put_files(self, service: Service, keyring: Keyring) -> None:
        try:
            self._files.put(service.name, service_uid(self._state, service.name), files_of(service, keyring))
        except KeyError:  # of an earlier recipe: its tasks cannot be started any more, which is told then
            return
        except OSError as error:
            text = f"what it is given as files cannot be written: {error.strerror}"
            self._around.notify(ServiceTold(service.name, text, trouble=True))

    async def _forget(self, name: str, service: ClusterService) -> None:
        await service.finished.wait()
        if name in self._leaving:  # else it is wanted again
            self._leaving.discard(name)
            service.forget()
            del self._services[name]
            self._files.remove(name)
            self._has_changed()

    async def _until(self, fact: Callable[[], bool]) -> None:
        while not fact():
            self._progress.clear()
            await self._progress.wait()

    async def _follow_logs(self) -> None:
        while True:
            await self._until(lambda: bool(self._services))
            await asyncio.sleep(LISTEN_EVERY)
            for service in self._services.values():
                service.speak()

    def _has_changed(self) -> None:
        self._progress.set()
        now = (self.pids, self.degraded)
        if now != self._told:
            self._told = now
            self._changed()

    def _revision_key(self) -> bytes:
        """Keeps revisions from telling what secrets are; the same for all controls of one run."""
        key = self._processes.recall(_KEY)
        if key is None:
            key = secrets.token_hex(32)
            self._processes.remember(_KEY, key)
        return bytes.fromhex(key)


def _shown_to(group: TargetGroup | None, keyring: Keyring) -> Certificate | None:
    """The client certificate that new tasks are shown: the group's own, else the first of the project."""
    own = group.tls.client_certificate if group is not None and group.tls is not None else ""
    shown = keyring.client_certificates
    return next((each for each in shown if each.name == own), shown[0] if shown else None)


def _by_service(processes: Processes) -> dict[str, list[TaskNote]]:
    """The tasks that ran before this control began, oldest first. What has no note is ended by whoever wants none."""
    found: defaultdict[str, list[TaskNote]] = defaultdict(list)
    for name, running in processes.running.items():
        note = TaskNote.read(running.note) if is_task(name) else None
        if note and note.name == name:
            found[note.service].append(note)
    for notes in found.values():
        notes.sort(key=lambda note: int(note.task))
    return found
