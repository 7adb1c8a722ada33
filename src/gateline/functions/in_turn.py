"""A queue of several sources: each has its turn, so that one with many entries keeps no other waiting."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class InTurn(Generic[T]):
    """Entries that wait, by source; of one source the oldest comes first."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[T, None]] = {}  # the source whose turn it is stands first
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, source: str, entry: T) -> None:
        """Let an entry wait."""
        self._waiting.setdefault(source, {})[entry] = None
        self._count += 1

    def take(self) -> T:
        """The entry whose turn it is; it waits no more. There must be one."""
        source = next(iter(self._waiting))
        entries = self._waiting.pop(source)
        entry = next(iter(entries))
        del entries[entry]
        self._count -= 1
        if entries:
            self._waiting[source] = entries  # its next one comes after all others
        return entry

    def remove(self, source: str, entry: T) -> bool:
        """Let an entry wait no more; false when it did not."""
        entries = self._waiting.get(source, {})
        if entry not in entries:
            return False
        del entries[entry]
        self._count -= 1
        if not entries:
            del self._waiting[source]
        return True
