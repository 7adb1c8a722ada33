"""Diagnostics for people and for programs: `check` shows them, and so do `up`, `run` and every reload.

The text form is the compilers' usual one: what is wrong, where, the line itself, what to do about it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from gateline.model.diagnostic import Diagnostic, Report, Severity
from gateline.model.origin import Origin, Position
from gateline.sources.key_file import KEY_FILE

Locate = Callable[[Origin], Position]
ReadText = Callable[[str], str | None]

LONGEST_LINE: Final = 160
"""Characters of a source line that are shown; a definition of one line may hold a megabyte."""

_STYLE: Final = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}


@dataclass(frozen=True, slots=True)
class Placed:
    """A diagnostic with its line and column."""

    diagnostic: Diagnostic
    position: Position


def placed(report: Report, locate: Locate) -> tuple[Placed, ...]:
    """The diagnostics of each file together, in the order of their lines; files in the order they came up."""
    files = {
        name: order for order, name in enumerate(dict.fromkeys(d.origin.file for d in report.diagnostics))
    }
    found = [Placed(diagnostic, locate(diagnostic.origin)) for diagnostic in report.diagnostics]
    return tuple(
        sorted(found, key=lambda p: (files[p.diagnostic.origin.file], p.position.line, p.position.column))
    )


def render_report(report: Report, locate: Locate, console: Console, text: ReadText | None = None) -> None:
    """Print every diagnostic. `text` gives a file's text by its name; by default the disk does."""
    lines: dict[str, list[str]] = {}
    for entry in placed(report, locate):
        file = entry.diagnostic.origin.file
        if file not in lines:
            known = text(file) if text is not None else None
            lines[file] = _lines(known if known is not None else _read(file))
        console.print(_rendered(entry, lines[file]), soft_wrap=True)


def page(code_name: str) -> str:
    """Where a diagnostic is explained."""
    return f"docs/reference/diagnostics/{code_name}.md"


def counted(report: Report) -> str:
    """`2 errors, 1 warning`."""
    return f"{number(report.error_count, 'error')}, {number(report.warning_count, 'warning')}"


def number(count: int, noun: str) -> str:
    """`1 route`, `2 routes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def as_json(report: Report, locate: Locate) -> dict[str, object]:
    """The form of DESIGN section 3: `{"errors", "warnings", "diagnostics": [...]}`."""
    return {
        "errors": report.error_count,
        "warnings": report.warning_count,
        "diagnostics": entries(report, locate),
    }


def entries(report: Report, locate: Locate) -> list[dict[str, object]]:
    """Each diagnostic as JSON has it."""
    return [
        {
            "code": entry.diagnostic.code.name,
            "severity": entry.diagnostic.severity.value,
            "file": entry.diagnostic.origin.file,
            "line": entry.position.line,
            "column": entry.position.column,
            "pointer": entry.diagnostic.origin.json_pointer,
            "message": entry.diagnostic.message,
            "help": entry.diagnostic.help,
        }
        for entry in placed(report, locate)
    ]


def _rendered(entry: Placed, lines: Sequence[str]) -> Text:
    diagnostic, position = entry.diagnostic, entry.position
    shown = Text()
    shown.append(f"{diagnostic.severity.value}[{diagnostic.code.name}]", style=_STYLE[diagnostic.severity])
    shown.append(f": {visible(diagnostic.message)}\n", style="bold")
    gutter = " " * len(str(position.line))
    shown.append(f"{gutter}--> ", style="blue")
    shown.append(f"{visible(diagnostic.origin.file)}:{position.line}:{position.column}\n")
    _append_excerpt(shown, entry, gutter, lines)
    if diagnostic.help:
        shown.append(f"{gutter} = ", style="blue")
        shown.append("help: ", style="bold")
        shown.append(f"{visible(diagnostic.help)}\n")
    shown.append(f"{gutter} = ", style="blue")
    shown.append(f"see {page(diagnostic.code.name)}\n", style="dim")
    return shown


def _append_excerpt(shown: Text, entry: Placed, gutter: str, lines: Sequence[str]) -> None:
    """The source line with a caret; not where somebody may have written a value that nobody should see."""
    origin, position = entry.diagnostic.origin, entry.position
    if not 1 <= position.line <= len(lines):
        return
    line = lines[position.line - 1].removesuffix("\r")
    if _may_hold_a_value(origin, line):
        return
    # A long line is shown from a little before the column on, so that the caret has something to point at.
    start = max(0, position.column - 1 - LONGEST_LINE // 4) if len(line) > LONGEST_LINE else 0
    before = visible(line[start : position.column - 1].replace("\t", " "))
    after = visible(line[position.column - 1 : start + LONGEST_LINE].replace("\t", " "))
    lead, tail = "…" if start else "", "…" if start + LONGEST_LINE < len(line) else ""
    shown.append(f"{gutter} |\n{position.line} | ", style="blue")
    shown.append(f"{lead}{before}{after}{tail}\n")
    shown.append(f"{gutter} | ", style="blue")
    shown.append(" " * _width(lead + before) + "^\n", style=_STYLE[entry.diagnostic.severity])


def _may_hold_a_value(origin: Origin, line: str) -> bool:
    """Whether a line may be of `secrets`, of API keys, of a login's client, or of an environment that holds some."""
    part = origin.pointer[:1]
    return (
        part in {("secrets",), KEY_FILE}
        or (part == ("load_balancers",) and "secret" in line.casefold())
        or (
            part in {("functions",), ("services",)}
            and ("environment" in origin.pointer or "environment" in line)
        )
        or (part == ("usage_plans",) and ("keys" in origin.pointer or "value" in line))
    )


def _lines(text: str) -> list[str]:
    """The lines as positions count them: other line separators of Unicode are characters of a line."""
    return text.split("\n") if text else []


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def visible(text: str) -> str:
    """The text with control and direction characters spelled out: no definition commands the terminal."""
    return "".join(
        char if unicodedata.category(char) not in {"Cc", "Cf"} else f"\\u{ord(char):04x}" for char in text
    )


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
