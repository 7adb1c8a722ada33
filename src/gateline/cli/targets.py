"""`gateline targets`: the targets of a running project's target groups, and how they are."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import typer

from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption, RunningProjectOption
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.errors import GatelineError
from gateline.runtime import control_client
from gateline.sources import find_project

COLUMNS: Final = ("group", "target", "state", "reason", "requests")

GroupArgument = Annotated[
    str | None, typer.Argument(metavar="GROUP", show_default=False, help="One target group; default: all.")
]


def targets(
    group: GroupArgument = None,
    project: RunningProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the targets of a running project, and how they are.

    States and reasons are Amazon's: initial, healthy, unhealthy, draining, unused, unavailable. Requests are those
    that a target has not answered yet.
    """
    found = asyncio.run(control_client.targets(find_project(project), state))
    if group is not None:
        found = [each for each in found if each["group"] == group]
        if not found:
            raise GatelineError(f"no target group '{group}' has targets")
    if output is Output.JSON:
        console.print_json({"targets": found})
    elif found:
        print_table(COLUMNS, found, console.answers())
    else:
        console.answers().print("no target group has targets")
