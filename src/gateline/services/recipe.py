"""What a deployment starts: all that a service's definition says about a task, and nothing of how many there are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from gateline.model.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The part of a service that a rollback brings back; the other keys of a definition hold as they are now.

    As in a task definition of Amazon's, secrets stand here by name: whoever is started gets their values of that day.
    What lies in `cwd` is not kept.
    """

    command: tuple[str, ...]
    cwd: str
    target_group: str
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrets: tuple[tuple[str, str], ...] = ()
    secret_files: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, service: Service) -> Self:
        """The recipe of a service's tasks."""
        return cls(
            command=service.command,
            cwd=service.cwd,
            target_group=service.target_group,
            environment=service.environment,
            secrets=service.secrets,
            secret_files=service.secret_files,
        )

    def applied(self, service: Service) -> Service:
        """The service, with tasks of this recipe."""
        return replace(
            service,
            command=self.command,
            cwd=self.cwd,
            target_group=self.target_group,
            environment=self.environment,
            secrets=self.secrets,
            secret_files=self.secret_files,
        )
