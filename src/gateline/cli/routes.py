"""`gateline routes`: every route that a project serves."""

from __future__ import annotations

import dataclasses

from rich.console import Console
from rich.text import Text

from gateline.cli import console
from gateline.cli.inspection import inspect, resources_or_exit
from gateline.cli.parameters import AllowOption, Output, OutputOption, OverlayOption, ProjectArgument
from gateline.cli.render import visible
from gateline.compile.resources import RouteRow

COLUMNS = ("api", "stage", "method", "path", "authorization", "integration", "target")


def routes(
    project: ProjectArgument = None,
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List every route that a project serves: who may call it, and where it leads."""
    rows = resources_or_exit(inspect(project, overlay, allow)).routes
    if output is Output.JSON:
        console.print_json({"routes": [_cells(row) for row in rows]})
    else:
        print_routes(rows, console.answers())


def print_routes(rows: tuple[RouteRow, ...], out: Console) -> None:
    """The table, every line whole: it is read by people and by grep."""
    lines = [tuple(column.upper() for column in COLUMNS)]
    lines += [tuple(visible(cell) for cell in _cells(row).values()) for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(COLUMNS))]
    for index, line in enumerate(lines):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        out.print(Text(padded.rstrip(), style="bold" if index == 0 else ""), soft_wrap=True)


def _cells(row: RouteRow) -> dict[str, str]:
    cells = dataclasses.asdict(row)
    return {column: str(cells[column]) for column in COLUMNS}
