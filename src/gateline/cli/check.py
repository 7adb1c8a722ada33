"""`gateline check`: everything that is wrong with a project, and nothing started."""

from __future__ import annotations

from typing import Annotated

import typer

from gateline.cli import console
from gateline.cli.inspection import Inspection, inspect
from gateline.cli.parameters import AllowOption, CheckOutput, OverlayOption, ProjectArgument
from gateline.cli.render import as_json, counted, number, render_report
from gateline.cli.sarif import as_sarif


def check(
    project: ProjectArgument = None,
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    output: Annotated[CheckOutput, typer.Option("--output", help="How to answer.")] = CheckOutput.TEXT,
) -> None:
    """Say everything that is wrong with a project or an OpenAPI document. Nothing is started.

    The exit code is 1 when there are errors, 2 when the file is missing or cannot be read.
    """
    inspection = inspect(project, overlay, allow)
    match output:
        case CheckOutput.JSON:
            console.print_json(as_json(inspection.report, inspection.loaded.locate))
        case CheckOutput.SARIF:
            console.print_json(as_sarif(inspection.report, inspection.loaded.locate))
        case CheckOutput.TEXT:
            _print(inspection)
    if inspection.report.error_count:
        raise typer.Exit(1)


def _print(inspection: Inspection) -> None:
    out = console.answers()
    render_report(inspection.report, inspection.loaded.locate, out, inspection.loaded.text)
    found = inspection.resources
    routes = f"{number(len(found.routes), 'route')}, " if found is not None else ""
    out.print(f"{inspection.path}: {routes}{counted(inspection.report)}", soft_wrap=True)
