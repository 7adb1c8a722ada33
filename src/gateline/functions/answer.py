"""What becomes of an invocation: what the function returned, what it raised, or why it could not answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Returned:
    """What the handler returned, as JSON text."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Raised:
    """The handler raised: `payload` is Lambda's error object with `errorMessage`, `errorType`, `stackTrace`."""

    message: str
    error_type: str
    payload: bytes


class Fault(StrEnum):
    """Why a function could not answer."""

    TIMEOUT = "timeout"
    CRASHED = "crashed"  # exited, was killed, ran out of memory
    NOT_STARTED = "not_started"  # an import error, no interpreter, an initialisation without end
    BUSY = "busy"  # too many are waiting, or one waited too long
    TOO_LARGE = "too_large"  # the event or the answer is over Lambda's 6 MB
    UNREACHABLE = "unreachable"  # a url or ARN does not answer
    UNKNOWN = "unknown"  # no function has this name
    INVALID = "invalid"  # the worker does not speak the protocol


AS_IF_MISSING: Final = frozenset({Fault.BUSY, Fault.UNKNOWN, Fault.UNREACHABLE})
"""Faults that Lambda would answer for, not the function: a client gets 500, and no error of the function's."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The function did not answer. `detail` is for the operator, never for a client; a time-out has Lambda's words."""

    fault: Fault
    detail: str


Answer = Returned | Raised | Failed
