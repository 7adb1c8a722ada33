"""What a service keeps over the end of control, beside the notes of its tasks."""

from __future__ import annotations

import json
from contextlib import suppress

from gateline.runtime.processes import Processes


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

    def keep_deployed(self, revision: str) -> None:
        """Keep the revision of the last deployment that was forced."""
        self._processes.remember(self._key("deployed"), revision)

    def forced(self, revision: str) -> int:
        """How many deployments of a revision, that of the definition, were forced."""
        deployed = self._processes.recall(self._key("deployed")) or ""
        return forced(deployed) if deployed.partition("+")[0] == revision else 0

    def _key(self, what: str) -> str:
        return f"service/{self._service}/{what}"


def forced(revision: str) -> int:
    """How many deployments of a revision were forced: the number behind its `+`."""
    return int(revision.partition("+")[2] or 0)
