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

_COMES_UP: Final = Patience(busy=133)
"""A process that lets nobody connect yet is given a minute, unless somebody has stopped it."""

_STOPPED: Final = frozenset("Tt")  # by a signal; by a debugger
_BUSY: Final = frozenset("RD")  # runs or would like to; waits for a disk (proc(5), /proc/PID/stat)


async def watch(kept: Callable[[], Kept | None], socket: Path) -> None:
    """Watch a process for ever.

    Args:
        kept: the process of now.
        socket: answers HTTP.

    """
    loop = asyncio.get_running_loop()
    pulse, coming = Pulse(Patience()), Pulse(_COMES_UP)
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
                process = kept()
                if asking.result() or not process or not process.pid:
                    coming.answered()
                elif coming.missed(idle=_state(process.pid) in _STOPPED):
                    process.unresponsive()
        finally:
            asking.cancel()
        await asyncio.sleep(EVERY)


def is_idle(pid: int, processes: Path = Path("/proc")) -> bool:
    """Whether the main thread of a process neither uses nor waits for a processor or a disk. Not known: no."""
    state = _state(pid, processes)
    return bool(state) and state not in _BUSY


def _state(pid: int, processes: Path = Path("/proc")) -> str:
    """The state of a process in one letter; "": not known."""
    try:
        told = (processes / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return told.rpartition(")")[2].split()[0]


async def _ask(socket: Path) -> bool:
    """Wait for the first byte of an answer, as long as it takes; whether there was somebody to ask."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    with suppress(OSError):
        try:
            writer.write(b"GET /ready HTTP/1.1\r\nHost: heartbeat\r\nConnection: close\r\n\r\n")
            await reader.read(1)
        finally:
            writer.close()
    return True
