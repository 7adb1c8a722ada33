"""`gateline links enroll|list|revoke`: the nodes that hold the tunnels of a running project up."""

from __future__ import annotations

import asyncio
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateline.cli import console
from gateline.cli.keys import ProjectOption
from gateline.cli.parameters import Output, OutputOption
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.errors import GatelineError
from gateline.runtime.control_client import ask
from gateline.sources import find_project

COLUMNS: Final = ("tunnel", "node", "connections", "since", "expires")


class Action(StrEnum):
    """What is done."""

    ENROLL = "enroll"
    LIST = "list"
    REVOKE = "revoke"


ActionArgument = Annotated[
    Action,
    typer.Argument(
        metavar="enroll|list|revoke",
        show_default=False,
        help="Write a token by which a node can enrol once; show all nodes; let a node in no more.",
    ),
]
NodeArgument = Annotated[
    str, typer.Argument(metavar="NODE", show_default=False, help="The node's name: a-z, 0-9 and '-'.")
]
TunnelOption = Annotated[
    str,
    typer.Option("--tunnel", metavar="NAME", show_default=False, help="Its tunnel, where there are several."),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        show_default=False,
        help="enroll: the new file for the token, which only this user may read.",
    ),
]
SecondsOption = Annotated[
    int, typer.Option("--expires", metavar="SECONDS", min=1, help="enroll: how long the token counts.")
]


def links(
    action: ActionArgument,
    node: NodeArgument = "",
    tunnel: TunnelOption = "",
    out: OutOption = None,
    expires: SecondsOption = 3600,
    project: ProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Enrol, show and revoke the nodes of private networks that dial in.

    A token is a file: it goes to the node by a way that you trust, and counts once. Through who is revoked
    no connection is opened any more, and those that are open are closed within 5 seconds.
    """
    if bool(node) is (action is Action.LIST):
        needs = "takes no name" if node else "needs the name of a node"
        raise typer.BadParameter(f"{action.value} {needs}", param_hint="NODE")
    if (out is not None) is not (action is Action.ENROLL):
        says = "enroll writes a file: say which" if out is None else "only enroll writes a file"
        raise typer.BadParameter(says, param_hint="--out")
    request: dict[str, Any] = {"do": "links", "action": action.value}
    if action is not Action.LIST:
        request |= {"tunnel": tunnel, "node": node}
    if action is Action.ENROLL:
        request |= {"seconds": expires}
    if out is not None and out.exists():
        raise GatelineError(f"{out} exists already")
    answer = asyncio.run(ask(find_project(project), state, request))
    if out is not None:
        _write(out, answer["token"])
        answer = {"ok": True, "file": str(out), "expires": answer["token"]["expires"]}
    if output is Output.JSON:
        console.print_json(answer)
    else:
        _print(action, node, answer)


def _print(action: Action, node: str, answer: dict[str, Any]) -> None:
    match action:
        case Action.ENROLL:
            typer.echo(f"{answer['file']} lets {node} enrol once, until {answer['expires']}.")
            typer.echo(f"There: gateline link --enroll {Path(answer['file']).name} --exports link.yaml")
        case Action.LIST:
            print_table(COLUMNS, answer["nodes"], console.answers())
        case Action.REVOKE:
            typer.echo(f"{node} is cut off: what is open through it is closed within 5 seconds.")


def _write(path: Path, token: dict[str, str]) -> None:
    """The token in a new file of mode 0600.

    Raises:
        GatelineError: it cannot be written.

    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(token, file, indent=1)
    except OSError as error:
        raise GatelineError(f"{path} cannot be written: {error.strerror}") from error
