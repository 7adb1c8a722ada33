"""`gateline services list|scale|deploy|logs`: the services of a running project, their tasks, and what those say."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption, RunningProjectOption
from gateline.cli.render import visible
from gateline.cli.service_logs import Said, ServiceLogs, follow
from gateline.cli.service_progress import Progress
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.errors import GatelineError, NotRunning
from gateline.runtime import control_client
from gateline.runtime.cluster_launch import LOGS
from gateline.sources import find_project


class Action(StrEnum):
    """What is done."""

    LIST = "list"
    SCALE = "scale"
    DEPLOY = "deploy"
    LOGS = "logs"


SERVICE_COLUMNS: Final = (
    *("name", "desired", "running", "healthy", "pending"),
    *("rollout_state", "target_group"),
)
DEPLOYMENT_COLUMNS: Final = (
    *("number", "status", "rollout_state", "revision", "desired", "running", "pending", "failed_tasks"),
    "rollout_state_reason",
)
TASK_COLUMNS: Final = ("id", "pid", "address", "health", "since", "revision")

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at a deployment."""

AWAY_SECONDS: Final = 30.0
"""How long a gateway may be away while a deployment is followed: its control process is started again."""

DEFAULT_LINES: Final = 100

ActionArgument = Annotated[
    Action,
    typer.Argument(
        metavar="list|scale|deploy|logs",
        show_default=False,
        help="Show services, their deployments and tasks; let another number of tasks run; replace all tasks of a "
        "service; show what its tasks said.",
    ),
]
NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="NAME", show_default=False, help="The service, for all but list."),
]
CountArgument = Annotated[
    int | None,
    typer.Argument(
        metavar="COUNT",
        show_default=False,
        help="scale: how many tasks shall run. logs: how many lines of each task are shown, else 100.",
    ),
]
WaitOption = Annotated[
    bool | None,
    typer.Option(
        "--wait/--no-wait",
        show_default=False,
        help="With deploy: follow it until the new tasks serve, which is what it does unless told otherwise.",
    ),
]
FollowOption = Annotated[
    bool, typer.Option("--follow", help="With logs: go on with what is said from now on.")
]


def services(
    action: ActionArgument,
    name: NameArgument = None,
    count: CountArgument = None,
    wait: WaitOption = None,
    follow: FollowOption = False,
    project: RunningProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the services of a running project, scale one, replace its tasks, or show what they said.

    A number of tasks stays until the definition wants another one, or the gateway ends. A deployment starts new
    tasks first; old ones leave when those are healthy, after the requests that they are answering. The command ends
    with 1 when the deployment failed, was rolled back, or made room for another one. With JSON each step of a
    deployment, and each line of a log, is a line.
    """
    _check(action, name, count, wait=wait, follow=follow)
    where = find_project(project)
    service = name or ""
    match action:
        case Action.LIST:
            _print(asyncio.run(control_client.services(where, state)), output)
        case Action.SCALE:
            _print([asyncio.run(control_client.scale(where, state, service, count or 0))], output)
        case Action.DEPLOY if wait is False:
            _print([asyncio.run(control_client.deploy(where, state, service, wait=False))], output)
        case Action.DEPLOY:
            asyncio.run(_deploy(where, state, service, output))
        case Action.LOGS:
            _logs(where, state, service, DEFAULT_LINES if count is None else count, output, goes_on=follow)


async def _deploy(project: Path, state: Path | None, service: str, output: Output) -> None:
    """Deploy, and tell each step.

    Raises:
        GatelineError: it came to nothing, or takes too long.

    """
    began = time.monotonic()
    listing = await control_client.deploy(project, state, service, wait=False)
    progress = Progress(listing["deployments"][0]["number"], listing)
    if output is Output.TEXT:
        first = listing["deployments"][0]
        typer.echo(
            f"deployment {progress.number} of {visible(service)}: revision {visible(first['revision'])}, "
            f"{first['desired']} wanted"
        )
    while True:
        seconds = time.monotonic() - began
        for step in progress.see(listing, seconds):
            typer.echo(
                step.text() if output is Output.TEXT else json.dumps({"service": service, **step.told()})
            )
        if progress.is_over:
            break
        if seconds > control_client.DEPLOYMENT_PATIENCE:
            raise GatelineError(f"deployment {progress.number} of {service} takes long; it goes on")
        await asyncio.sleep(LOOK_EVERY)
        listing = await _seen(project, state, service)
    _tell_outcome(service, progress, seconds, output)


async def _seen(project: Path, state: Path | None, service: str) -> dict[str, Any]:
    """A service as it is now. A control process that is being started again is waited for, and knows it anew.

    Raises:
        GatelineError: the gateway does not run any more, or has no such service any more.

    """
    last = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            listed = await control_client.services(project, state)
        except GatelineError:
            if time.monotonic() > last:
                raise
        else:
            for each in listed:
                if each["name"] == service and each["deployments"]:
                    return each
            if time.monotonic() > last:
                raise GatelineError(f"service {service} does not run any more")
        await asyncio.sleep(LOOK_EVERY)


def _tell_outcome(service: str, progress: Progress, seconds: float, output: Output) -> None:
    """Tell how it ended.

    Raises:
        GatelineError: it came to nothing.

    """
    if output is Output.JSON:
        outcome = "FAILED" if progress.verdict else "COMPLETED"
        told = {"service": service, "deployment": progress.number, "at": round(seconds, 3)}
        typer.echo(json.dumps({**told, "rollout_state": outcome, "reason": progress.verdict}))
    elif not progress.verdict:
        typer.echo(f"deployment {progress.number} completed in {seconds:.1f} s")
    if progress.verdict:
        raise GatelineError(f"deployment {progress.number} of {service} {visible(progress.verdict)}")


def _logs(
    project: Path, state: Path | None, service: str, count: int, output: Output, *, goes_on: bool
) -> None:
    """Show what tasks of a service said.

    Raises:
        GatelineError: it has no log.

    """
    running: list[str] = []
    try:
        listed = asyncio.run(control_client.services(project, state))
        running = [task["id"] for each in listed if each["name"] == service for task in each["tasks"]]
    except NotRunning:
        pass
    logs = ServiceLogs(control_client.state_folder(project, state) / LOGS / service, running)

    def tell(said: Said) -> None:
        task, line = said
        if output is Output.JSON:
            typer.echo(json.dumps({"service": service, "task": task, "text": line}))
        else:
            typer.echo(f"{task} | {visible(line)}")

    for said in logs.last(count):
        tell(said)
    if goes_on:
        follow(logs, tell)


def _check(action: Action, name: str | None, count: int | None, *, wait: bool | None, follow: bool) -> None:
    """Refuse what an action has no use for, and ask for what it needs.

    Raises:
        typer.BadParameter: as it says.

    """
    if (name is not None) is (action is Action.LIST):
        says = "list takes no name" if name else f"{action.value} needs the name of a service"
        raise typer.BadParameter(says, param_hint="NAME")
    if name is not None and ("/" in name or name.startswith(".")):
        raise typer.BadParameter("no service has such a name", param_hint="NAME")
    if count is None and action is Action.SCALE:
        raise typer.BadParameter("scale needs a number of tasks", param_hint="COUNT")
    if count is not None and (count < 0 or action not in {Action.SCALE, Action.LOGS}):
        says = f"{action.value} takes none" if count >= 0 else "it is not negative"
        raise typer.BadParameter(says, param_hint="COUNT")
    if wait is not None and action is not Action.DEPLOY:
        raise typer.BadParameter("only deploy waits", param_hint="--wait")
    if follow and action is not Action.LOGS:
        raise typer.BadParameter("only logs are followed", param_hint="--follow")


def _print(found: Sequence[dict[str, Any]], output: Output) -> None:
    if output is Output.JSON:
        console.print_json({"services": found})
        return
    out = console.answers()
    if not found:
        out.print("no services run")
        return
    print_table(SERVICE_COLUMNS, found, out)
    for columns, kind in ((DEPLOYMENT_COLUMNS, "deployments"), (TASK_COLUMNS, "tasks")):
        rows = [
            {**dict.fromkeys(columns, ""), "service": service["name"], **each}
            for service in found
            for each in service[kind]
        ]
        if rows:
            out.print()
            print_table(("service", *columns), rows, out)
