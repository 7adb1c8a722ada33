"""One request as one line: Envoy's JSON record turned into text for a terminal, or into JSON for a machine.

Whatever a client sends stands in it, so nothing that a terminal would obey is let through, and a query's
values, which often are tokens, are not shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from gateline.compile.resources import RouteRow
from gateline.runtime.request_log import LogFormat

LONGEST_PATH: Final = 300
KEYS: Final = (
    "time",
    "method",
    "path",
    "status",
    "ms",
    "why",
    "authorizer",
    "route",
    "flags",
    "details",
    "upstream",
    "request_id",
)
"""What of Envoy's record (`compile/listener.py`) is told, in the order of a JSON line."""

_NOTHING: Final = ("", "-", None)
_COLOURS: Final = {2: "32", 3: "36", 4: "33", 5: "31"}  # green, cyan, yellow, red


def renderer(
    log_format: LogFormat, rows: Callable[[], Mapping[str, RouteRow]], *, colour: bool
) -> Callable[[bytes], str | None]:
    """What makes lines of Envoy's records: JSON, or text for people; None for what is no record.

    Args:
        log_format: which of them.
        rows: the routes of now, by their names.
        colour: whether text may be coloured.

    """

    def render(line: bytes) -> str | None:
        told = record(line, rows())
        if told is None:
            return None
        return as_json(told) if log_format is LogFormat.JSON else as_text(told, rows(), colour=colour)

    return render


def record(line: bytes, rows: Mapping[str, RouteRow]) -> dict[str, str | int] | None:
    """What is known about one request from what Envoy wrote, or None when the line is no such record."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    sent = str(found.get("request") or "")  # "VERB /path" of the client; `path` is what was made of it
    if " " in sent:
        found["method"], _, found["path"] = sent.partition(" ")
    told = {
        key: value if isinstance(value, int) else str(value)
        for key in KEYS
        if (value := found.get(key)) not in _NOTHING
    }
    if "path" in told:
        told["path"] = without_values(str(told["path"]))
    row = rows.get(str(told.get("route", "")))
    return {**told, "api": row.api, "stage": row.stage} if row else told


def without_values(path: str) -> str:
    """The path with the names of its query parameters, their values taken out."""
    bare, question, query = path.partition("?")
    if not question:
        return path
    names = (pair.partition("=") for pair in query.split("&"))
    return bare + "?" + "&".join(name + ("=…" if equals else "") for name, equals, _ in names)


def printable(text: str) -> str:
    r"""The text with all that a terminal might obey written as `\x1b`: controls, bidi marks, surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        for char in text
    )


def as_json(told: Mapping[str, str | int]) -> str:
    r"""One line of JSON, pure ASCII: also C1 controls come out as `\u009b`."""
    return json.dumps(told, separators=(",", ":"))


def as_text(told: Mapping[str, str | int], rows: Mapping[str, RouteRow], *, colour: bool = False) -> str:
    """`12:01:02.123 GET /prod/orders 200 3 ms  orders GET /orders → http://...`."""
    path = printable(str(told.get("path", "-")))
    if len(path) > LONGEST_PATH:
        path = path[:LONGEST_PATH] + "…"
    status = told.get("status", 0)
    shown = str(status)
    if colour and isinstance(status, int):
        shown = f"\x1b[{_COLOURS.get(status // 100, '31')}m{shown}\x1b[0m"
    start = f"{_clock(str(told.get('time', '')))} {printable(str(told.get('method', '-')))} {path} {shown}"
    ending = _explained(told, rows)
    return f"{start} {told.get('ms', '-')} ms{'  ' + ending if ending else ''}"


def _explained(told: Mapping[str, str | int], rows: Mapping[str, RouteRow]) -> str:
    row = rows.get(str(told.get("route", "")))
    where = f"{row.api} {row.method} {row.path} → {row.target}" if row else str(told.get("api", ""))
    why = " ".join(str(told[key]) for key in ("why", "flags") if key in told)
    asked = f"authorizer {told['authorizer']}" if "authorizer" in told else ""
    return "  ".join(printable(part) for part in (why, asked, where) if part)


def _clock(time: str) -> str:
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return printable(time) or "-"
