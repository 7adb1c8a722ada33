"""What is to be done about a service and its tasks: what a scheduler says."""

from __future__ import annotations

from dataclasses import dataclass

from gateline.services.rollout import History


@dataclass(frozen=True, slots=True)
class Launch:
    """Start a task of the service as it is deployed; report `Launched`, and `Exited` when it is gone.

    It is deployed as `Scheduler.service` says. `revision` is to be noted with the process, for `event.Existing`: it
    has `+N` behind it after the Nth forced deployment.
    """

    task: str
    revision: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the task once whether it is well, report `Probed`."""

    task: str


@dataclass(frozen=True, slots=True)
class Register:
    """Put the task into its target group; report `Seen` whenever Envoy's view of it is known."""

    task: str


@dataclass(frozen=True, slots=True)
class Deregister:
    """No new requests for the task; it stays in its target group, draining. Report `Drained`."""

    task: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Take the task out of its target group at once."""

    task: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ask the task's process to end (SIGTERM). It may come before the process was launched."""

    task: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End the task's process (SIGKILL)."""

    task: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Report `Elapsed(serial)` after so many seconds. Timers stand side by side; late ones do no harm."""

    serial: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Keep:
    """Remember the deployments, for `event.Remember`."""

    history: History


@dataclass(frozen=True, slots=True)
class Tell:
    """Say it to people; the name of the service is put before it. `trouble`: with the last words of the task's log."""

    text: str
    task: str = ""
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """After a `Stop`: no task is left."""


Action = (
    Launch | Probe | Register | Deregister | Forget | Terminate | Kill | SetTimer | Keep | Tell | Finished
)
