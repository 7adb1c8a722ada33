"""What the housekeeper tells while a project runs, as JSON lines: one object a line, pure ASCII.

Every line has `time` (UTC). One about a request has `method` and `status` (`runtime/request_line.py`), what a
function printed has `function`, what a task printed `service` and `task`, and every other one `event`, `level` and
`message`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from gateline.cli.line_writer import LineWriter
from gateline.cli.render import counted, entries
from gateline.cli.sentences import sentence
from gateline.runtime.notice import (
    Complained,
    EnvoyCrashed,
    FunctionSaid,
    FunctionTrouble,
    HostCrashed,
    Notice,
    Remarked,
    ServiceTold,
    TargetsTold,
    TaskSaid,
)

Fields = dict[str, object]

_LEVELS: Final = (((EnvoyCrashed, HostCrashed), "error"), ((Remarked,), "warning"))
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class LineTeller:
    """Tells each notice as lines of JSON. Call it with one.

    Nothing here blocks: a thread of its own writes, and what comes faster than it can be written is counted.

    Args:
        write: takes whole lines; may block.
        now: the clock of the lines.

    """

    def __init__(
        self, write: Callable[[str], object], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
        self._writer = LineWriter[str](write, lambda dropped: write(self._dropped(dropped)))
        self._serving = False

    def serving(self) -> None:
        """From now on there is a last good configuration."""
        self._serving = True

    def __call__(self, notice: Notice) -> None:
        """Tell it."""
        for fields in notice_fields(notice, serving=self._serving):
            self._writer.put(as_line(self._now(), **fields))

    def tell(self, event: str, message: str, *, level: str = "info", **fields: object) -> None:
        """Tell what is no notice, in the same form."""
        self._writer.put(as_line(self._now(), event=event, level=level, message=message, **fields))

    def close(self) -> None:
        """Write what waits."""
        self._writer.close()

    def _dropped(self, count: int) -> str:
        message = f"{count} more lines were not written: they came faster than they can be"
        return as_line(self._now(), event="lines_dropped", level="warning", message=message, count=count)


def as_line(at: datetime, **fields: object) -> str:
    r"""One line with its end; no control character in it but as `\u001b`."""
    time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, **fields}, separators=(",", ":")) + "\n"


def said_fields(notice: FunctionSaid | FunctionTrouble | TaskSaid) -> Fields:
    """What a function or a task printed, or what went wrong in a function."""
    if isinstance(notice, TaskSaid):
        return {"service": notice.service, "task": notice.task, "text": notice.text}
    told: Fields = {"function": notice.function, "request_id": notice.request_id}
    if isinstance(notice, FunctionSaid):
        return {**told, "stream": notice.stream, "text": notice.text}
    return {**told, "trouble": notice.text}


def notice_fields(notice: Notice, *, serving: bool) -> Iterator[Fields]:
    """What the lines of a notice say: one line, or one for each diagnostic and one that counts them."""
    match notice:
        case FunctionSaid() | FunctionTrouble() | TaskSaid():
            yield said_fields(notice)
        case Complained():
            yield from _complaints(notice, serving=serving)
        case _:
            level = next((level for kinds, level in _LEVELS if isinstance(notice, kinds)), "info")
            if isinstance(notice, ServiceTold | TargetsTold) and notice.trouble:
                level = "warning"
            event = _CAPITAL.sub("_", type(notice).__name__).lower()
            details = {key: value for key, value in dataclasses.asdict(notice).items() if key != "text"}
            yield {"event": event, "level": level, "message": sentence(notice), **details}


def _complaints(notice: Complained, *, serving: bool) -> Iterator[Fields]:
    for each in entries(notice.report, notice.places.locate):
        yield {"event": "diagnostic", "level": each.pop("severity"), **each}
    if notice.refused:
        rest = "; the last good configuration serves on" if serving else ""
        yield {"event": "refused", "level": "error", "message": counted(notice.report) + rest}
