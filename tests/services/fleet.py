"""A world for schedulers: it does what a scheduler says, on a clock of its own, and watches its promises."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from gateline.model.origin import Origin
from gateline.model.service import Service
from gateline.model.target_group import HealthCheck, TargetGroup
from gateline.services.action import (
    Action,
    Deregister,
    Finished,
    Forget,
    Keep,
    Kill,
    Launch,
    Probe,
    Register,
    SetTimer,
    Tell,
    Terminate,
)
from gateline.services.deployment import Phase
from gateline.services.event import (
    Attach,
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
    Want,
)
from gateline.services.rollout import History
from gateline.services.scheduler import Scheduler

ORIGIN: Final = Origin(file="gateline.yaml", pointer=("services", "orders"))
SERVICE: Final = Service(
    name="orders", command=("orders", "{port}"), cwd=".", target_group="orders", origin=ORIGIN
)
GROUP: Final = TargetGroup(
    name="orders",
    health_check=HealthCheck(interval=timedelta(seconds=10), unhealthy_threshold=3),
    deregistration_delay=timedelta(seconds=60),
    origin=ORIGIN,
)
STAYING: Final = {Phase.STARTING, Phase.REGISTERED, Phase.HEALTHY, Phase.UNWELL}


class Fleet:
    """The tasks of one service, as they really are.

    Tasks whose revision begins with "ill" fail every probe, those with "crashing" exit as soon as they run, those with
    "stubborn" do not end when asked to, those with "busy" always have a request in flight, and those with "fickle" exit
    as soon as they are healthy.
    """

    def __init__(self, *, worker: bool = False) -> None:
        self.names = itertools.count(1)
        self.scheduler = Scheduler(self.mint)
        self.group = None if worker else GROUP
        self.service = SERVICE
        self.now = 0.0
        self.actions: list[Action] = []  # but for `Keep`
        self.kept = History()
        self.alive: dict[str, str] = {}  # task -> revision
        self.pending: set[str] = set()  # told to launch, not reported as launched
        self.probes: set[str] = set()
        self.members: set[str] = set()  # of the target group
        self.draining: set[str] = set()
        self.asked: set[str] = set()  # to end
        self.killed: set[str] = set()
        self.timers: dict[int, float] = {}
        self.launched: list[str] = []
        self.finished = 0

    # What people do.

    def want(self, revision: str = "a", **changes: Any) -> list[Action]:
        """The definition is read (again)."""
        self.service = replace(self.service, **changes)
        self.service = replace(self.service, command=(revision,))
        done = self.scheduler.history.completed
        return self.tell(Want(self.service, self.group, revision, done.recipe.command[0] if done else ""))

    def mint(self) -> str:
        """The name of another task."""
        return f"t{next(self.names)}"

    def come_back(self) -> None:
        """Control ends, and another one goes on with what was kept and noted."""
        former, self.scheduler = self.scheduler, Scheduler(self.mint)
        self.timers.clear()
        self.probes.clear()
        existing = [
            Existing(view.task, view.revision, view.phase, self.group is None) for view in former.tasks
        ]
        self.scheduler.handle(Remember(self.kept))
        self.tell(Attach(tuple(existing)))
        if former.desired != self.service.desired_count:
            self.tell(Scale(former.desired))
        self.want(self.service.command[0])

    # What happens.

    def tell(self, *events: Event) -> list[Action]:
        """Tell the scheduler, do what it says."""
        actions: list[Action] = []
        for event in events:
            if isinstance(event, Exited):
                self.alive.pop(event.task, None)
                for names in (self.pending, self.probes, self.asked, self.killed):
                    names.discard(event.task)
            if isinstance(event, Elapsed):
                self.timers.pop(event.serial, None)
            if isinstance(event, Launched):
                self.pending.discard(event.task)
            if isinstance(event, Probed):
                self.probes.discard(event.task)
            before = {view.task for view in self.scheduler.tasks if view.phase is Phase.HEALTHY}
            said = self.scheduler.handle(event)
            for action in said:
                self._do(action)
            assert self.kept == self.scheduler.history
            said = [action for action in said if not isinstance(action, Keep)]
            self._watch(before, said)
            actions += said
        self.actions += actions
        return actions

    def _do(self, action: Action) -> None:
        match action:
            case Launch(task=task, revision=revision):
                assert task not in self.launched, "names are new"
                self.alive[task] = revision
                self.pending.add(task)
                self.launched.append(task)
            case Probe(task=task):
                assert task in self.alive
                assert task not in self.probes, "one probe at a time"
                self.probes.add(task)
            case Register(task=task):
                assert task in self.alive
                self.members.add(task)
            case Deregister(task=task):
                assert task in self.members
                self.draining.add(task)
            case Forget(task=task):
                assert task in self.members, "what was forgotten is not forgotten again"
                self.members.discard(task)
                self.draining.discard(task)
            case Terminate(task=task):
                assert task in self.alive
                assert task not in self.members
                self.asked.add(task)
            case Kill(task=task):
                assert task in self.alive
                assert task not in self.members
                self.killed.add(task)
            case SetTimer(serial=serial, seconds=seconds):
                assert serial not in self.timers
                self.timers[serial] = self.now + seconds
            case Keep(history=history):
                self.kept = history
            case Tell():
                pass
            case Finished():
                assert not self.alive
                self.finished += 1

    def _watch(self, before: set[str], said: Iterable[Action]) -> None:
        phases = {view.task: view.phase for view in self.scheduler.tasks}
        assert set(phases) == set(self.alive), "it knows the tasks that run, and no others"
        assert {task for task, phase in phases.items() if phase is Phase.DRAINING} == self.draining
        desired = self.scheduler.desired
        floor = math.ceil(desired * self.service.minimum_healthy_percent / 100)
        cap = max(desired, math.floor(desired * self.service.maximum_percent / 100))
        if floor == cap:
            cap += 1  # the one that the rounding lends
        if any(isinstance(action, Launch) for action in said):
            assert sum(phase in STAYING for phase in phases.values()) <= cap
        sent_away = [task for task in before if task in phases and phases[task] not in STAYING]
        if sent_away:
            assert len(self.healthy()) >= floor, (sent_away, phases)

    # How it goes on by itself.

    def healthy(self) -> list[str]:
        """The tasks that count as healthy."""
        return [view.task for view in self.scheduler.tasks if view.phase is Phase.HEALTHY]

    def revisions(self) -> list[str]:
        """Of the tasks that stay, oldest first."""
        return [view.revision for view in self.scheduler.tasks if view.phase in STAYING]

    def next_event(self) -> Event | None:
        """What a world in which everything goes by itself brings next, timers left out."""
        for task, revision in self.alive.items():
            phase = next(view.phase for view in self.scheduler.tasks if view.task == task)
            if task in self.killed or (task in self.asked and not revision.startswith("stubborn")):
                return Exited(task, -9 if task in self.killed else 0)
            if task in self.pending:
                return Launched(task)
            if revision.startswith("crashing"):
                return Exited(task, 1)
            if revision.startswith("fickle") and phase is Phase.HEALTHY:
                return Exited(task, 1)
            if task in self.probes:
                ill = revision.startswith("ill")
                return Probed(task, not ill, "Request timed out" if ill else "")
            if (
                task in self.members
                and phase in {Phase.REGISTERED, Phase.UNWELL}
                and not revision.startswith("ill")
            ):
                return Seen(task, healthy=True)
            if task in self.draining and not revision.startswith("busy"):
                return Drained(task)
        return None

    def run(self, seconds: float = 0.0) -> list[Action]:
        """Let everything go on by itself for so long."""
        actions: list[Action] = []
        until = self.now + seconds
        for _ in range(100_000):
            event = self.next_event()
            if event is None:
                due = min(self.timers, key=lambda serial: (self.timers[serial], serial), default=None)
                if due is None or self.timers[due] > until:
                    self.now = until
                    return actions
                self.now = self.timers[due]
                event = Elapsed(due)
            actions += self.tell(event)
        raise AssertionError("it never comes to rest")


def steady(desired: int, *, worker: bool = False, **changes: Any) -> Fleet:
    """A service that has run well for a while."""
    fleet = Fleet(worker=worker)
    fleet.want(desired_count=desired, **changes)
    fleet.run(100)
    assert fleet.scheduler.steady
    fleet.actions.clear()
    return fleet


def of(actions: Iterable[Action], *kinds: type) -> list[Action]:
    """The actions of these kinds, in order."""
    return [action for action in actions if isinstance(action, kinds)]


def told(actions: Iterable[Action]) -> list[str]:
    """What was said to people."""
    return [action.text for action in actions if isinstance(action, Tell)]
