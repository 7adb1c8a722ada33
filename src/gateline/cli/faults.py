"""What ends a command, in one message and an exit code, whatever it was."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from gateline.errors import GatelineError


@dataclass(frozen=True, slots=True)
class Fault:
    """What is said of an error, and the exit code that it ends the command with."""

    message: str
    exit_code: int


def told(error: Exception) -> Fault:
    """What to say of an error. With `GATELINE_DEBUG=1` its traceback is shown on standard error, too."""
    if os.environ.get("GATELINE_DEBUG"):
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, GatelineError):
        return Fault(str(error), error.exit_code)
    message = f"internal error: {_where(error)}. This is a fault of Gateline; GATELINE_DEBUG=1 shows more"
    return Fault(message, 1)


def _where(error: Exception) -> str:
    """The kind of error and its place, without its text: that may hold a value which nobody should see."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"
