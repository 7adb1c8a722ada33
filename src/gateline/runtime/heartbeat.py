"""Asking a process, over and over, whether it still answers; one that is hung is killed and started again.

Envoy (its admin socket) and the host (its own) both speak HTTP, and any answer at all is a sign of life.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateline.runtime.processes import Kept
from gateline.runtime.pulse import Patience, Pulse

EVERY: Final = 0.45
"""Seconds: four misses in a row are told within two."""

_LATE: Final = 2.0
"""So many times as long as planned between two looks: then it was we who did not run, and the look says nothing."""

_BUSY: Final = frozenset("RD")  # runs or would like to; waits for a disk (proc(5), /proc/PID/stat)


async def watch(kept: Callable[[], Kept | None], socket: Path) -> None:
    """Watch a process for ever.

    Args:
        kept: the process of now.
        socket: answers HTTP.

    """
    loop = asyncio.get_running_loop()
    pulse = Pulse(Patience())
    while True:
        asking = asyncio.ensure_future(_ask(socket))
        try:
            while not asking.done():
                began = loop.time()
                await asyncio.wait({asking}, timeout=EVERY)
                if asking.done() or loop.time() - began > EVERY * _LATE:
                    continue
                process = kept()
                if process and process.pid and pulse.missed(idle=is_idle(process.pid)):
                    process.unresponsive()
                    break
            else:
                pulse.answered()
        finally:
            asking.cancel()
        await asyncio.sleep(EVERY)


def is_idle(pid: int, processes: Path = Path("/proc")) -> bool:
    """Whether the main thread of a process neither uses nor waits for a processor or a disk. Not known: no."""
    try:
        told = (processes / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return told.rpartition(")")[2].split()[0] not in _BUSY


async def _ask(socket: Path) -> None:
    """Wait for the first byte of an answer, as long as it takes; one that is away cannot be hung."""
    with suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            writer.write(b"GET /ready HTTP/1.1\r\nHost: heartbeat\r\nConnection: close\r\n\r\n")
            await reader.read(1)
        finally:
            writer.close()
