"""What the housekeeper tells while a project runs, as lines on standard error.

What functions and tasks print is JSON lines among those of the requests when these are JSON. `gateline serve` tells all
of it as JSON lines (`notice_lines.py`). All is written by a thread of its own: who serves waits for no reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial

from rich.console import Console

from gateline.cli.console import show
from gateline.cli.line_writer import LineWriter
from gateline.cli.notice_lines import as_line, said_fields
from gateline.cli.render import counted, render_report, visible
from gateline.cli.sentences import sentence
from gateline.processes.isolation import NOT_ISOLATED, PLACES
from gateline.runtime.notice import (
    Complained,
    FunctionSaid,
    FunctionTrouble,
    Notice,
    Published,
    Remarked,
    ServiceTold,
    TaskSaid,
    Unchanged,
)


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
        self._lines = LineWriter[Callable[[], object]](lambda write: write(), self._tell_dropped)
        self._serving = False
        self._refused = False
        self._troubled: set[str] = set()
        self._exposed: dict[str, Iterable[str]] = {}

    def serving(self) -> None:
        """From now on there is a last good configuration."""
        self._serving = True
        self._say_exposed()

    def __call__(self, notice: Notice) -> None:
        """Say it."""
        match notice:
            case Complained():
                self._complain(notice)
            case FunctionTrouble(function=name, text=text) if text.startswith(NOT_ISOLATED):
                self._expose(f"function {name} {text}")
            case Remarked(text=text) if NOT_ISOLATED in text:
                self._expose(text)
            case ServiceTold() if self._is_as_expected(notice):
                pass
            case FunctionSaid() | FunctionTrouble() | TaskSaid():
                self._lines.put(partial(self._pass_on, notice))
            case Unchanged() if not self._refused:
                pass
            case _:
                self._say(sentence(notice))
        if isinstance(notice, Complained | Published | Unchanged):
            self._refused = isinstance(notice, Complained) and notice.refused

    def close(self) -> None:
        """Say what is still to be said."""
        self._lines.close()

    def greet(self, console: Console, greeting: Callable[[], object]) -> None:
        """Have something else printed, at a console of its own, in its turn."""
        self._lines.put(partial(show, console, greeting))

    def _is_as_expected(self, notice: ServiceTold) -> bool:
        """Whether it only says that a service is well which nothing else was said about."""
        if notice.trouble or self._serving:
            self._troubled.add(notice.service)
        return notice.service not in self._troubled

    def _expose(self, text: str) -> None:
        """Say who runs as root: at the start one line tells of all."""
        who, _, places = text.partition(NOT_ISOLATED)
        self._exposed[who.strip()] = places.split(PLACES)
        if self._serving:
            self._say_exposed()

    def _say_exposed(self) -> None:
        if self._exposed:
            named = sorted({place for each in self._exposed.values() for place in each})
            places = [each for each in named if not any(each.startswith(f"{other}/") for other in named)]
            self._say(
                f"{PLACES.join(sorted(self._exposed))}: not isolated, all run as root. "
                f"Users of their own would have to be able to read {PLACES.join(places)}"
            )
        self._exposed.clear()

    def _tell_dropped(self, dropped: int) -> None:
        self._print(f"gateline: {dropped} more lines were not shown: they came faster than they can be")

    def _complain(self, notice: Complained) -> None:
        report, places = notice.report, notice.places
        render = partial(render_report, report, places.locate, self._console, places.text)
        self._lines.put(partial(show, self._console, render))
        if notice.refused:
            rest = "; the last good configuration serves on" if self._serving else ""
            self._say(f"{counted(report)}{rest}")

    def _pass_on(self, notice: FunctionSaid | FunctionTrouble | TaskSaid) -> None:
        """What a function or a task prints, or what went wrong in a function."""
        if self._write_json:
            self._write_json(as_line(self._now(), **said_fields(notice)))
            return
        if isinstance(notice, TaskSaid):
            name = f"{notice.service}/{notice.task}"
        else:
            request = f" {notice.request_id[:8]}" if notice.request_id else ""
            name = (notice.function or "host") + request
        for line in notice.text.expandtabs().splitlines() or [""]:  # loggers of runtimes write tabs
            text = f"{name}{' !' if isinstance(notice, FunctionTrouble) else ' |'} {line}"
            self._print(text)

    def _say(self, text: str) -> None:
        self._lines.put(partial(self._print, f"gateline: {text}"))

    def _print(self, text: str) -> None:
        show(self._console, partial(self._console.print, visible(text), soft_wrap=True))
