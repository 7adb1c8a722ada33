"""Services: programs that run as many tasks as are wanted, behind a target group (load-balancers.md section 15)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from gateline.model.origin import Origin

PREVIOUS: Final = "_PREVIOUS"
"""What follows a secret's variable, for the other value that is to be accepted while the secret is rotated."""


class ThresholdType(StrEnum):
    """What the value of a circuit breaker's threshold is."""

    COUNT = "COUNT"
    BOUNDED_PERCENT = "BOUNDED_PERCENT"
    UNBOUNDED_PERCENT = "UNBOUNDED_PERCENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """When a deployment has failed, and whether the one before comes back then.

    `threshold`: so many tasks that fail one after another, or that percentage of those that are wanted.
    """

    enable: bool = False
    rollback: bool = False
    threshold_type: ThresholdType = ThresholdType.BOUNDED_PERCENT
    threshold: int = 50


class SchedulingStrategy(StrEnum):
    """How many tasks there are: as many as are wanted, or one on each machine."""

    REPLICA = "REPLICA"
    DAEMON = "DAEMON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the project file.

    `command` holds `{port}` (a free port of loopback) or `{socket}` (a Unix socket) in one of its words; without
    either it is a worker that nobody reaches. `cwd` is absolute. `environment` may hold secrets that `${env:}` read;
    `secrets` are (variable, name of a secret of the project file); `secret_files` too, there the variable holds the
    path of a file with the values to accept.
    """

    name: str
    command: tuple[str, ...]
    cwd: str
    desired_count: int = 1
    target_group: str = ""  # "" only for a worker that nobody reaches
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrets: tuple[tuple[str, str], ...] = ()
    secret_files: tuple[tuple[str, str], ...] = ()
    stop_timeout: timedelta = timedelta(seconds=30)
    health_check_grace_period: timedelta = timedelta()
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    scheduling_strategy: SchedulingStrategy = SchedulingStrategy.REPLICA
    origin: Origin
