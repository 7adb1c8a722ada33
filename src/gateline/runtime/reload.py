"""Reloading: files change, a candidate is made of them, and it serves, or the last good configuration does.

A file is often seen half written: emptied and not yet filled, or replaced name by name. So a candidate that
fails is not complained about before the files have been quiet for a moment.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Final

from gateline.errors import FileUnreadable, GatelineError
from gateline.runtime.candidate import Candidate
from gateline.runtime.notice import Complained, Notify, Remarked
from gateline.runtime.watching import Signature, Watch, carried_over, looked_again, signature
from gateline.sources.collector import resting_collector

QUIET_SECONDS: Final = 0.1
EMPTY_SECONDS: Final = 0.5
"""An empty or missing file is most likely about to be written."""

Prepare = Callable[[], Candidate]
Adopt = Callable[[Candidate, float], Awaitable[None]]


class Reloader:
    """Watches the files of a project.

    Args:
        prepare: makes a candidate of the files; called on a thread.
        adopt: puts a candidate without errors into service; told when the change was seen.
        notify: hears what is wrong with the others.
        files: what was read so far, and `before`: in which state.

    """

    def __init__(self, prepare: Prepare, adopt: Adopt, notify: Notify, before: Signature) -> None:
        self._prepare = prepare
        self._adopt = adopt
        self._notify = notify
        self._before = before

    async def run(self) -> None:
        """Reload for ever."""
        gc.freeze()  # what serves now stays: looking through it for garbage stops everything for 0.3 s
        with Watch(self._before) as watch:
            while True:
                await watch.changed(self._before)
                await self._reload(watch)

    async def _reload(self, watch: Watch) -> None:
        """Make a candidate of the files as they are, and put it into service if it is good."""
        seen = time.monotonic()
        with resting_collector():  # it would look through all that is new while clients wait for it
            await self._try_to_reload(watch, seen)

    async def _try_to_reload(self, watch: Watch, seen: float) -> None:
        try:
            candidate = await self._candidate(watch)
            if candidate.resources is None:
                self._notify(Complained(candidate.report, candidate.loaded, refused=True))
            else:
                await self._adopt(candidate, seen)
        except GatelineError as error:
            self._notify(Remarked(f"{error}; the last good configuration serves on"))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end a gateway that serves
            text = (
                f"internal error ({type(error).__name__}) in a reload; the last good configuration serves on"
            )
            self._notify(Remarked(text))

    async def _candidate(self, watch: Watch) -> Candidate:
        """The candidate, made a second time if the first fails and the files are still being written."""
        made = await self._try()
        if not _good(made) and await self._changes_soon(watch):
            made = await self._try()
        if isinstance(made, FileUnreadable):
            raise made
        return made

    async def _try(self) -> Candidate | FileUnreadable:
        # However this ends, the files as they are now are not tried again.
        before = self._before = await asyncio.to_thread(looked_again, self._before)
        try:
            candidate = await asyncio.to_thread(self._prepare)
        except FileUnreadable as failure:
            return failure
        now = await asyncio.to_thread(signature, candidate.files, candidate.trees)
        self._before = carried_over(before, now)
        return candidate

    async def _changes_soon(self, watch: Watch) -> bool:
        empty = any(state is None or state.size == 0 for state in self._before.files.values())
        try:
            async with asyncio.timeout(EMPTY_SECONDS if empty else QUIET_SECONDS):
                await watch.changed(self._before)
        except TimeoutError:
            return False
        return True


def _good(made: Candidate | FileUnreadable) -> bool:
    return isinstance(made, Candidate) and made.resources is not None
