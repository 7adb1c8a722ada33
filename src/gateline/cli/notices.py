"""What the housekeeper tells while a project runs, as lines on standard error."""

from __future__ import annotations

from typing import assert_never

from rich.console import Console

from gateline.cli.render import counted, render_report, visible
from gateline.runtime.notice import (
    Complained,
    EnvoyBack,
    EnvoyCrashed,
    Notice,
    Published,
    Remarked,
    Unchanged,
)
from gateline.runtime.process import ending


class Narrator:
    """Says each notice as it comes. Call it with one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._serving = False
        self._refused = False

    def serving(self) -> None:
        """From now on there is a last good configuration."""
        self._serving = True

    def __call__(self, notice: Notice) -> None:
        """Say it."""
        match notice:
            case Complained():
                self._complain(notice)
            case Published(seconds=seconds, routes=routes):
                self._say(
                    f"reloaded in {seconds * 1000:.0f} ms: {routes} {'route' if routes == 1 else 'routes'}"
                )
            case Unchanged():
                if self._refused:
                    self._say("the definitions are good again, and say what is served already")
            case EnvoyCrashed(status=status, restart_in=delay):
                when = f"in {delay:g} s" if delay else "at once"
                self._say(f"Envoy ended ({ending(status)}); it is started again {when}")
            case EnvoyBack(pid=pid):
                self._say(f"Envoy serves again (process {pid})")
            case Remarked(text=text):
                self._say(text)
            case _:
                assert_never(notice)
        if isinstance(notice, Complained | Published | Unchanged):
            self._refused = isinstance(notice, Complained) and notice.refused

    def _complain(self, notice: Complained) -> None:
        render_report(notice.report, notice.places.locate, self._console, notice.places.text)
        if notice.refused:
            rest = "; the last good configuration serves on" if self._serving else ""
            self._say(f"{counted(notice.report)}{rest}")

    def _say(self, text: str) -> None:
        self._console.print(f"gateline: {visible(text)}", soft_wrap=True)
