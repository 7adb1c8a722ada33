"""`gateline routes`: every route that a project serves."""

from __future__ import annotations

import dataclasses

from rich.console import Console
from rich.table import Table

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
    """The table. A pipe gets every line whole, a terminal what fits."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in COLUMNS:
        table.add_column(
            column.upper(), no_wrap=True, overflow="ellipsis" if column in {"path", "target"} else "fold"
        )
    for row in rows:
        table.add_row(*(visible(text) for text in _cells(row).values()))
    if out.is_terminal:
        out.print(table)
        return
    widest = sum(max(len(column), *(len(_cells(row)[column]) for row in rows), 0) + 2 for column in COLUMNS)
    out.print(table, width=max(widest, 80), soft_wrap=True)


def _cells(row: RouteRow) -> dict[str, str]:
    cells = dataclasses.asdict(row)
    return {column: str(cells[column]) for column in COLUMNS}
