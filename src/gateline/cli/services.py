"""`gateline services list|scale|deploy`: the services of a running project, their tasks, and how many there are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption, RunningProjectOption
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.runtime import control_client
from gateline.sources import find_project


class Action(StrEnum):
    """What is done."""

    LIST = "list"
    SCALE = "scale"
    DEPLOY = "deploy"


SERVICE_COLUMNS: Final = (
    *("name", "desired", "running", "healthy", "pending"),
    *("rollout_state", "target_group"),
)
TASK_COLUMNS: Final = ("id", "pid", "address", "health", "since", "revision")

ActionArgument = Annotated[
    Action,
    typer.Argument(
        metavar="list|scale|deploy",
        show_default=False,
        help="Show services and their tasks; let another number of tasks run; replace all tasks of a service.",
    ),
]
NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="NAME", show_default=False, help="The service to scale or to deploy."),
]
CountArgument = Annotated[
    int | None,
    typer.Argument(metavar="COUNT", show_default=False, help="How many tasks shall run."),
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="With deploy: wait until the new tasks are healthy.")
]


def services(
    action: ActionArgument,
    name: NameArgument = None,
    count: CountArgument = None,
    wait: WaitOption = False,
    project: RunningProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the services of a running project, scale one, or replace its tasks.

    A number of tasks stays until the definition wants another one, or the gateway ends. A deployment starts new
    tasks first; old ones leave when those are healthy, after the requests that they are answering.
    """
    _check(action, name, count, wait=wait)
    where = find_project(project)
    match action:
        case Action.LIST:
            found = asyncio.run(control_client.services(where, state))
        case Action.SCALE:
            found = [asyncio.run(control_client.scale(where, state, name or "", count or 0))]
        case Action.DEPLOY:
            found = [asyncio.run(control_client.deploy(where, state, name or "", wait=wait))]
    if output is Output.JSON:
        console.print_json({"services": found})
    else:
        _print(found, console.answers())


def _check(action: Action, name: str | None, count: int | None, *, wait: bool) -> None:
    """Refuse what an action has no use for, and ask for what it needs.

    Raises:
        typer.BadParameter: as it says.

    """
    if (name is not None) is (action is Action.LIST):
        says = "list takes no name" if name else f"{action.value} needs the name of a service"
        raise typer.BadParameter(says, param_hint="NAME")
    if (count is None) is (action is Action.SCALE) or (count or 0) < 0:
        says = "scale needs a number of tasks" if action is Action.SCALE else f"{action.value} takes none"
        raise typer.BadParameter(says, param_hint="COUNT")
    if wait and action is not Action.DEPLOY:
        raise typer.BadParameter("only deploy waits", param_hint="--wait")


def _print(found: Sequence[dict[str, Any]], out: Console) -> None:
    if not found:
        out.print("no services run")
        return
    print_table(SERVICE_COLUMNS, found, out)
    tasks = [{"service": service["name"], **task} for service in found for task in service["tasks"]]
    if tasks:
        out.print()
        print_table(("service", *TASK_COLUMNS), tasks, out)
