"""The deployments of one service: which one counts, whether it has failed, and which one comes back then.

Amazon's circuit breaker (load-balancers.md section 15; `DeploymentCircuitBreaker` of the ECS API), with what Amazon
leaves open decided for the service's clients: docs/decisions/0028-circuit-breaker.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from gateline.model.service import CircuitBreaker, ThresholdType
from gateline.services.recipe import Recipe

FEWEST_FAILURES: Final = 3
MOST_FAILURES: Final = 200
"""The bounds of a threshold in BOUNDED_PERCENT."""


class RolloutState(StrEnum):
    """How far a deployment is, in Amazon's words."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment.

    `revision`: as `action.Launch` says it. `failed_tasks`: one after another, while it was in progress.
    `rolls_back`: the number of the failed deployment that this one makes good; 0: none.
    """

    number: int
    revision: str
    recipe: Recipe
    state: RolloutState = RolloutState.IN_PROGRESS
    failed_tasks: int = 0
    reason: str = ""
    rolls_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The deployments that are still of use: all that must be remembered of a service over the end of control.

    `primary` counts now, `completed` is the last one that was completed (maybe the same), `failed` the last one that
    failed (maybe the same, too).
    """

    primary: Deployment | None = None
    completed: Deployment | None = None
    failed: Deployment | None = None

    @property
    def refused(self) -> Deployment | None:
        """The failed deployment that the definition still asks for, while an earlier one is back in its place."""
        if self.primary is None or self.failed is None or self.primary.rolls_back != self.failed.number:
            return None
        return self.failed

    @property
    def recipes(self) -> frozenset[Recipe]:
        """What tasks may be started by from now on, should the definition not change."""
        return frozenset(each.recipe for each in (self.primary, self.completed) if each)

    def outcome(self, number: int) -> str | None:
        """What became of a deployment, should it have come to nothing; "": it was completed; None: it goes on.

        Args:
            number: of the deployment.

        """
        if self.failed and self.failed.number == number:
            back = "; it was rolled back" if self.refused is self.failed else ""
            return f"deployment {number} failed: {self.failed.reason}{back}"
        if self.primary is None or self.primary.number != number:
            return f"another deployment took the place of deployment {number}"
        return None if self.primary.state is RolloutState.IN_PROGRESS else ""


def threshold(breaker: CircuitBreaker, desired: int) -> int:
    """How many tasks must fail one after another, of so many that are wanted; fractions round up."""
    if breaker.threshold_type is ThresholdType.COUNT:
        return breaker.threshold
    share = -(-desired * breaker.threshold // 100)
    if breaker.threshold_type is ThresholdType.UNBOUNDED_PERCENT:
        return max(share, 1)
    return min(max(share, FEWEST_FAILURES), MOST_FAILURES)


@dataclass(slots=True)
class Rollouts:
    """Leads a service from one deployment to the next."""

    history: History = field(default_factory=History)
    _today: str = ""  # the revision that the last completed recipe has with today's secrets; "" unknown

    @property
    def revision(self) -> str:
        """The revision that counts; "" before anything was wanted."""
        return self.history.primary.revision if self.history.primary else ""

    @property
    def is_in_progress(self) -> bool:
        """Whether the deployment that counts is neither completed nor failed."""
        return self._state is RolloutState.IN_PROGRESS

    @property
    def has_failed(self) -> bool:
        """Whether the deployment that counts has failed: nothing of it is started any more."""
        return self._state is RolloutState.FAILED

    @property
    def is_outdated(self) -> bool:
        """Whether a rollback holds tasks whose secrets have other values by now."""
        return bool(self.history.refused and self._today and _base(self.revision) != self._today)

    @property
    def _state(self) -> RolloutState | None:
        return self.history.primary.state if self.history.primary else None

    def want(self, recipe: Recipe, revision: str, today: str, running: Iterable[str]) -> bool:
        """The definition says this; whether that begins another deployment.

        Args:
            recipe: what the definition says of tasks.
            revision: the revision of that, with today's secrets.
            today: the revision of the last completed recipe with today's secrets; "" when it has none.
            running: revisions of the tasks that run: one that was forced before goes on.

        """
        self._today = today
        primary, refused = self.history.primary, self.history.refused
        if primary and refused and recipe == refused.recipe:  # it was tried
            if today in {"", _base(primary.revision), _base(refused.revision)}:
                return False
            # another value of a secret: that reaches the tasks which are back
            return self._begin(primary.recipe, today, running, rolls_back=refused.number)
        if primary and _base(primary.revision) == revision:
            self.history = replace(self.history, primary=replace(primary, rolls_back=0))
            return False
        return self._begin(recipe, revision, running)

    def deploy(self, running: Iterable[str], *, renew: bool) -> bool:
        """Deploy again though the definition is the same; False: nothing was wanted yet.

        Args:
            running: revisions of the tasks that run.
            renew: what counts now; else what the definition says, also when that has failed.

        """
        primary, refused = self.history.primary, self.history.refused
        if primary is None:
            return False
        source = refused if refused and not renew else primary
        base = self._today if source is not refused and refused and self._today else _base(source.revision)
        known = (primary.revision, refused.revision if refused else "", *running)
        revision = f"{base}+{max(_forced(each, base) for each in known) + 1}"
        again = refused.number if refused and source is not refused else 0
        return self._begin(source.recipe, revision, (), rolls_back=again)

    def completed(self) -> None:
        """All tasks are what is wanted, and well."""
        assert self.history.primary is not None
        done = replace(self.history.primary, state=RolloutState.COMPLETED, failed_tasks=0)
        self.history = replace(self.history, primary=done, completed=done)

    def task_was_well(self) -> None:
        """A task of the deployment that counts was healthy for a while: earlier failures are forgiven."""
        primary = self.history.primary
        if primary and primary.state is RolloutState.IN_PROGRESS and primary.failed_tasks:
            self.history = replace(self.history, primary=replace(primary, failed_tasks=0))

    def task_failed(self, breaker: CircuitBreaker, desired: int, recipe_group: str, why: str) -> str:
        """A task of the deployment that counts did not get well; what that means, "" nothing.

        A rollback goes on trying: there is nothing better to go to.

        Args:
            breaker: as the definition says now.
            desired: how many tasks are wanted.
            recipe_group: the target group that the definition names now.
            why: what happened to the task.

        """
        primary = self.history.primary
        if primary is None or primary.state is not RolloutState.IN_PROGRESS:
            return ""
        primary = replace(primary, failed_tasks=primary.failed_tasks + 1)
        self.history = replace(self.history, primary=primary)
        if not breaker.enable or primary.rolls_back or primary.failed_tasks < threshold(breaker, desired):
            return ""
        reason = f"{primary.failed_tasks} failed in a row, the last: {why}"
        failed = replace(primary, state=RolloutState.FAILED, reason=reason)
        self.history = replace(self.history, primary=failed, failed=failed)
        text = f"deployment {failed.number} failed ({reason})"
        back = self.history.completed
        if not breaker.rollback:
            return f"{text}; nothing more of it is started"
        if back is None or back.revision == failed.revision:
            return f"{text}; there is none to go back to, and nothing more of it is started"
        if back.recipe.target_group != recipe_group:
            return f"{text}; the one before had another target group: nothing more is started"
        self._begin(back.recipe, back.revision, (), rolls_back=failed.number)
        return f"{text}; back to revision {back.revision}"

    def _begin(self, recipe: Recipe, revision: str, running: Iterable[str], *, rolls_back: int = 0) -> bool:
        before = self.history.primary
        forced = max((_forced(each, revision) for each in running), default=0)
        primary = Deployment(
            number=(before.number if before else 0) + 1,
            revision=f"{revision}+{forced}" if forced else revision,
            recipe=recipe,
            rolls_back=rolls_back,
        )
        self.history = replace(self.history, primary=primary)
        return True


def _base(revision: str) -> str:
    """The revision of the definition, without the number of a forced deployment."""
    return revision.partition("+")[0]


def _forced(launched: str, base: str) -> int:
    """The number behind the `+` of a task's revision, where it is of that one."""
    found, _, number = launched.partition("+")
    return int(number) if found == base and number.isdecimal() else 0
