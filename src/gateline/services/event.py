"""What happens to a service and its tasks: what a scheduler is told.

Nothing here carries a clock's reading: whatever takes time is a timer (`action.SetTimer`). Events about tasks that a
scheduler does not know (any more) are ignored, so the runtime need not look whether a report comes late.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateline.model.service import Service
from gateline.model.target_group import TargetGroup
from gateline.services.deployment import Phase
from gateline.services.rollout import History


@dataclass(frozen=True, slots=True)
class Existing:
    """A task that ran before this scheduler was made, as far as was noted about it.

    `phase`: STARTING after Launch, REGISTERED after Register, DRAINING after Deregister, TERMINATING after Terminate
    or Kill. Any other phase is taken as well: a task noted as HEALTHY must be seen healthy again.
    """

    task: str
    revision: str  # as `action.Launch` said it
    phase: Phase
    worker: bool = False  # it has no target group
    since: float = 0.0  # seconds that it has been in this phase already


@dataclass(frozen=True, slots=True)
class Attach:
    """These tasks run already, oldest first (control came back). Comes before the first `Want`, or before `Stop`."""

    tasks: tuple[Existing, ...]


@dataclass(frozen=True, slots=True)
class Remember:
    """The deployments that a former control knew, as `action.Keep` said. Comes before the first `Want`."""

    history: History


@dataclass(frozen=True, slots=True)
class Want:
    """How the service shall be from now on. `revision`: `task.revision` of it; another one is rolled out.

    `group` is None for a worker that nobody reaches. Told again after a `Stop`, it takes the stop back. `today`: the
    revision of the recipe that was completed last (`Scheduler.history`), with the values that secrets have now.
    """

    service: Service
    group: TargetGroup | None
    revision: str
    today: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """So many tasks are wanted, until a `Want` comes with another `desired_count` than the one before had."""

    count: int


@dataclass(frozen=True, slots=True)
class Deploy:
    """Replace all tasks though the definition is the same (its code changed, say).

    After a rollback the definition is tried again; `renew`: what came back is replaced by its like.
    """

    renew: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """The service shall end: gently the first time, at once the second."""


@dataclass(frozen=True, slots=True)
class Launched:
    """The task's process runs. A process that cannot be started is `Exited` without ever having been launched."""

    task: str


@dataclass(frozen=True, slots=True)
class Probed:
    """We asked the task ourselves, as `action.Probe` said. `reason`: why it is not well (`probe.Answer.reason`)."""

    task: str
    well: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Envoy's view of a registered task. Telling the same again does no harm.

    When no cluster of Envoy uses the target group (Amazon's Target.NotInUse), nobody looks at the task: the runtime
    says `healthy=True` as soon as it is registered.
    """

    task: str
    healthy: bool


@dataclass(frozen=True, slots=True)
class Drained:
    """Envoy knows that the task is draining, and no request is in flight there."""

    task: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The task's process is gone; a negative status is the number of the signal that ended it."""

    task: str
    status: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The timer of that serial number ran out."""

    serial: int


Event = (
    Attach | Remember | Want | Scale | Deploy | Stop | Launched | Probed | Seen | Drained | Exited | Elapsed
)
