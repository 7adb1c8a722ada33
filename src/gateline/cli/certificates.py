"""`gateline certificates list|rotate|revoke|export-ca|issue-service`: who the gateway and its services are.

Standard output gets public parts alone. A private key is written into a file of mode 0600, and printed nowhere.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateline.cli import console
from gateline.cli.keys import ProjectOption
from gateline.cli.parameters import Output, OutputOption
from gateline.cli.render import visible
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.errors import GatelineError
from gateline.runtime import control_client
from gateline.runtime.certificate_commands import REPLACEMENT_SECONDS
from gateline.runtime.state_dir import write_private
from gateline.sources import find_project


class Action(StrEnum):
    """What is done."""

    LIST = "list"
    ROTATE = "rotate"
    REVOKE = "revoke"
    EXPORT_CA = "export-ca"
    ISSUE_SERVICE = "issue-service"


COLUMNS: Final = ("kind", "name", "identity", "serial", "expires", "renewed", "source")
FILES: Final = {"ca": "ca.pem", "certificate": "certificate.pem", "private_key": "private_key.pem"}
_NAMED: Final = frozenset({Action.ROTATE, Action.ISSUE_SERVICE})

ActionArgument = Annotated[
    Action,
    typer.Argument(
        metavar="list|rotate|revoke|export-ca|issue-service",
        show_default=False,
        help="Show all; issue one anew; let nothing count any more that was issued; print whom services must believe; "
        "make a certificate for a server elsewhere.",
    ),
]
NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="NAME", show_default=False, help="rotate, issue-service: whose certificate."),
]
OverlapOption = Annotated[
    int,
    typer.Option(
        "--overlap",
        metavar="SECONDS",
        min=0,
        help="revoke: how long each step waits for services elsewhere, which people must give the new authority "
        "(export-ca) and new certificates (issue-service).",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        show_default=False,
        help="issue-service: the folder for ca.pem, certificate.pem and private_key.pem.",
    ),
]
HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host", metavar="NAME", show_default=False, help="issue-service: a DNS name of it. May be repeated."
    ),
]


def certificates(
    action: ActionArgument,
    name: NameArgument = None,
    overlap: OverlapOption = 0,
    out: OutOption = None,
    host: HostOption = None,
    project: ProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show, renew and revoke certificates of a gateway that runs, and make some for services elsewhere.

    rotate: the former certificate stays valid until its end. revoke: the built-in authority gives way to a new one, in
    steps without a failed request; then no certificate is accepted any more that was issued before.
    """
    if (name is not None) != (action in _NAMED):
        says = "needs one name" if action in _NAMED else "takes no name"
        raise typer.BadParameter(f"{action.value} {says}", param_hint="NAME")
    if (out is not None) != (action is Action.ISSUE_SERVICE):
        says = "needs" if action is Action.ISSUE_SERVICE else "has no use for"
        raise typer.BadParameter(f"{action.value} {says} a folder", param_hint="--out")
    request: dict[str, Any] = {"do": "certificates", "action": action.value, "name": name}
    match action:
        case Action.REVOKE:
            request |= {"overlap": overlap}
        case Action.ISSUE_SERVICE:
            request |= {"hosts": host or []}
        case _:
            pass
    answer = asyncio.run(control_client.ask(find_project(project), state, request, REPLACEMENT_SECONDS + 30))
    if out is not None:
        _write(out, answer)
    else:
        _print(action, answer, output)


def _print(action: Action, answer: dict[str, Any], output: Output) -> None:
    shown = {key: value for key, value in answer.items() if key != "ok"}
    if output is Output.JSON:
        console.print_json(shown)
        return
    match action:
        case Action.EXPORT_CA:
            typer.echo(answer["ca"], nl=False)
        case Action.REVOKE if answer["under_way"]:
            typer.echo(
                "a new authority is believed beside the former one; give it to services elsewhere in time"
            )
        case Action.REVOKE:
            typer.echo(
                "revoked: nothing that was issued before counts any more; open connections end by themselves"
            )
        case _:
            print_table(COLUMNS, answer["certificates"], console.answers())


def _write(out: Path, answer: dict[str, Any]) -> None:
    """Write the three files, each of mode 0600.

    Raises:
        GatelineError: one cannot be written.

    """
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for key, file in FILES.items():
            write_private(out / file, answer[key].encode("ascii"))
    except OSError as error:
        raise GatelineError(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"wrote {', '.join(FILES.values())} in {visible(str(out))}", err=True)
