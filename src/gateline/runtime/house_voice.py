"""What the house tells people, on a thread of its own: a reader that takes nothing must not stop who keeps all."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

MOST_WAITING: Final = 1000
"""What is told on top of so many is lost."""

LAST_SECONDS: Final = 1.0
"""How long the end waits for what is still to be told."""


class HouseVoice:
    """Tells people; below `serve` in lines of JSON on standard output, as all that is told there."""

    def __init__(self) -> None:
        self._lines: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._is_json = sys.argv[1:2] == ["serve"]
        self._thread: threading.Thread | None = None

    def say(self, text: str) -> None:
        """Have it told; never blocks."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="house voice", daemon=True)
            self._thread.start()
        with suppress(queue.Full):
            self._lines.put_nowait(_json(text) if self._is_json else f"gateline: {text}\n".encode())

    def close(self) -> None:
        """Let it be told to the end, unless nobody listens."""
        if self._thread is not None:
            with suppress(queue.Full):
                self._lines.put_nowait(None)
            self._thread.join(LAST_SECONDS)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError):
                waiting = memoryview(line)
                while waiting:
                    waiting = waiting[os.write(1 if self._is_json else 2, waiting) :]


def _json(text: str) -> bytes:
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"time": time, "event": "house", "level": "warning", "message": text}
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"
