"""Notices: what the housekeeper tells a face while it works. Values; how they look is the face's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateline.model.diagnostic import Report
from gateline.model.origin import Origin, Position


class Places(Protocol):
    """Finds what a diagnostic is about: `gateline.sources.Loaded` is one."""

    def locate(self, origin: Origin) -> Position:
        """The line and column of an origin."""

    def text(self, file: str) -> str | None:
        """The text of a file as it was read."""


@dataclass(frozen=True, slots=True)
class Complained:
    """The definitions gave reason to complain; `refused`: so they were not taken."""

    report: Report
    places: Places
    refused: bool


@dataclass(frozen=True, slots=True)
class Published:
    """A changed configuration serves now, `seconds` after the change was seen."""

    seconds: float
    routes: int


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Files were written, but they say what they said before."""


@dataclass(frozen=True, slots=True)
class EnvoyCrashed:
    """Envoy ended by itself, or was `hung` and killed. A negative status is a signal's number."""

    status: int
    restart_in: float
    hung: bool = False


@dataclass(frozen=True, slots=True)
class EnvoyBack:
    """Envoy was started again and serves."""

    pid: int


@dataclass(frozen=True, slots=True)
class HostCrashed:
    """The host ended by itself: callers whose decisions are cached go on, others are refused meanwhile.

    `hung`: it was killed, because it did not answer.
    """

    status: int
    restart_in: float
    hung: bool = False


@dataclass(frozen=True, slots=True)
class HostBack:
    """The host was started again and serves."""

    pid: int


@dataclass(frozen=True, slots=True)
class FunctionSaid:
    """One line that a function printed; `request_id` is "" outside of an invocation."""

    function: str
    request_id: str
    stream: str  # "stdout" | "stderr"
    text: str


@dataclass(frozen=True, slots=True)
class FunctionTrouble:
    """Something went wrong in a function; several lines when there is a traceback."""

    function: str
    request_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TaskSaid:
    """One line that a task of a service printed."""

    service: str
    task: str
    text: str


@dataclass(frozen=True, slots=True)
class ServiceTold:
    """What became of a service, in a sentence; `words`: the last ones of the task that is in `trouble`."""

    service: str
    text: str
    trouble: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class TargetsTold:
    """What was discovered of a target group's targets, in a sentence; `trouble`: its source does not say."""

    target_group: str
    text: str
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Remarked:
    """Something that people should know, in a sentence."""

    text: str


Notice = (
    Complained
    | Published
    | Unchanged
    | EnvoyCrashed
    | EnvoyBack
    | HostCrashed
    | HostBack
    | FunctionSaid
    | FunctionTrouble
    | TaskSaid
    | ServiceTold
    | TargetsTold
    | Remarked
)
Notify = Callable[[Notice], None]
