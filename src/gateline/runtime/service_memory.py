"""What a service keeps over the end of control, beside the notes of its tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from gateline.runtime.processes import Processes
from gateline.services.recipe import Recipe
from gateline.services.rollout import Deployment, History, RolloutState


class ServiceMemory:
    """What one service keeps.

    Args:
        processes: keeps it.
        service: the service's name.

    """

    def __init__(self, processes: Processes, service: str) -> None:
        self._processes = processes
        self._service = service

    def mint(self) -> str:
        """The name of another task; no two are the same."""
        number = int(self._processes.recall(self._key("tasks")) or 0) + 1
        self._processes.remember(self._key("tasks"), str(number))
        return str(number)

    def keep_scale(self, count: int, *, instead_of: int) -> None:
        """Keep that somebody wants so many tasks instead of the definition's number."""
        self._processes.remember(self._key("scale"), json.dumps({"count": count, "instead_of": instead_of}))

    def scale(self, *, instead_of: int) -> int | None:
        """The number of tasks that somebody wanted instead of the definition's, if that is still the same."""
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(self._processes.recall(self._key("scale")) or "null")
            if told["instead_of"] == instead_of:
                return int(told["count"])
        return None

    def keep_deployments(self, history: History, times: Mapping[int, float]) -> None:
        """Keep the deployments, and when they began (seconds since 1970, by number).

        Their recipes hold what the project file says of environment variables, which may be secret: the house keeps
        this in its memory, and nobody writes it down.
        """
        kept = {"history": asdict(history), "times": sorted(times.items())}
        self._processes.remember(self._key("deployments"), json.dumps(kept))

    def deployments(self) -> tuple[History, dict[int, float]]:
        """The deployments that were kept, and when they began."""
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(self._processes.recall(self._key("deployments")) or "null")
            found = {name: _deployment(each) for name, each in told["history"].items()}
            return History(**found), {int(number): float(at) for number, at in told["times"]}
        return History(), {}

    def forget_deployments(self) -> None:
        """The service has ended: should it come back, it begins anew."""
        self._processes.remember(self._key("deployments"), "")

    def _key(self, what: str) -> str:
        return f"service/{self._service}/{what}"


def _deployment(told: dict[str, Any] | None) -> Deployment | None:
    if told is None:
        return None
    recipe: dict[str, Any] = {
        name: tuple(tuple(each) if isinstance(each, list) else each for each in value)
        if isinstance(value, list)
        else value
        for name, value in told["recipe"].items()
    }
    return Deployment(**{**told, "recipe": Recipe(**recipe), "state": RolloutState(told["state"])})
