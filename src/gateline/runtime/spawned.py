"""A child that was started by hand (`os.posix_spawn`), as the supervisor's shell wants it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import suppress


class Spawned:
    """A running process. `ended` is its exit status (negative: a signal), when it has ended.

    Needs a running event loop.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        try:
            self._descriptor = os.pidfd_open(pid)
            self._loop.add_reader(self._descriptor, self._reap)
        except (AttributeError, OSError):  # not Linux, or no descriptor is free
            threading.Thread(target=self._wait, daemon=True).start()

    def signal(self, number: int) -> None:
        """Send it a signal. Does nothing when it has ended: its id may be another's by now."""
        if not self.ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.signal(signal.SIGKILL)

    def _reap(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        _, status = os.waitpid(self.pid, 0)
        self._end(status)

    def _wait(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        with suppress(RuntimeError):  # the loop is gone, and with it whoever asked
            self._loop.call_soon_threadsafe(self._end, status)

    def _end(self, status: int) -> None:
        self.ended.set_result(os.waitstatus_to_exitcode(status))
