"""Places: how many may wait at once, and that no single source can take them all.

A source may hold at most as many places as are free (dynamic thresholds, as in the shared buffers of network
switches). One source alone so gets half of all, two get a third each, and there is always a place for a
source that comes anew, however many tokens another makes up (`attacks.md` E11).
"""

from __future__ import annotations

from collections import Counter


class Places:
    """So many places, held in the names of sources."""

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._held: Counter[str] = Counter()

    def take(self, source: str, places: int = 1) -> bool:
        """Take places for the source; false: it has to go, and nothing is held."""
        if self._held[source] + places > self._free:
            if not self._held[source]:
                del self._held[source]
            return False
        self._held[source] += places
        self._free -= places
        return True

    def leave(self, source: str, places: int = 1) -> None:
        """Give back places that were taken for the source."""
        self._free += places
        self._held[source] -= places
        if not self._held[source]:
            del self._held[source]

    @property
    def sources(self) -> int:
        """How many sources hold a place now."""
        return len(self._held)


def source_of(address: str) -> str:
    """Whom an address counts for: an IPv4 address for itself, an IPv6 address for its /64, which one user has."""
    if ":" not in address:
        return address
    head, gap, tail = address.partition("::")
    groups = head.split(":") if head else []
    if gap:
        rest = tail.split(":") if tail else []
        groups += ["0"] * (8 - len(groups) - len(rest)) + rest
    return ":".join(groups[:4])
