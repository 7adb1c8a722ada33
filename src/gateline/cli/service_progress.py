"""How a deployment goes on, as seen in one listing of its service after another: what is new in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateline.cli.render import visible

ENDED: Final = "ended"
_WORD: Final = {"registered": "registered, not seen healthy yet", "terminating": "asked to end"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something new about a task. `seconds`: since the command began; `lasted`: that it was `before`."""

    seconds: float
    task: str
    revision: str
    health: str
    before: str
    lasted: float

    def told(self) -> dict[str, Any]:
        """The step for programs."""
        return {
            "at": round(self.seconds, 3),
            "task": self.task,
            "revision": self.revision,
            "health": self.health,
            "before": self.before or None,
            "lasted": round(self.lasted, 3) if self.before else None,
        }

    def text(self) -> str:
        """The step for people."""
        what = _WORD.get(self.health, self.health)
        how_long = f" ({visible(self.before)} for {self.lasted:.1f} s)" if self.before else ""
        revision = f" of revision {visible(self.revision)}" if not self.before else ""
        return f"{self.seconds:6.1f} s  task {visible(self.task)}{revision}: {visible(what)}{how_long}"


class Progress:
    """Follows one deployment.

    Args:
        number: of the deployment.
        listing: the service when it began; its tasks are no news.

    """

    def __init__(self, number: int, listing: Mapping[str, Any]) -> None:
        self.number = number
        self.verdict = ""  # why it came to nothing
        self.is_over = False
        self._tasks = {
            task["id"]: (task["health"], 0.0, task["revision"])
            for task in listing["tasks"]
            if task["revision"] != listing["deployments"][0]["revision"]
        }

    def see(self, listing: Mapping[str, Any], seconds: float) -> list[Step]:
        """What is new, so many seconds after the beginning."""
        steps = []
        there = {task["id"]: (task["health"], task["revision"]) for task in listing["tasks"]}
        for task, (health, revision) in there.items():
            before, since, _ = self._tasks.get(task, ("", seconds, revision))
            if health != before:
                steps.append(self._step(task, revision, health, before, seconds, since))
        for task in [task for task in self._tasks if task not in there]:
            before, since, revision = self._tasks[task]
            steps.append(self._step(task, revision, ENDED, before, seconds, since))
            del self._tasks[task]
        self._judge(listing)
        return steps

    def _step(self, task: str, revision: str, health: str, before: str, seconds: float, since: float) -> Step:
        self._tasks[task] = (health, seconds, revision)
        return Step(
            seconds=seconds,
            task=task,
            revision=revision,
            health=health,
            before=before,
            lasted=seconds - since,
        )

    def _judge(self, listing: Mapping[str, Any]) -> None:
        """It is over when it is completed, or has failed and what comes back is well."""
        primary = listing["deployments"][0]
        mine = next((each for each in listing["deployments"] if each["number"] == self.number), None)
        is_rolled_back = primary["rolls_back"] == self.number
        if mine and mine["rollout_state"] == "FAILED":
            self.verdict = f"failed: {mine['rollout_state_reason']}"
            if is_rolled_back:
                self.verdict += f"; rolled back to revision {primary['revision']}"
            self.is_over = not is_rolled_back or primary["rollout_state"] != "IN_PROGRESS"
        elif primary["number"] != self.number:
            self.verdict, self.is_over = "ended: another one took its place", True
        else:
            self.is_over = primary["rollout_state"] == "COMPLETED"
