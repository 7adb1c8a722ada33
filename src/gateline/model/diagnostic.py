"""Diagnostics: what is wrong with a definition, said to a person. Collected, never thrown one by one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateline.model.origin import Origin


class Severity(StrEnum):
    """How bad it is: an error stops the whole project, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A kind of diagnostic. `name` (GLnnn) is forever; `allowable` ones may be let pass by `--allow GLnnn`."""

    name: str
    title: str
    severity: Severity = Severity.ERROR
    allowable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One complaint: its code, its place, a sentence, and what to do about it."""

    code: Code
    origin: Origin
    message: str
    help: str = ""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Report:
    """All complaints about a project, in the order in which they were found."""

    diagnostics: tuple[Diagnostic, ...] = ()

    def __add__(self, other: Report) -> Report:
        return Report(self.diagnostics + other.diagnostics)

    @property
    def error_count(self) -> int:
        """How many diagnostics are errors."""
        return sum(d.severity is Severity.ERROR for d in self.diagnostics)

    @property
    def warning_count(self) -> int:
        """How many diagnostics are warnings."""
        return sum(d.severity is Severity.WARNING for d in self.diagnostics)


class Complaints:
    """The list that front ends and passes write their diagnostics to."""

    def __init__(self, allowed: frozenset[str] = frozenset()) -> None:
        self._allowed = allowed
        self._found: list[Diagnostic] = []

    def add(
        self,
        code: Code,
        origin: Origin,
        message: str,
        *,
        help: str = "",  # noqa: A002 - the word of DESIGN's JSON form
        severity: Severity | None = None,
    ) -> bool:
        """Record a complaint; true when it stops the project (an error that was not allowed by name)."""
        chosen = severity or code.severity
        if code.allowable and code.name in self._allowed:
            chosen = Severity.WARNING
        self._found.append(Diagnostic(code=code, origin=origin, message=message, help=help, severity=chosen))
        return chosen is Severity.ERROR

    @property
    def count(self) -> int:
        """How many complaints were recorded so far."""
        return len(self._found)

    def report(self) -> Report:
        """What was recorded so far."""
        return Report(tuple(self._found))
