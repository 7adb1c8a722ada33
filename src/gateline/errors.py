"""The few exception classes, their tree on top.

GatelineError
├── DefinitionInvalid    the definitions hold errors; carries the diagnostics
├── FileUnreadable       a named file is missing or cannot be read (exit code 2)
├── EnvoyUnavailable     the Envoy binary is missing, of the wrong version, or did not start
├── AddressInUse         a port or socket that Gateline must open is taken
├── NotRunning           a command asks what runs, and nothing does
├── CannotProve          `gateline prove` could not try (exit code 2)
├── NoPort               no port of loopback is free for a task
├── SourceSilent         whoever names the targets of a group does not answer, or not usably
├── Unsealable           what was kept encrypted cannot be opened
├── SnapshotInconsistent compiled resources name others that do not exist: a fault of the compiler
└── SnapshotRejected     an Envoy refused a snapshot (NACK)

Faults of users are diagnostics (`gateline.model.diagnostic`); exceptions are for what ends a command.
Each class knows its exit code: 0 done, 1 the answer is no, 2 usage or unreadable input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from gateline.model.diagnostic import Report


class GatelineError(Exception):
    """Something that ends a command, with one clear message for a person."""

    exit_code: ClassVar[int] = 1


class DefinitionInvalid(GatelineError):
    """The definitions hold errors; nothing of them was applied."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.error_count} error(s) in the definitions")
        self.report = report


class FileUnreadable(GatelineError):
    """A file that a command names is missing or cannot be read."""

    exit_code: ClassVar[int] = 2


class EnvoyUnavailable(GatelineError):
    """The Envoy binary is missing, of the wrong version, or did not start."""


class AddressInUse(GatelineError):
    """A port or socket that Gateline must open is taken."""


class NotRunning(GatelineError):
    """A command asks the gateway that runs a project, and none does."""


class CannotProve(GatelineError):
    """`gateline prove` could not try, so nothing is known: neither yes nor no."""

    exit_code: ClassVar[int] = 2


class NoPort(GatelineError):
    """No port of loopback is free for a task of a service."""


class SourceSilent(GatelineError):
    """Whoever names the targets of a target group does not answer, or not so that it can be used."""


class Unsealable(GatelineError):
    """What was kept encrypted cannot be opened: another key, another purpose, or it was changed."""


class SnapshotInconsistent(GatelineError):
    """Compiled resources name others that do not exist; nothing of them was sent to an Envoy."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__("the compiled resources do not fit together: " + "; ".join(missing))
        self.missing = missing


class SnapshotRejected(GatelineError):
    """An Envoy refused a snapshot; the last good one serves on."""
