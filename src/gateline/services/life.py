"""The life of a task, from its launch to its end: what is to be done as it goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from gateline.model.service import Service
from gateline.model.target_group import HealthCheck, TargetGroup
from gateline.services.action import (
    Action,
    Deregister,
    Forget,
    Kill,
    Probe,
    Register,
    SetTimer,
    Terminate,
)
from gateline.services.deployment import Phase, Task

FIRST_PROBE: Final = 0.1
"""Seconds between the first probes of a task that starts; doubled each time up to `SLOWEST_PROBE`."""

SLOWEST_PROBE: Final = 0.5

STAYED_UP: Final = 1.0
"""Seconds after which a worker that still runs is healthy."""

PROVEN_AFTER: Final = 5.0
"""Seconds of health after which earlier failures are forgiven."""

TRIAL_PROBES: Final = 5
"""Probes in a row, `SLOWEST_PROBE` apart, that must find a task on trial well before a client meets it."""

_PROBES_THAT_COUNT: Final = 16  # more double nothing

_DEFAULT_STOP_TIMEOUT: Final = timedelta(seconds=30)
_DEFAULT_DEREGISTRATION_DELAY: Final = timedelta(seconds=300)


class Lives:
    """Leads the tasks of one service through their lives.

    `service` and `group` are as last wanted; None before that. `on_failure` is asked what is to be done when a task
    does not get well or stays unwell, `on_proven` is told of a task that was healthy for a while.
    """

    def __init__(
        self, on_failure: Callable[[Task, str], list[Action]], on_proven: Callable[[Task], None]
    ) -> None:
        self.service: Service | None = None
        self.group: TargetGroup | None = None
        self._on_failure = on_failure
        self._on_proven = on_proven
        self._serial = 0
        self._timers: dict[int, tuple[Task, Callable[[Task], list[Action]]]] = {}

    # How a task comes.

    def launched(self, task: Task) -> list[Action]:
        """Its process runs: ask it whether it is well, again and again, but not forever."""
        if task.phase is not Phase.STARTING or task.launched:
            return []
        task.launched = True
        if task.worker or self.group is None:
            return [self._timer(STAYED_UP, task, self._stayed_up)]
        check = self.group.health_check
        patience = (check.interval * check.unhealthy_threshold).total_seconds()
        limit = max(patience, self._grace_period()) + (TRIAL_PROBES * SLOWEST_PROBE if task.on_trial else 0.0)
        task.probing = True
        return [
            Probe(task.name),
            self._timer(limit, task, lambda task: self._give_up(task, limit)),
            *self.grace(task),
        ]

    def _grace_period(self) -> float:
        return 0.0 if self.service is None else self.service.health_check_grace_period.total_seconds()

    def grace(self, task: Task) -> list[Action]:
        """Its failing health checks count from the end of its grace period."""
        seconds = self._grace_period()
        task.graced = not seconds
        return [self._timer(seconds, task, self._graced)] if seconds else []

    def _graced(self, task: Task) -> list[Action]:
        task.graced = True
        return []

    def _stayed_up(self, task: Task) -> list[Action]:
        return self._healthy(task) if task.phase is Phase.STARTING else []

    def probed(self, task: Task, *, well: bool, reason: str) -> list[Action]:
        """We asked it ourselves: before it is registered, or because Envoy sees it unhealthy."""
        task.reason = reason
        task.wells = task.wells + 1 if well else 0
        if task.phase is Phase.STARTING and well and task.on_trial and task.wells < TRIAL_PROBES:
            return [self._timer(SLOWEST_PROBE, task, self._probe)]
        if task.phase is Phase.STARTING and well:
            task.phase = Phase.REGISTERED
            task.probing = False
            return [Register(task.name)]
        if task.phase is Phase.STARTING:
            delay = min(FIRST_PROBE * 2.0 ** min(task.probes, _PROBES_THAT_COUNT), SLOWEST_PROBE)
            task.probes += 1
            return [self._timer(delay, task, self._probe)]
        task.probing = False
        if task.phase is not Phase.REGISTERED or not task.suspected:
            return []
        if task.graced and not well:
            task.phase = Phase.UNWELL
            return self._on_failure(task, f"task {task.name} fails its health checks ({reason})")
        task.probing = True
        task.doubts += 1
        check = HealthCheck() if self.group is None else self.group.health_check
        return [self._timer(check.interval.total_seconds(), task, self._probe)]

    def _probe(self, task: Task) -> list[Action]:
        if task.phase is Phase.STARTING or (task.phase is Phase.REGISTERED and task.suspected):
            return [Probe(task.name)]
        task.probing = False
        return []

    def _give_up(self, task: Task, limit: float) -> list[Action]:
        if task.phase is not Phase.STARTING:
            return []
        asked = f" ({task.reason})" if task.reason else ""
        told = self._on_failure(task, f"task {task.name} was not well within {limit:g} s{asked}")
        return told + self.leave(task)

    def seen(self, task: Task, *, healthy: bool) -> list[Action]:
        """Envoy's view. What it sees unwell we ask ourselves before we believe it.

        An Envoy that has just started has asked nobody yet; all tasks would be replaced.
        """
        if not task.registered:
            return []
        task.suspected = not healthy
        if healthy:
            task.doubts = 0
            return self._healthy(task) if task.phase in {Phase.REGISTERED, Phase.UNWELL} else []
        if task.phase is Phase.HEALTHY:
            task.phase = Phase.REGISTERED
        if task.phase is Phase.REGISTERED and not task.probing:
            task.probing = True
            return [Probe(task.name)]
        return []

    def _healthy(self, task: Task) -> list[Action]:
        task.phase = Phase.HEALTHY
        task.recoveries += 1
        since = task.recoveries
        return [self._timer(PROVEN_AFTER, task, lambda task: self._proven(task, since))]

    def _proven(self, task: Task, since: int) -> list[Action]:
        if task.phase is Phase.HEALTHY and task.recoveries == since:
            task.proven = True
            self._on_proven(task)
        return []

    # How a task goes.

    def leave(self, task: Task) -> list[Action]:
        """It is not wanted any more."""
        return self.drain(task) if task.registered else self.terminate(task)

    def drain(self, task: Task, since: float = 0.0) -> list[Action]:
        """No new requests; those in flight may end, within the deregistration delay, `since` seconds of it gone."""
        task.phase = Phase.DRAINING
        delay = _DEFAULT_DEREGISTRATION_DELAY if self.group is None else self.group.deregistration_delay
        return [
            Deregister(task.name),
            self._timer(max(delay.total_seconds() - since, 0.0), task, self.drained),
        ]

    def drained(self, task: Task) -> list[Action]:
        """Nothing is in flight there any more, or the deregistration delay is over."""
        if task.phase is not Phase.DRAINING:
            return []
        return [Forget(task.name), *self.terminate(task)]

    def terminate(self, task: Task, since: float = 0.0) -> list[Action]:
        """Its process is asked to end, within the stop timeout, `since` seconds of which are gone."""
        task.phase = Phase.TERMINATING
        timeout = _DEFAULT_STOP_TIMEOUT if self.service is None else self.service.stop_timeout
        return [
            Terminate(task.name),
            self._timer(max(timeout.total_seconds() - since, 0.0), task, self._not_terminated),
        ]

    def _not_terminated(self, task: Task) -> list[Action]:
        return self.kill(task) if task.phase is Phase.TERMINATING else []

    def kill(self, task: Task) -> list[Action]:
        """It ends now."""
        forget: list[Action] = [Forget(task.name)] if task.registered else []
        task.phase = Phase.KILLING
        return [*forget, Kill(task.name)]

    # Timers.

    def serial(self) -> int:
        """The number of a timer that belongs to no task."""
        self._serial += 1
        return self._serial

    def _timer(self, seconds: float, task: Task, then: Callable[[Task], list[Action]]) -> SetTimer:
        serial = self.serial()
        self._timers[serial] = (task, then)
        return SetTimer(serial, seconds)

    def elapsed(self, serial: int) -> list[Action]:
        """A timer ran out; that of a task that is gone means nothing."""
        task, then = self._timers.pop(serial, (None, None))
        if task is None or then is None or task.gone:
            return []
        return then(task)
