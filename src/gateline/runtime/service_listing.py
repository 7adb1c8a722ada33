"""What `gateline services list` tells of a service: its deployments and tasks, in Amazon's words where it has some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateline.runtime.cluster_task import Task
from gateline.services.deployment import STAYING, Phase
from gateline.services.rollout import Deployment, History
from gateline.services.scheduler import Scheduler, TaskView


def service_listing(
    name: str, scheduler: Scheduler, tasks: Mapping[str, Task], times: Mapping[int, float]
) -> dict[str, Any]:
    """All that there is to know of a service.

    Args:
        name: of the service.
        scheduler: knows what is wanted, and how far it is.
        tasks: that have a process, or will have one at once, by name.
        times: when deployments began, in seconds since 1970, by number.

    """
    views, history = scheduler.tasks, scheduler.history
    counts = _counts(views)
    return {
        "name": name,
        "desired": scheduler.desired,
        "running": counts["running"],
        "healthy": counts["healthy"],
        "pending": counts["pending"],
        "rollout_state": history.primary.state.value if history.primary else "",
        "steady": scheduler.steady,
        "target_group": scheduler.service.target_group if scheduler.service else "",
        "deployments": _deployments(scheduler, history, times),
        "tasks": [_task(view, tasks.get(view.task)) for view in views],
    }


def _counts(views: Sequence[TaskView]) -> dict[str, int]:
    staying = [each for each in views if each.phase in STAYING]
    pending = sum(each.phase is Phase.STARTING for each in staying)
    return {
        "running": len(staying) - pending,
        "pending": pending,
        "healthy": sum(each.phase is Phase.HEALTHY for each in views),
    }


def _deployments(scheduler: Scheduler, history: History, times: Mapping[int, float]) -> list[dict[str, Any]]:
    """The primary one; those of which tasks are left; the last one that failed."""
    views, primary = scheduler.tasks, history.primary
    if primary is None:
        return []
    told = [_deployment(primary, "PRIMARY", views, times, scheduler.desired)]
    others = dict.fromkeys(view.revision for view in reversed(views) if view.revision != primary.revision)
    known = {each.revision: each for each in (history.completed, history.failed) if each}
    for revision in others:
        found = known.get(revision)
        if found:
            told.append(_deployment(found, "ACTIVE", views, times, 0))
        else:
            told.append(
                {"number": None, "status": "ACTIVE", "revision": revision, **_counts(_of(views, revision))}
            )
    failed = history.failed
    if failed and failed.number != primary.number and failed.revision not in others:
        told.append(_deployment(failed, "INACTIVE", (), times, 0))
    return told


def _deployment(
    deployment: Deployment, status: str, views: Sequence[TaskView], times: Mapping[int, float], desired: int
) -> dict[str, Any]:
    began = times.get(deployment.number)
    return {
        "number": deployment.number,
        "status": status,
        "rollout_state": deployment.state.value,
        "rollout_state_reason": deployment.reason,
        "revision": deployment.revision,
        "desired": desired,
        **_counts(_of(views, deployment.revision)),
        "failed_tasks": deployment.failed_tasks,
        "rolls_back": deployment.rolls_back or None,
        "created_at": _moment(began) if began else "",
    }


def _of(views: Sequence[TaskView], revision: str) -> list[TaskView]:
    return [view for view in views if view.revision == revision]


def _task(view: TaskView, task: Task | None) -> dict[str, Any]:
    return {
        "id": view.task,
        "pid": task.pid if task else None,
        "address": task.note.address if task else "",
        "revision": view.revision,
        "health": view.phase.value,
        "since": task.note.started if task else "",
    }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
