"""Tables: lists of netstrings, the form in which `gateway.lua` is given what it knows.

A netstring is `length:bytes` with the length in bytes. The script reads tables without patterns and never
evaluates them. A table's id is a hash of its content: the script reads a table once per id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


class Table:
    """A table being written."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def put(self, *values: str | int) -> None:
        """Append values; numbers as decimal text."""
        for value in values:
            text = str(value)
            size = len(text) if text.isascii() else len(text.encode())
            self._parts.append(f"{size}:{text}")

    def put_all(self, values: Iterable[str]) -> None:
        """Append a count and then the values."""
        listed = list(values)
        self.put(len(listed), *listed)

    @property
    def text(self) -> str:
        """The table as it is handed over."""
        return "".join(self._parts)


def table_id(text: str) -> str:
    """The id of a table: equal tables have equal ids."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
