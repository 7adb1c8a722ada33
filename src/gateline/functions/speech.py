"""What functions say while they run, and what their operator must know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """One line that a function printed. `request_id` is "" outside of an invocation."""

    function: str
    request_id: str
    stream: str  # "stdout" | "stderr"
    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong in a function: a traceback, a time-out, a crash. Never told to a client."""

    function: str
    request_id: str
    text: str


Tell = Callable[[Said | Trouble], None]
