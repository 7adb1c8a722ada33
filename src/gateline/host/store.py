"""The host's own cache of decisions, shared by all workers of its Envoy.

Two stores, each bounded in entries and in bytes: answers that allow something, and answers that allow
nothing. So whoever makes up tokens can push out refusals only (DESIGN D3, `attacks.md` E11). The entry that was
used least lately goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

OVERHEAD: Final = 300
"""What an entry costs beside its bytes."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An authorizer's answer, as it goes to Envoy.

    `expires` is in milliseconds since the epoch; 0: it is not to be kept. `grants`: it allows something.
    """

    reply: bytes
    expires: int = 0
    grants: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a store may hold."""

    entries: int
    size: int  # bytes


GRANTS: Final = Bounds(entries=50_000, size=48 * 1024 * 1024)
REFUSALS: Final = Bounds(entries=5_000, size=4 * 1024 * 1024)


class Store:
    """Decisions by their opaque keys. `now` is always in milliseconds since the epoch."""

    def __init__(self, grants: Bounds = GRANTS, refusals: Bounds = REFUSALS) -> None:
        self._rings = {True: _Ring(grants), False: _Ring(refusals)}

    def get(self, key: bytes, now: int) -> Decision | None:
        """The decision that is kept under the key and still holds."""
        return self._rings[True].get(key, now) or self._rings[False].get(key, now)

    def put(self, key: bytes, decision: Decision, now: int) -> None:
        """Keep a decision, unless it has expired or is not to be kept."""
        self._rings[not decision.grants].drop(key)
        if decision.expires > now:
            self._rings[decision.grants].put(key, decision)

    def flush(self, beginnings: tuple[bytes, ...] | None) -> None:
        """Drop what is kept under keys with one of these beginnings; None: everything."""
        for ring in self._rings.values():
            ring.flush(beginnings)

    def __len__(self) -> int:
        return sum(len(ring) for ring in self._rings.values())

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(ring.size for ring in self._rings.values())


class _Ring:
    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._kept: OrderedDict[bytes, Decision] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes, now: int) -> Decision | None:
        found = self._kept.get(key)
        if found is None:
            return None
        if found.expires <= now:
            self.drop(key)
            return None
        self._kept.move_to_end(key)
        return found

    def put(self, key: bytes, decision: Decision) -> None:
        self.drop(key)
        self._kept[key] = decision
        self.size += _size(key, decision)
        while self.size > self._bounds.size or len(self._kept) > self._bounds.entries:
            self.drop(next(iter(self._kept)))

    def drop(self, key: bytes) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.size -= _size(key, found)

    def flush(self, beginnings: tuple[bytes, ...] | None) -> None:
        for key in [key for key in self._kept if beginnings is None or key.startswith(beginnings)]:
            self.drop(key)


def _size(key: bytes, decision: Decision) -> int:
    return len(key) + len(decision.reply) + OVERHEAD
