"""`gateline secrets list|rotate`: the secrets of a running project, and their replacement while requests go on.

No value is ever printed, and none is taken.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption, RunningProjectOption
from gateline.cli.render import visible
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.errors import GatelineError
from gateline.runtime import control_client
from gateline.sources import find_project


class Action(StrEnum):
    """What is done."""

    LIST = "list"
    ROTATE = "rotate"


COLUMNS: Final = ("name", "source", "step", "stages", "rotated", "next", "problem")

ActionArgument = Annotated[
    Action,
    typer.Argument(
        metavar="list|rotate",
        show_default=False,
        help="Show where secrets come from, their stages and how far a rotation has come; give one a new value.",
    ),
]
NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="NAME", show_default=False, help="The secret to rotate."),
]
WaitOption = Annotated[
    bool,
    typer.Option(
        "--wait", help="With rotate: tell each step, and wait until the former value is refused everywhere."
    ),
]


def secrets(
    action: ActionArgument,
    name: NameArgument = None,
    wait: WaitOption = False,
    project: RunningProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the secrets of a running project, or replace the value of one without a failed request.

    Services accept both values before the gateway sends the new one. A value that is not accepted everywhere in time is
    given up, and the command, if it waits, says by whom and ends with 1. It goes on without the command.
    """
    _check(action, name, wait=wait)
    where = find_project(project)
    if action is Action.LIST:
        found = asyncio.run(control_client.secrets(where, state, {"action": "list"}))["secrets"]
    else:
        found = [asyncio.run(_rotate(where, state, name or "", wait=wait, tell=output is Output.TEXT))]
    if output is Output.JSON:
        console.print_json({"secrets": found})
    elif action is Action.LIST:
        rows = [{**each, "stages": " ".join(each["stages"])} for each in found]
        print_table(COLUMNS, rows, console.answers())
    if wait and (problem := found[0]["problem"]):
        raise GatelineError(f"the rotation of secret {name} did not come to its end: {visible(problem)}")


async def _rotate(project: Path, state: Path | None, name: str, *, wait: bool, tell: bool) -> dict[str, Any]:
    """Begin a rotation, and follow it if that is wanted; the secret as it is then."""
    answer = await control_client.secrets(project, state, {"action": "rotate", "secret": name})
    if not wait and tell:
        typer.echo(f"secret {visible(name)} is being rotated")
    seen = 0
    while wait:
        answer = await control_client.secrets(
            project, state, {"action": "follow", "secret": name, "seen": seen}
        )
        for step in answer["steps"][seen:]:
            if tell:
                typer.echo(f"{visible(name)}: {step}")
        seen = len(answer["steps"])
        if answer["over"]:
            break
    found: dict[str, Any] = answer["secret"]
    return found


def _check(action: Action, name: str | None, *, wait: bool) -> None:
    """Refuse what an action has no use for, and ask for what it needs.

    Raises:
        typer.BadParameter: as it says.

    """
    if (name is not None) is (action is Action.LIST):
        says = "list takes no name" if name else "rotate needs the name of a secret"
        raise typer.BadParameter(says, param_hint="NAME")
    if wait and action is not Action.ROTATE:
        raise typer.BadParameter("only rotate waits", param_hint="--wait")
