"""`gateline authorizers flush`: what authorizers of a running project have decided counts no more."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption, RunningProjectOption
from gateline.cli.render import visible
from gateline.cli.up import StateOption
from gateline.runtime.control_client import flush
from gateline.sources import find_project


class Action(StrEnum):
    """What is done."""

    FLUSH = "flush"


ActionArgument = Annotated[
    Action,
    typer.Argument(metavar="flush", show_default=False, help="Ask anew about every caller from now on."),
]
NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        help="Authorizers, by name or as API/STAGE/NAME; default: all of them.",
    ),
]


def authorizers(
    action: ActionArgument,  # noqa: ARG001 - there is one, and its name is what people read
    name: NamesArgument = None,
    project: RunningProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Let what authorizers of a running project have decided count no more.

    It is done when the command ends; no request fails for it.
    """
    flushed = asyncio.run(flush(find_project(project), state, name or None))
    if output is Output.JSON:
        console.print_json({"flushed": list(flushed)})
        return
    for each in flushed:
        typer.echo(f"flushed {visible(each)}")
