"""Runner: what every way of running a function looks like to the catalogue."""

from __future__ import annotations

from typing import Protocol

from gateline.functions.answer import Answer


class Runner(Protocol):
    """Runs one function, of one revision."""

    def start(self) -> None:
        """Begin to make it ready; needs a running event loop. Never raises: what is wrong is told and answered."""

    async def invoke(self, event: bytes, *, request_id: str, invoked_arn: str, source: str = "") -> Answer:
        """Hand over an event (JSON text) and wait for the answer; cancelled when nobody waits any more.

        `source` is for whom: no source keeps the others waiting.
        """

    async def close(self) -> None:
        """Let what runs finish within its time, then leave nothing behind."""
