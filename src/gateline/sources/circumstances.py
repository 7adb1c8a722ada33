"""How a project is read, and what that makes of things that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateline.model.diagnostic import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How a project is read. `checking`: nothing will be started; `bare`: there is no project file."""

    environ: Mapping[str, str]
    checking: bool
    bare: bool

    @property
    def unresolved(self) -> Severity:
        """How bad a name is that a bare document uses and that nothing declares."""
        return Severity.WARNING if self.bare and self.checking else Severity.ERROR

    @property
    def needed_to_start(self) -> Severity:
        """How bad it is that something is missing which only the running gateway reads."""
        return Severity.WARNING if self.checking else Severity.ERROR

    @property
    def undefined_variable(self) -> Severity:
        """How bad an undefined stage variable is: empty text, as on Amazon; a bare document has none."""
        return Severity.ERROR if self.bare and not self.checking else Severity.WARNING
