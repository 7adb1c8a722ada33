"""Origin: where a value was written, as a file and a JSON pointer.

Lines and columns are found only when a diagnostic is shown (`gateline.sources.document`), because a reader
that marks every node is many times slower than one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in a definition: `file` as the user named it, `pointer` as the path of keys to the value.

    `position` is set only where no pointer can lead: at a syntax error, or at a key that was written twice.
    """

    file: str
    pointer: tuple[str | int, ...] = ()
    position: Position | None = None

    def child(self, *keys: str | int) -> Origin:
        """The origin of a value below this one."""
        return Origin(self.file, (*self.pointer, *keys))

    @property
    def json_pointer(self) -> str:
        """The pointer as RFC 6901 text: `/paths/~1orders/get`; empty for the whole document."""
        return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in self.pointer)


@dataclass(frozen=True, slots=True)
class Position:
    """A line and a column of a file, both counted from 1."""

    line: int
    column: int
