"""Whether a process that should answer still does: a few misses in a row, of one that does nothing else, are enough.

No I/O, no clock: `heartbeat.py` asks, and tells how it went. A process that works, or waits for a processor, is
busy and not hung, so of that one many misses are needed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many misses in a row make a process hung: of one that was idle at each of them, and of any."""

    idle: int = 4
    busy: int = 60


class Pulse:
    """Counts misses of one process."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._missed = 0
        self._idle = 0

    def answered(self) -> None:
        """It has answered: what was missed before counts no more."""
        self._missed = self._idle = 0

    def missed(self, *, idle: bool) -> bool:
        """It owes an answer, and does (or does not) use or wait for a processor; whether it is hung.

        One that is hung is judged anew from then on.
        """
        self._missed += 1
        self._idle = self._idle + 1 if idle else 0
        hung = self._idle >= self._patience.idle or self._missed >= self._patience.busy
        if hung:
            self.answered()
        return hung
