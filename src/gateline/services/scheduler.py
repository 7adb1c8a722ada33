"""One service as a state machine: events in, actions out (load-balancers.md section 15).

No I/O, no clock, no dice: the runtime performs the actions and reports what happened. A task's life:

    Launch ─► starting ─well by our own probe─► registered ─seen healthy by Envoy─► healthy ⇄ registered, unwell
                 │                                  └──goes──► draining ─drained, or the delay is over─┐
                 └──────────────────────goes──────────────► terminating ◄──────────────────────────────┘
                                                               └─stop_timeout─► killing ─► exited

A worker has no target group: it is healthy when it stayed up for a moment. `life` leads each task through its phases,
`deployment` decides which ones are started and which ones go; here stand what is wanted and what failures cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from gateline.model.service import Service
from gateline.services.action import Action, Finished, Forget, Keep, Launch, Register, SetTimer, Tell
from gateline.services.deployment import (
    STAYING,
    Limits,
    Phase,
    Task,
    good,
    limits,
    missing,
    out_of_place,
    staying,
    superfluous,
)
from gateline.services.event import (
    Attach,
    Deploy,
    Drained,
    Elapsed,
    Event,
    Existing,
    Exited,
    Launched,
    Probed,
    Remember,
    Scale,
    Seen,
    Stop,
    Want,
)
from gateline.services.life import Lives
from gateline.services.recipe import Recipe
from gateline.services.rollout import History, Rollouts

LONGEST_DELAY: Final = 900.0
"""Seconds between two starts of a service whose tasks keep failing, at most: a quarter of an hour, as at Amazon."""

_FAILURES_THAT_COUNT: Final = 16  # more double nothing


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
        self._tasks: dict[str, Task] = {}  # in the order of their launches
        self._arrived: list[tuple[Task, Existing]] = []  # attached, and not taken up yet
        self._lives = Lives(self._failed, self._proven)
        self._rollouts = Rollouts()
        self._defined: Service | None = None  # what the definition says; a rollback runs another recipe
        self._scaled: int | None = None
        self._failures = 0  # that followed each other closely
        self._hold: int | None = None  # the timer that must run out before anything is launched
        self._stopping = False
        self._finished = False
        self._rolling = False  # what is wanted was not reached yet

    @property
    def desired(self) -> int:
        """How many tasks are wanted now."""
        if self._stopping or self._lives.service is None:
            return 0
        return self._lives.service.desired_count if self._scaled is None else self._scaled

    @property
    def revision(self) -> str:
        """The revision that is deployed now, as `Launch` says it."""
        return self._rollouts.revision

    @property
    def service(self) -> Service | None:
        """The service as it is deployed now; None before it was wanted."""
        return self._lives.service

    @property
    def history(self) -> History:
        """The deployments."""
        return self._rollouts.history

    @property
    def is_outdated(self) -> bool:
        """Whether tasks that came back with a rollback hold values of secrets that are not today's."""
        return self._rollouts.is_outdated

    @property
    def steady(self) -> bool:
        """Whether the tasks that are deployed run, all are healthy, and no other one stays."""
        wanted = good(self._tasks.values(), self.revision)
        return (
            len(wanted) == self.desired == len(staying(self._tasks.values()))
            and not self._stopping
            and all(task.sound for task in wanted)
        )

    @property
    def tasks(self) -> tuple[TaskView, ...]:
        """All tasks that run, oldest first; those that are leaving too."""
        return tuple(TaskView(task.name, task.revision, task.phase) for task in self._tasks.values())

    def handle(self, event: Event) -> list[Action]:
        """Take in what happened; what is to be done about it, in order."""
        known = self.history
        actions = self._handled(event)
        return actions if self.history is known else [Keep(self.history), *actions]

    def _handled(self, event: Event) -> list[Action]:
        match event:
            case Attach(tasks=tasks):
                return self._attach(tasks)
            case Remember(history=history):
                self._rollouts.history = history
                return []
            case Want():
                actions = self._want(event)
            case Scale(count=count):
                actions = self._scale(count)
            case Deploy(renew=renew):
                actions = self._deploy(renew=renew)
            case Stop():
                actions = self._stop()
            case Elapsed(serial=serial):
                if serial == self._hold:
                    self._hold = None
                actions = self._lives.elapsed(serial)
            case Launched() | Probed() | Seen() | Drained() | Exited():
                task = self._tasks.get(event.task)
                if task is None or (self._is_arrived(task) and not isinstance(event, Exited)):
                    return []
                actions = self._of_task(task, event)
            case _:
                assert_never(event)
        return actions + self._settle()

    def _of_task(self, task: Task, event: Launched | Probed | Seen | Drained | Exited) -> list[Action]:
        match event:
            case Launched():
                return self._lives.launched(task)
            case Probed(well=well, reason=reason):
                return self._lives.probed(task, well=well, reason=reason)
            case Seen(healthy=healthy):
                return self._lives.seen(task, healthy=healthy)
            case Drained():
                return self._lives.drained(task)
            case Exited(status=status):
                return self._exited(task, status)
            case _:
                assert_never(event)

    # What is wanted.

    def _attach(self, tasks: tuple[Existing, ...]) -> list[Action]:
        """Acted upon when it is known what is wanted."""
        for existing in tasks:
            if existing.task in self._tasks:
                continue
            phase = existing.phase
            if phase in STAYING and phase is not Phase.STARTING:
                phase = Phase.STARTING if existing.worker else Phase.REGISTERED
            elif phase is Phase.KILLING:
                phase = Phase.TERMINATING
            task = Task(existing.task, existing.revision, existing.worker, phase)
            self._tasks[task.name] = task
            self._arrived.append((task, existing))
        return []

    def _is_arrived(self, task: Task) -> bool:
        return any(task is each for each, _ in self._arrived)

    def _take_up(self) -> list[Action]:
        """Say again what was said about the attached tasks before: control may have died while it did it."""
        arrived, self._arrived = self._arrived, []
        actions: list[Action] = []
        for task, existing in arrived:
            if task.gone:
                continue
            task.on_trial = self._is_tried(task.revision)
            match task.phase:
                case Phase.STARTING:
                    actions += self._lives.launched(task)
                case Phase.DRAINING:
                    actions += self._lives.drain(task, existing.since)
                case Phase.TERMINATING:
                    actions += self._lives.terminate(task, existing.since)
                case _:
                    task.launched = True
                    actions += [Register(task.name), *self._lives.grace(task)]
        return actions

    def _want(self, wanted: Want) -> list[Action]:
        service = wanted.service
        if self._defined is not None and self._defined.desired_count != service.desired_count:
            self._scaled = None
        self._defined = service
        self._lives.group = wanted.group
        recipe, running = Recipe.of(service), self._revisions()
        if self._rollouts.want(recipe, wanted.revision, wanted.today, running):
            self._start_afresh()
        self._lives.service = self._deployed(service)
        if not service.circuit_breaker.enable:
            self._end_trials()
        self._stopping = self._finished = False
        self._rolling = self._rolling or not self.steady
        return self._take_up()

    def _deployed(self, service: Service) -> Service:
        primary = self.history.primary
        return primary.recipe.applied(service) if primary else service

    def _revisions(self) -> list[str]:
        return [task.revision for task in self._tasks.values()]

    def _scale(self, count: int) -> list[Action]:
        self._scaled = count
        self._rolling = True
        return []

    def _deploy(self, *, renew: bool) -> list[Action]:
        if self._rollouts.deploy(self._revisions(), renew=renew):
            self._start_afresh()
        return []

    def _start_afresh(self) -> None:
        """Another deployment begins."""
        self._failures = 0
        self._hold = None
        self._rolling = True
        if self._defined is not None:
            self._lives.service = self._deployed(self._defined)

    def _end_trials(self) -> None:
        """Without a circuit breaker nobody is on trial."""
        for task in self._tasks.values():
            task.on_trial = False

    def _is_tried(self, revision: str) -> bool:
        """Whether tasks of a revision must stay healthy for a while before they stand in for others.

        With a circuit breaker: those who serve now are needed, should the new ones turn out to be broken. What comes
        back was tried before.
        """
        service, primary = self._defined, self.history.primary
        return (
            service is not None
            and service.circuit_breaker.enable
            and primary is not None
            and not primary.rolls_back
            and self._rollouts.is_in_progress
            and primary.revision == revision
        )

    def _stop(self) -> list[Action]:
        actions = self._take_up()
        again = self._stopping
        self._stopping = True
        self._hold = None
        for task in list(self._tasks.values()):
            if again and task.phase is not Phase.KILLING:
                actions += self._lives.kill(task)
            elif task.phase in STAYING:
                actions += self._lives.leave(task)
        return actions

    # How it is reached.

    def _settle(self) -> list[Action]:
        if self._stopping:
            if self._tasks or self._finished:
                return []
            self._finished = True
            return [Finished()]
        if self._lives.service is None:
            return []
        bounds = self._limits(self._lives.service)
        may_launch = self._hold is None and not self._rollouts.has_failed
        tasks = list(self._tasks.values())
        if self._rollouts.has_failed:
            going = out_of_place(tasks, self.revision, self.desired)
        else:
            going = superfluous(tasks, self.revision, bounds, may_launch=may_launch)
        actions: list[Action] = []
        for task in going:
            actions += self._lives.leave(task)
        for _ in range(missing(tasks, self.revision, bounds) if may_launch else 0):
            actions.append(self._launch())
        if self._rollouts.is_in_progress and self.steady:
            self._rollouts.completed()
        if self._rolling and self.steady:
            self._rolling = False
            actions.append(Tell(f"all is well: {_tasks(self.desired)} of revision {self.revision}"))
        return actions

    def _launch(self) -> Launch:
        task = Task(self._mint(), self.revision, worker=self._lives.group is None)
        task.on_trial = self._is_tried(task.revision)
        self._tasks[task.name] = task
        return Launch(task.name, task.revision)

    def _limits(self, service: Service) -> Limits:
        return limits(
            self.desired,
            minimum_percent=service.minimum_healthy_percent,
            maximum_percent=service.maximum_percent,
        )

    def _exited(self, task: Task, status: int) -> list[Action]:
        del self._tasks[task.name]
        task.gone = True
        actions: list[Action] = [Forget(task.name)] if task.registered else []
        if task.phase in STAYING and not self._stopping:
            how = f"exited with status {status}" if status >= 0 else f"was ended by signal {-status}"
            actions += self._failed(task, f"task {task.name} {how}")
        return actions

    def _failed(self, task: Task, what: str) -> list[Action]:
        """Tell it, and hold further starts for a while; failures during that while are of the same wave."""
        self._rolling = True
        verdict = self._judged(task, what)
        if verdict:
            return [Tell(verdict, task.name, trouble=True)]
        if task.proven:
            self._failures = 0
        text = what
        timer: list[Action] = []
        if self._hold is None and not self._rollouts.has_failed:
            delay = self._delay()
            self._failures += 1
            if delay:
                self._hold = self._lives.serial()
                timer.append(SetTimer(self._hold, delay))
                text = f"{what}; the next start is in {delay:g} s"
        older = [other for other in self._tasks.values() if other.phase is Phase.HEALTHY]
        older = [other for other in older if other.revision != self.revision]
        if task.revision == self.revision and older:
            text = f"{text}; {_tasks(len(older))} of an earlier revision serve on"
        return [Tell(text, task.name, trouble=True), *timer]

    def _judged(self, task: Task, what: str) -> str:
        """Count a failure of the deployment that counts; what is to be said when that has failed with it."""
        service = self._defined
        if service is None or task.failed or task.revision != self.revision:
            return ""
        task.failed = True
        verdict = self._rollouts.task_failed(
            service.circuit_breaker, self.desired, service.target_group, what
        )
        if verdict:
            self._start_afresh()
        return verdict

    def _proven(self, task: Task) -> None:
        self._failures = 0
        task.on_trial = False
        if task.revision == self.revision:
            self._rollouts.task_was_well()

    def _delay(self) -> float:
        if self._failures == 0:
            return 0.0
        return min(2.0 ** min(self._failures - 1, _FAILURES_THAT_COUNT), LONGEST_DELAY)


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
