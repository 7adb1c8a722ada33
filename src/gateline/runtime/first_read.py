"""The definitions that a start goes on with.

A first start needs good ones. A control that comes back to what serves takes those that were accepted last, when they
are bad by now: what serves goes on, and is watched over.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, NoReturn

from gateline.errors import DefinitionInvalid, FileUnreadable
from gateline.model.diagnostic import Report
from gateline.runtime.accepted import read_accepted
from gateline.runtime.candidate import Memory, read
from gateline.runtime.notice import Complained, Notify, Places, Remarked
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir
from gateline.sources import Loaded

_GOES_ON: Final = (
    "what was accepted last serves on, and is watched over, until the definitions are good again"
)


class FirstRead:
    """Reads the project for a start.

    Args:
        settings: of the run.
        state: where the texts that were accepted last are kept.
        is_back: whether a former control served, and all of it goes on.
        notify: told what is wrong.

    """

    def __init__(self, settings: Settings, state: StateDir, notify: Notify, *, is_back: bool) -> None:
        self._settings = settings
        self._state = state
        self._notify = notify
        self._is_back = is_back

    async def read(self, memory: Memory) -> tuple[Loaded, frozenset[Path]]:
        """The project, and the files that it depends on.

        Raises:
            DefinitionInvalid: it is wrong, and there is nothing to go on with; `notify` was told what.
            FileUnreadable: so is the project file.

        """
        try:
            loaded = await asyncio.to_thread(read, self._settings, memory)
        except FileUnreadable as error:
            accepted = await self._accepted()
            if accepted is None:
                raise
            self._notify(Remarked(f"{error}; {_GOES_ON}"))
            return accepted, accepted.files
        if loaded.gateway is not None:
            return loaded, loaded.files
        accepted = await self.instead(loaded.report, loaded)
        return accepted, loaded.files | accepted.files

    async def instead(self, report: Report, refused: Loaded) -> Loaded:
        """What was accepted last, instead of what is refused now.

        Raises:
            DefinitionInvalid: there is nothing.

        """
        accepted = await self._accepted()
        if accepted is None:
            self.refuse(report, refused)
        self._notify(Complained(report, refused, refused=True))
        self._notify(Remarked(_GOES_ON))
        return accepted

    def refuse(self, report: Report, places: Places) -> NoReturn:
        """Tell what is wrong, and end.

        Raises:
            DefinitionInvalid: always.

        """
        self._notify(Complained(report, places, refused=True))
        raise DefinitionInvalid(report)

    async def _accepted(self) -> Loaded | None:
        return await asyncio.to_thread(read_accepted, self._state, self._settings) if self._is_back else None
