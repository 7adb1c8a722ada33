"""Tables for people: a line of columns' names, and a line for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from gateline.cli.render import visible


def print_table(columns: Sequence[str], rows: Sequence[dict[str, Any]], out: Console) -> None:
    """Print rows in columns as wide as they need; what is empty is `-`."""
    lines = [[column.replace("_", " ").upper() for column in columns]]
    lines += [
        ["-" if row[column] in ("", None) else visible(str(row[column])) for column in columns]
        for row in rows
    ]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for index, line in enumerate(lines):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        out.print(Text(padded.rstrip(), style="bold" if index == 0 else ""), soft_wrap=True)
