"""One service at work: performs what its scheduler says, and tells it what happens."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, assert_never

from gateline.errors import GatelineError
from gateline.model.secret import Certificate, Secret
from gateline.model.service import SchedulingStrategy, Service
from gateline.model.target_group import TargetGroup
from gateline.runtime import supervisor
from gateline.runtime.cluster_launch import Launcher
from gateline.runtime.cluster_targets import Targets
from gateline.runtime.cluster_task import Distrusted, Task, TaskNote, take_socket
from gateline.runtime.notice import Notify, ServiceTold, TaskSaid
from gateline.runtime.process import Command
from gateline.runtime.processes import Processes
from gateline.runtime.service_listing import service_listing
from gateline.runtime.service_memory import ServiceMemory
from gateline.runtime.task_log import TaskLog, clear_logs
from gateline.services import action, event
from gateline.services.deployment import REACHABLE, Phase
from gateline.services.probe import Answer, probe
from gateline.services.rollout import History
from gateline.services.scheduler import Scheduler

LONGER_THAN_ANY_STOP: Final = 3600.0
"""Seconds. The scheduler says when a task that does not end is killed."""

POLICY: Final = supervisor.Policy(restarts=False, terminate_timeout=LONGER_THAN_ANY_STOP)

MOST_ASKED: Final = 2
"""How often a process is asked to end: then it was killed."""

NOT_STARTED: Final = 127
"""The status of a task that could not be started, as shells say it."""

_GONE: Final = "false"
"""The program of a task that is taken over: it is started only if the task has just ended, and ends at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all services work with. `changed` is called when something is other than it was."""

    processes: Processes
    targets: Targets
    launcher: Launcher
    tasks: asyncio.TaskGroup
    notify: Notify
    changed: Callable[[], None]


class ClusterService:
    """A service and its tasks.

    Args:
        name: of the service.
        around: what all services work with.
        notes: of the tasks that ran when this control began, oldest first.

    """

    def __init__(self, name: str, around: Surroundings, notes: Sequence[TaskNote] = ()) -> None:
        self.name = name
        self.finished = asyncio.Event()
        self._around = around
        self._memory = ServiceMemory(around.processes, name)
        self._scheduler = Scheduler(self._memory.mint)
        history, self._times = self._memory.deployments()
        self._tasks: dict[str, Task] = {}
        self._service: Service | None = None
        self._group: TargetGroup | None = None
        self._secrets: Mapping[str, Secret] = {}
        self._shown: Certificate | None = None
        self._events: deque[event.Event] = deque()
        self._is_working = False
        self._tell(event.Remember(history))
        if notes:
            self._attach(notes)

    @property
    def is_well(self) -> bool:
        """Whether a task is healthy, or none is wanted."""
        return not self._scheduler.desired or any(
            each.phase is Phase.HEALTHY for each in self._scheduler.tasks
        )

    @property
    def is_steady(self) -> bool:
        """Whether all is as it is wanted, with the values that secrets have now."""
        return self._scheduler.steady and not self._scheduler.is_outdated

    @property
    def is_daemon(self) -> bool:
        """Whether it has one task, whatever anybody wants."""
        return bool(self._service and self._service.scheduling_strategy is SchedulingStrategy.DAEMON)

    @property
    def history(self) -> History:
        """Its deployments."""
        return self._scheduler.history

    @property
    def is_replaced(self) -> bool:
        """Whether all is as it is wanted, and no other task is left, not even one that is leaving."""
        return self.is_steady and len(self._scheduler.tasks) == self._scheduler.desired

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run, by `service/task`."""
        return {f"{self.name}/{name}": task.pid for name, task in self._tasks.items() if task.pid}

    def want(
        self,
        service: Service,
        group: TargetGroup | None,
        revise: Callable[[Service], str],
        secrets: Mapping[str, Secret],
        shown: Certificate | None = None,
    ) -> None:
        """Let the service be like this from now on.

        Args:
            service: what it is.
            group: its target group; None: nobody reaches it.
            revise: `task.revision` of a service with the secrets and certificates of now.
            secrets: by the names of the project file.
            shown: the client certificate that new tasks are shown when they are asked how they are.

        """
        self.finished.clear()
        is_first = self._service is None
        self._service, self._group, self._secrets = service, group, secrets
        self._shown = shown
        scaled = self._memory.scale(instead_of=service.desired_count) if is_first else None
        if scaled is not None:
            self._tell(event.Scale(scaled))
        back = self.history.completed
        today = ""
        if back is not None:
            with suppress(KeyError):  # it names a secret that is not declared any more
                today = revise(back.recipe.applied(service))
        self._tell(event.Want(service, group, revise(service), today))

    def scale(self, count: int) -> None:
        """Let so many tasks run, until the definition wants another number than now."""
        if self._service:
            self._memory.keep_scale(count, instead_of=self._service.desired_count)
        self._tell(event.Scale(count))

    def deploy(self, *, renew: bool) -> int:
        """Replace all tasks; the number of the deployment.

        Args:
            renew: by others of the same recipe; else, after a rollback, the definition is tried again.

        """
        self._tell(event.Deploy(renew))
        return self.history.primary.number if self.history.primary else 0

    def forget(self) -> None:
        """It has ended, and begins anew should it come back."""
        self._memory.forget_deployments()

    def stop(self) -> None:
        """Let no task run: gently the first time, at once the second. `finished` is set in the end."""
        self._tell(event.Stop())

    def speak(self) -> None:
        """Pass on what tasks have said."""
        for name, task in self._tasks.items():
            for line in task.log.read():
                self._around.notify(TaskSaid(self.name, name, line))

    def listing(self) -> dict[str, Any]:
        """What there is to know of the service and its tasks."""
        return service_listing(self.name, self._scheduler, self._tasks, self._times)

    def inventory(self) -> list[dict[str, Any]]:
        """Its tasks that run, as `gateline prove` looks for them."""
        phases = {each.task: each.phase for each in self._scheduler.tasks}
        return [
            {**task.told(), "healthy": phases.get(name) is Phase.HEALTHY, "phase": phases.get(name)}
            for name, task in self._tasks.items()
            if task.pid
        ]

    # Events come while actions are performed; they wait until all of those are.

    def _tell(self, happened: event.Event) -> None:
        self._events.append(happened)
        if self._is_working:
            return
        self._is_working = True
        try:
            while self._events:
                for wanted in self._scheduler.handle(self._events.popleft()):
                    self._perform(wanted)
        finally:
            self._is_working = False
        self._around.changed()

    def _perform(self, wanted: action.Action) -> None:
        match wanted:
            case action.Launch(task=name, revision=revision):
                self._launch(name, revision)
            case action.Probe(task=name):
                self._in_background(self._probe(name))
            case action.Register(task=name):
                self._register(name)
            case action.Deregister(task=name):
                self._deregister(name)
            case action.Forget(task=name):
                self._around.targets.remove(self._key(name))
            case action.Terminate(task=name):
                self._end(name, times=1)
            case action.Kill(task=name):
                self._end(name, times=MOST_ASKED)
            case action.SetTimer(serial=serial, seconds=seconds):
                asyncio.get_running_loop().call_later(seconds, self._tell, event.Elapsed(serial))
            case action.Keep(history=history):
                self._remember(history)
            case action.Tell(text=text, task=name, trouble=trouble):
                words = TaskLog(self._log(name)).last_words() if trouble and name else ""
                self._around.notify(ServiceTold(self.name, text, trouble, words))
            case action.Finished():
                self.finished.set()
            case _:
                assert_never(wanted)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        self._around.tasks.create_task(work)

    def _launch(self, name: str, revision: str) -> None:
        service = self._scheduler.service
        assert service is not None
        group = self._group.name if self._group else ""
        note = TaskNote(
            service=self.name, task=name, revision=revision, target_group=group, since=time.time()
        )
        task = self._tasks[name] = Task(note=note, log=TaskLog(self._log(name)), log_path=self._log(name))
        self._in_background(self._start(task, service, self._secrets))

    async def _start(self, task: Task, service: Service, secrets: Mapping[str, Secret]) -> None:
        try:
            launchable = await self._around.launcher.prepare(service, task.note, secrets)
        except GatelineError as error:
            text = f"task {task.note.task} cannot be started: {error}"
            self._around.notify(ServiceTold(self.name, text, True, ""))
            self._ended(task, NOT_STARTED)
            return
        if task.asked_to_end:
            self._ended(task, 0)
            return
        placed = launchable.note
        task.note = replace(task.note, port=placed.port, socket=placed.socket, uid=placed.uid)
        self._keep(task, launchable.command)
        clear_logs(task.log_path.parent, frozenset(each.log_path.name for each in self._tasks.values()))

    def _keep(self, task: Task, command: Command) -> None:
        processes, name = self._around.processes, task.note.task
        task.kept = processes.keep(
            task.note.name,
            command,
            POLICY,
            on_crash=lambda _: None,  # it is not started again by whoever keeps it
            on_spawn=lambda _: self._tell(event.Launched(name)),
        )
        processes.note(task.note.name, task.note.text())

        def over(finished: asyncio.Future[supervisor.Finished]) -> None:
            if not finished.cancelled():
                self._ended(task, finished.result().status)

        task.kept.finished.add_done_callback(over)
        task.kept.start()

    def _ended(self, task: Task, status: int) -> None:
        name = task.note.task
        for line in task.log.finish():
            self._around.notify(TaskSaid(self.name, name, line))
        self._around.launcher.release(task.note)
        if self._tasks.pop(name, None):
            self._around.targets.remove(self._key(name))
            self._tell(event.Exited(name, status))

    async def _probe(self, name: str) -> None:
        task, group = self._tasks.get(name), self._group
        if task and group:
            answer = self._not_to_ask(task)
            if answer is None:
                answer = await probe(
                    group.health_check, port=task.note.port, socket=task.note.socket, shown=self._shown
                )
            self._tell(event.Probed(name, answer.well, answer.reason))

    def _not_to_ask(self, task: Task) -> Answer | None:
        """Why nobody connects to a task, also not to ask how it is; one that is not to be trusted is ended."""
        if not task.note.socket or task.note.phase is not Phase.STARTING:
            return None  # a registered one's socket has been in our hands since before that
        try:
            return (
                None if take_socket(task.note) else Answer(well=False, reason="its socket is not there yet")
            )
        except OSError as error:
            return Answer(well=False, reason=f"its socket cannot be taken ({error.strerror})")
        except Distrusted as error:
            if task.asked_to_end < MOST_ASKED:
                text = f"task {task.note.task} is ended: {error}; nobody connects to that"
                self._around.notify(ServiceTold(self.name, text, True, ""))
                task.ask_to_end(times=MOST_ASKED)
            return Answer(well=False, reason=str(error))

    def _register(self, name: str) -> None:
        if task := self._tasks.get(name):
            self._note(task, Phase.REGISTERED)
            self._target(task)

    def _deregister(self, name: str) -> None:
        if task := self._tasks.get(name):
            self._note(task, Phase.DRAINING)
            self._around.targets.drain(self._key(name))

    def _target(self, task: Task) -> None:
        name = task.note.task
        self._around.targets.add(
            self._key(name),
            task.note.registration(),
            on_seen=lambda healthy: self._tell(event.Seen(name, healthy)),
            on_drained=lambda: self._tell(event.Drained(name)),
        )

    def _end(self, name: str, *, times: int) -> None:
        if task := self._tasks.get(name):
            self._note(task, Phase.TERMINATING)
            task.ask_to_end(times=times)

    def _note(self, task: Task, phase: Phase) -> None:
        if phase is not task.note.phase:
            task.note = replace(task.note, phase=phase, phase_since=time.time())
        if task.kept:
            self._around.processes.note(task.note.name, task.note.text())

    def _attach(self, notes: Sequence[TaskNote]) -> None:
        """Go on with tasks that run."""
        for note in notes:
            log = self._log(note.task)
            task = Task(note=note, log=TaskLog(log, from_end=True), log_path=log)
            task.asked_to_end = int(note.phase is Phase.TERMINATING)  # asked again it would end at once
            self._tasks[note.task] = task
            self._around.launcher.hold(note)
            if note.target_group and note.phase in REACHABLE:
                self._target(task)
            self._keep(task, Command(arguments=(_GONE,), environment={}, folder=log.parent, log=log))
        now = time.time()
        existing = [
            event.Existing(
                each.task, each.revision, each.phase, not each.target_group, max(now - each.phase_since, 0.0)
            )
            for each in notes
        ]
        self._tell(event.Attach(tuple(existing)))

    def _remember(self, history: History) -> None:
        known = {each.number for each in (history.primary, history.completed, history.failed) if each}
        self._times = {number: self._times.get(number, time.time()) for number in known}
        self._memory.keep_deployments(history, self._times)

    def _key(self, what: str) -> str:
        return f"service/{self.name}/{what}"

    def _log(self, task: str) -> Path:
        return self._around.launcher.log(self.name, task)
