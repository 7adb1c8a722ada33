"""`gateline routes`: every route that a project serves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from gateline.cli import console
from gateline.cli.inspection import inspect, resources_or_exit
from gateline.cli.parameters import AllowOption, Output, OutputOption, OverlayOption, ProjectArgument
from gateline.cli.render import visible
from gateline.compile.resources import RouteRow

COLUMNS = ("api", "stage", "method", "path", "authorization", "integration", "target")
KEYED = ("api_key",)  # of projects in which a method asks for an API key
BALANCED = ("rule", "target_groups")  # columns of projects with load balancers


def routes(
    project: ProjectArgument = None,
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List every route that a project serves: who may call it, and where it leads."""
    inspection = inspect(project, overlay, allow)
    rows = resources_or_exit(inspection).routes
    asked = {
        (stage.scope, authorizer.name): authorizer.function
        for stage in inspection.hosting.stages
        for authorizer in stage.authorizers
    }
    if output is Output.JSON:
        functions = [asked.get((f"{row.api}/{row.stage}", row.authorization)) for row in rows]
        cells = zip(map(_cells, rows), functions, strict=True)
        console.print_json({"routes": [{**each, "authorizer_function": name} for each, name in cells]})
    else:
        print_routes(tuple(_naming(row, asked) for row in rows), console.answers())


def _naming(row: RouteRow, asked: Mapping[tuple[str, str], str]) -> RouteRow:
    """The row, with the function that its authorizer asks in this stage."""
    function = asked.get((f"{row.api}/{row.stage}", row.authorization))
    if function is None or function == row.authorization:
        return row
    return dataclasses.replace(row, authorization=f"{row.authorization} ({function})")


def print_routes(rows: tuple[RouteRow, ...], out: Console) -> None:
    """The table, every line whole: it is read by people and by grep."""
    columns: tuple[str, ...] = COLUMNS
    if any(row.api_key for row in rows):
        after = COLUMNS.index("authorization") + 1
        columns = (*COLUMNS[:after], *KEYED, *COLUMNS[after:])
    if any(row.rule for row in rows):
        columns += BALANCED
    lines = [tuple(column.upper().replace("_", " ") for column in columns)]
    lines += [tuple(visible(_text(_cells(row)[column])) for column in columns) for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for index, line in enumerate(lines):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        out.print(Text(padded.rstrip(), style="bold" if index == 0 else ""), soft_wrap=True)


def _cells(row: RouteRow) -> dict[str, str | bool | list[str]]:
    cells = dataclasses.asdict(row)
    return {
        **{column: str(cells[column]) for column in (*COLUMNS, "rule")},
        "target_groups": list(row.target_groups),
        "api_key": row.api_key,
    }


def _text(cell: str | bool | list[str]) -> str:
    if isinstance(cell, bool):
        return "required" if cell else "NONE"
    return cell if isinstance(cell, str) else ", ".join(cell)
