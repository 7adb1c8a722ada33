"""How a process is kept alive and how it is stopped, as a state machine: events in, actions out.

No I/O, no clock, no dice: the shell (`gateline.runtime.keeper`) performs the actions and reports what
happened, with the time at which it happened. So races and crash loops are written down as transcripts
(`tests/runtime`).

    idle ─start─► starting ─ready─► running ─exited─► waiting ─elapsed─► starting ...
                     │                 └───stop──► draining ─► terminating ─► killing ─exited─► over
                     └─exited before it was ever ready─► over (failed)

One that says it is leaving ends by itself, and that is the end of it (leaving ─exited─► over). One that is
unresponsive is killed, and so starts again like one that crashed; also while it starts, if it was ready before.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never


class Phase(StrEnum):
    """Where the supervised process stands."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    LEAVING = "leaving"
    WAITING = "waiting"
    DRAINING = "draining"
    TERMINATING = "terminating"
    KILLING = "killing"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Seconds. A crash is answered at once, crashes that follow closely ever later, but never given up on.

    Without `restarts` any end is the end: somebody else decides what comes after it.
    """

    first_delay: float = 0.0
    next_delay: float = 0.5
    longest_delay: float = 10.0
    forgiven_after: float = 30.0
    drain_timeout: float = 10.0
    terminate_timeout: float = 3.0
    restarts: bool = True


# Events: what happened. `at` is a clock's reading in seconds.


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody wants the process to run, now."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The process serves what it was told to serve."""

    at: float


@dataclass(frozen=True, slots=True)
class Exited:
    """The process is gone; a negative status is the number of the signal that ended it."""

    at: float
    status: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The timer of that serial number ran out."""

    serial: int


@dataclass(frozen=True, slots=True)
class Drained:
    """No request is in flight any more."""


@dataclass(frozen=True, slots=True)
class Unresponsive:
    """The process runs, but does not answer any more."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The process is about to end by itself, and is not wanted again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody wants the process to end: gently the first time, at once the second."""


Event = Start | Ready | Exited | Elapsed | Drained | Unresponsive | Leaving | Stop


# Actions: what the shell does.


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start the process."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Report `Elapsed(serial)` after so many seconds. A later timer replaces an earlier one."""

    serial: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no new connections, report `Drained` when no request is in flight."""


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ask the process to end (SIGTERM)."""


@dataclass(frozen=True, slots=True)
class Kill:
    """End the process (SIGKILL)."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """Tell people that the process ended by itself and is started again in so many seconds.

    `hung`: it was killed, because it did not answer.
    """

    status: int
    restart_in: float
    hung: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing runs and nothing will. `failed`: the process never came up."""

    status: int
    failed: bool = False


Action = Spawn | SetTimer | Drain | Terminate | Kill | Crashed | Finished

_ALIVE: Final = frozenset(
    {
        *(Phase.STARTING, Phase.RUNNING, Phase.LEAVING),
        *(Phase.DRAINING, Phase.TERMINATING, Phase.KILLING),
    }
)


class Supervisor:
    """Keeps one process alive."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._phase = Phase.IDLE
        self._serial = 0
        self._was_ready = False
        self._ready_at: float | None = None
        self._hung = False
        self._crashes = 0  # that followed each other closely

    @property
    def phase(self) -> Phase:
        """Where the process stands now."""
        return self._phase

    def handle(self, event: Event) -> list[Action]:
        """Take in what happened; what is to be done about it, in order."""
        match event:
            case Start():
                return self._spawn() if self._phase in {Phase.IDLE, Phase.WAITING} else []
            case Ready(at=at):
                return self._ready(at)
            case Exited(at=at, status=status):
                return self._exited(at, status)
            case Elapsed(serial=serial):
                return self._elapsed() if serial == self._serial else []
            case Drained():
                return self._terminate() if self._phase is Phase.DRAINING else []
            case Unresponsive():
                return self._unresponsive()
            case Leaving():
                return self._leaving()
            case Stop():
                return self._stop()
            case _:
                assert_never(event)

    def _spawn(self) -> list[Action]:
        self._phase = Phase.STARTING
        self._ready_at = None
        self._hung = False
        return [Spawn()]

    def _ready(self, at: float) -> list[Action]:
        if self._phase is Phase.STARTING:
            self._phase = Phase.RUNNING
            self._was_ready = True
            self._ready_at = at
        return []

    def _exited(self, at: float, status: int) -> list[Action]:
        if self._phase not in _ALIVE:
            return []
        if self._phase not in {Phase.STARTING, Phase.RUNNING}:
            return self._finish(status)
        if not self._was_ready:
            return self._finish(status, failed=True)  # what never worked will not work the second time
        if not self._policy.restarts:
            return self._finish(status)
        if self._ready_at is not None and at - self._ready_at >= self._policy.forgiven_after:
            self._crashes = 0
        delay = self._delay()
        self._crashes += 1
        self._phase = Phase.WAITING
        return [Crashed(status, delay, self._hung), self._timer(delay)]

    def _unresponsive(self) -> list[Action]:
        comes_back = self._phase is Phase.STARTING and self._was_ready
        if self._hung or not (comes_back or self._phase is Phase.RUNNING):
            return []
        self._hung = True
        return [Kill()]

    def _leaving(self) -> list[Action]:
        if self._phase in {Phase.IDLE, Phase.WAITING}:
            return self._finish(0)
        if self._phase in {Phase.STARTING, Phase.RUNNING}:
            self._phase = Phase.LEAVING
        return []

    def _delay(self) -> float:
        if self._crashes == 0:
            return self._policy.first_delay
        grown = self._policy.next_delay * 2.0 ** min(self._crashes - 1, 16)
        return min(grown, self._policy.longest_delay)

    def _elapsed(self) -> list[Action]:
        match self._phase:
            case Phase.WAITING:
                return self._spawn()
            case Phase.DRAINING:
                return self._terminate()
            case Phase.TERMINATING:
                return self._kill()
            case Phase.IDLE | Phase.STARTING | Phase.RUNNING | Phase.LEAVING | Phase.KILLING | Phase.OVER:
                return []

    def _stop(self) -> list[Action]:
        match self._phase:
            case Phase.IDLE | Phase.WAITING:
                return self._finish(0)
            case Phase.RUNNING:
                self._phase = Phase.DRAINING
                return [Drain(), self._timer(self._policy.drain_timeout)]
            case Phase.STARTING | Phase.LEAVING:
                return self._terminate()  # it serves nobody yet, or nobody any more
            case Phase.DRAINING | Phase.TERMINATING:
                return self._kill()
            case Phase.KILLING | Phase.OVER:
                return []

    def _terminate(self) -> list[Action]:
        self._phase = Phase.TERMINATING
        return [Terminate(), self._timer(self._policy.terminate_timeout)]

    def _kill(self) -> list[Action]:
        self._phase = Phase.KILLING
        return [Kill()]

    def _finish(self, status: int, *, failed: bool = False) -> list[Action]:
        self._phase = Phase.OVER
        return [Finished(status, failed)]

    def _timer(self, seconds: float) -> SetTimer:
        self._serial += 1
        return SetTimer(self._serial, seconds)
