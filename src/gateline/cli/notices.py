"""What the housekeeper tells while a project runs, as lines on standard error.

What functions print is JSON lines among those of the requests when these are JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import assert_never

from rich.console import Console

from gateline.cli.line_writer import LineWriter
from gateline.cli.render import counted, render_report, visible
from gateline.runtime.notice import (
    Complained,
    EnvoyBack,
    EnvoyCrashed,
    FunctionSaid,
    FunctionTrouble,
    HostBack,
    HostCrashed,
    Notice,
    Published,
    Remarked,
    Unchanged,
)
from gateline.runtime.process import ending


class Narrator:
    """Says each notice as it comes. Call it with one.

    Args:
        console: takes lines for people.
        write_json: takes what functions say as lines of JSON; None: it is said to people.
        now: the clock of those lines.

    """

    def __init__(
        self,
        console: Console,
        write_json: Callable[[str], object] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._console = console
        self._write_json = write_json
        self._now = now
        self._functions = LineWriter(self._pass_on, self._tell_dropped)
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
            case HostCrashed(status=status, restart_in=delay):
                when = f"in {delay:g} s" if delay else "at once"
                self._say(f"the host of functions ended ({ending(status)}); it is started again {when}")
            case HostBack(pid=pid):
                self._say(f"the host of functions serves again (process {pid})")
            case FunctionSaid() | FunctionTrouble():
                self._functions.put(notice)
            case Remarked(text=text):
                self._say(text)
            case _:
                assert_never(notice)
        if isinstance(notice, Complained | Published | Unchanged):
            self._refused = isinstance(notice, Complained) and notice.refused

    def close(self) -> None:
        """Say what functions have said and is still to be shown."""
        self._functions.close()

    def _tell_dropped(self, dropped: int) -> None:
        self._say(f"{dropped} more lines of functions were not shown: they came faster than they can be")

    def _complain(self, notice: Complained) -> None:
        render_report(notice.report, notice.places.locate, self._console, notice.places.text)
        if notice.refused:
            rest = "; the last good configuration serves on" if self._serving else ""
            self._say(f"{counted(notice.report)}{rest}")

    def _pass_on(self, notice: FunctionSaid | FunctionTrouble) -> None:
        """What a function prints, or what went wrong in it."""
        is_trouble = isinstance(notice, FunctionTrouble)
        if self._write_json:
            stream = {"stream": notice.stream} if isinstance(notice, FunctionSaid) else {}
            told = {
                "time": self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "function": notice.function,
                "request_id": notice.request_id,
                **stream,
                "trouble" if is_trouble else "text": notice.text,
            }
            self._write_json(json.dumps(told, separators=(",", ":")) + "\n")
            return
        request = f" {notice.request_id[:8]}" if notice.request_id else ""
        name = notice.function or "functions"
        for line in notice.text.expandtabs().splitlines() or [""]:  # loggers of runtimes write tabs
            text = f"{name}{request}{' !' if is_trouble else ' |'} {line}"
            self._console.print(visible(text), soft_wrap=True)

    def _say(self, text: str) -> None:
        self._console.print(f"gateline: {visible(text)}", soft_wrap=True)
