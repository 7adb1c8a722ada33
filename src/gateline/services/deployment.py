"""Which tasks are started and which ones go, so that a service becomes what is wanted of it.

Amazon's rolling update (load-balancers.md section 15): a floor of healthy tasks that no decision of ours goes below,
and a cap of tasks that run or start. As at Amazon a task that is leaving (draining or ending) counts for neither:
its desired status is STOPPED.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Phase(StrEnum):
    """Where a task stands."""

    STARTING = "starting"  # launched, not yet well by our own probe
    REGISTERED = "registered"  # in its target group; Envoy does not see it healthy (yet, or just now)
    HEALTHY = "healthy"
    UNWELL = "unwell"  # in its target group; to be replaced
    DRAINING = "draining"
    TERMINATING = "terminating"
    KILLING = "killing"


STAYING: Final = frozenset({Phase.STARTING, Phase.REGISTERED, Phase.HEALTHY, Phase.UNWELL})
"""Phases of tasks that run or start: those that the cap counts."""

REACHABLE: Final = frozenset({Phase.REGISTERED, Phase.HEALTHY, Phase.UNWELL, Phase.DRAINING})
"""Phases of tasks that are in their target group (workers never are)."""

ENOUGH_DOUBTS: Final = 2
"""Then a whole interval of health checks has passed: an Envoy that has just started would know by now."""

_EASILY_MISSED: Final = {Phase.STARTING: 0, Phase.UNWELL: 1, Phase.REGISTERED: 2, Phase.HEALTHY: 3}


@dataclass(slots=True, eq=False)
class Task:
    """What is known of a task."""

    name: str
    revision: str
    worker: bool
    phase: Phase = Phase.STARTING
    launched: bool = False
    graced: bool = False  # its grace period is over: failing health checks count
    recoveries: int = 0  # how often it became healthy
    proven: bool = False  # it was healthy for a while
    on_trial: bool = False  # it must be, before it stands in for another one
    wells: int = 0  # probes in a row that found it well, before it was registered
    failed: bool = False  # it counts as a failure of its deployment
    suspected: bool = False  # Envoy sees it unhealthy
    doubts: int = 0  # how often we found it no worse than before, while Envoy sees it unhealthy
    probing: bool = False  # a probe is under way, or a timer for the next one
    probes: int = 0
    reason: str = ""  # why it was not well when it was last asked
    gone: bool = False  # its process has ended

    @property
    def registered(self) -> bool:
        """Whether it is in its target group."""
        return not self.worker and self.phase in REACHABLE

    @property
    def unwell(self) -> bool:
        """Whether it is known not to be well: by our own probe, or because Envoy sees it so on and on."""
        return self.phase is Phase.UNWELL or (self.phase is Phase.REGISTERED and self.doubts >= ENOUGH_DOUBTS)

    @property
    def sound(self) -> bool:
        """Whether it is healthy, and can be relied upon."""
        return self.phase is Phase.HEALTHY and not self.on_trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many tasks are wanted, the floor of healthy ones, and the cap of those that run or start."""

    desired: int
    floor: int
    cap: int


def limits(desired: int, *, minimum_percent: int, maximum_percent: int) -> Limits:
    """The floor rounds up, the cap down, as at Amazon.

    Where that leaves no task to go first and none to come first (1 task, 100 to 150 %), Amazon's deployments stand
    still forever; ours may start one more.
    """
    floor = min(-(-desired * minimum_percent // 100), desired)
    cap = max(desired * maximum_percent // 100, desired)
    return Limits(desired=desired, floor=floor, cap=cap + 1 if floor == cap > 0 else cap)


def staying(tasks: Iterable[Task]) -> list[Task]:
    """Those that run or start, in the order given."""
    return [task for task in tasks if task.phase in STAYING]


def good(tasks: Iterable[Task], revision: str) -> list[Task]:
    """Those that are what is wanted, as far as is known."""
    return [task for task in staying(tasks) if task.revision == revision and task.phase is not Phase.UNWELL]


def missing(tasks: Sequence[Task], revision: str, bounds: Limits) -> int:
    """How many tasks of the wanted revision are to be started now."""
    room = bounds.cap - len(staying(tasks))
    return max(0, min(bounds.desired - len(good(tasks, revision)), room))


def superfluous(tasks: Sequence[Task], revision: str, bounds: Limits, *, may_launch: bool) -> list[Task]:
    """Which tasks go now; `tasks` are in the order of their launches.

    More than enough of the wanted revision, and what nobody reaches yet, goes at once. Any other goes when enough
    healthy ones remain without it, or when it has to make room for the one that replaces it: then the floor holds,
    and unwell tasks, which the floor does not count, make room one by one. One that was merely not seen yet, by a
    control or an Envoy that has just started, stays until it is known how it is.
    """
    alive = staying(tasks)
    wanted = good(tasks, revision)
    keep = sorted(wanted, key=_worth, reverse=True)[: bounds.desired]
    kept, surplus = set(keep), set(wanted)
    doomed = [task for task in alive if task not in kept]
    if not doomed:
        return []
    healthy = sum(task.sound for task in alive)
    replacing = any(not task.sound for task in keep)
    need = bounds.desired - len(keep)
    count = len(alive)
    go = []
    for task in _by_urgency(doomed, tasks):
        remain = healthy - task.sound
        in_the_way = may_launch and need > bounds.cap - count
        in_turn = remain >= bounds.floor or (task.unwell and not replacing)
        dispensable = task.phase is Phase.STARTING or task in surplus or remain >= bounds.desired
        if dispensable or (in_the_way and in_turn):
            go.append(task)
            healthy = remain
            count -= 1
            replacing = replacing or not dispensable
    return go


def out_of_place(tasks: Iterable[Task], failed: str, desired: int) -> list[Task]:
    """Which tasks go while nothing may be started, because the deployment of the revision `failed` has failed.

    Its tasks that are not healthy help nobody. Of the others the soundest stay, rather those of earlier revisions.
    """
    alive = staying(tasks)
    useless = [task for task in alive if task.revision == failed and task.phase is not Phase.HEALTHY]
    others = [task for task in alive if task not in useless]
    others.sort(key=lambda task: (*_worth(task), task.revision != failed), reverse=True)
    return useless + others[desired:]


def _worth(task: Task) -> tuple[bool, int]:
    return task.sound, _EASILY_MISSED[task.phase]


def _by_urgency(doomed: Iterable[Task], tasks: Iterable[Task]) -> list[Task]:
    """Those not healthy first, then those on trial, then those of the oldest revision, then the youngest."""
    ages: dict[str, int] = {}
    for task in tasks:
        ages.setdefault(task.revision, len(ages))
    youngest_first = reversed(list(doomed))
    return sorted(youngest_first, key=lambda task: (*_worth(task), ages[task.revision]))
