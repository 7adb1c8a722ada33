"""`gateline prove`: tries to reach every service of a running project around its gateway, and says what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gateline import __version__
from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption, RunningProjectOption
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.errors import CannotProve, FileUnreadable, GatelineError
from gateline.prove.report import COLUMNS, exit_code, made_report, open_ones, read_findings, rows
from gateline.prove.session import examined, project_vault
from gateline.prove.signature import public_pem, read_public, signed, signing_key, verified
from gateline.runtime.state_dir import write_private
from gateline.sources import find_project


class Action(StrEnum):
    """What is done."""

    RUN = "run"
    VERIFY = "verify"
    KEY = "key"


ActionArgument = Annotated[
    Action,
    typer.Argument(
        metavar="run|verify|key",
        help="Try everything; check the signature of a report; print the public key of the project's reports.",
    ),
]
FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="The report to verify."),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", show_default=False, help="Write a signed report there."),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        show_default=False,
        help="With verify: the public key (PEM); default: the project's own.",
    ),
]
PublicOption = Annotated[
    list[str] | None,
    typer.Option(
        "--public",
        metavar="'API/STAGE VERB PATH'",
        show_default=False,
        help="A method without an authorizer is meant so, though others of its path have one. May be repeated.",
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Fail also if a service can be connected to, shares the gateway's user, or something was not tried.",
    ),
]


def prove(  # noqa: PLR0913, PLR0917 - the parameters are the command's options
    action: ActionArgument = Action.RUN,
    file: FileArgument = None,
    report: ReportOption = None,
    key: KeyOption = None,
    public: PublicOption = None,
    strict: StrictOption = False,
    project: RunningProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Try to reach all that stands behind a running gateway without it, and past its authorizers.

    Each attempt is closed, refused, open, or not tried. Exit code 0: nothing is open; 1: something is; 2: the
    project, or a service of it, does not run and could not be tried.
    """
    if (file is not None) is not (action is Action.VERIFY):
        says = "run and key take no file" if file else "verify needs the report's file"
        raise typer.BadParameter(says, param_hint="FILE")
    match action:
        case Action.RUN:
            _run(find_project(project), state, report, frozenset(public or ()), strict=strict, output=output)
        case Action.KEY:
            found = signing_key(project_vault(find_project(project), state))
            typer.echo(public_pem(found.public_key()), nl=False)
        case Action.VERIFY:
            _verify(file or Path(), key, project, state, output)


def _run(
    where: Path,
    state: Path | None,
    file: Path | None,
    public: frozenset[str],
    *,
    strict: bool,
    output: Output,
) -> None:
    try:
        inventory, findings = asyncio.run(examined(where, state, public))
    except GatelineError as error:
        raise CannotProve(str(error)) from error
    made = made_report(inventory, findings, version=__version__, now=datetime.now(UTC))
    if file is not None:
        content = signed(made, signing_key(project_vault(where, state)))
        try:
            write_private(file, content)
        except OSError as error:
            raise CannotProve(f"{file} cannot be written: {error.strerror}") from error
    _show(made, output)
    if code := exit_code(made, strict=strict):
        raise typer.Exit(code)


def _verify(file: Path, key: Path | None, project: Path | None, state: Path | None, output: Output) -> None:
    if key is None:
        public = signing_key(project_vault(find_project(project), state)).public_key()
    else:
        public = read_public(_read(key))
    made = verified(_read(file), public)
    _show(made, output)
    if output is Output.TEXT:
        console.answers().print(f"the signature is good: made at {made['made_at']}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}") from error


def _show(made: Mapping[str, Any], output: Output) -> None:
    if output is Output.JSON:
        console.print_json(made)
        return
    out = console.answers()
    findings = read_findings(made)
    print_table(COLUMNS, list(rows(findings)), out)
    if found := open_ones(findings):
        out.print()
        print_table(tuple(found[0]), found, out)
    out.print()
    out.print(f"{made['project']} at {made['url']}, by the names: {', '.join(made['hosts'])}", soft_wrap=True)
    _print_summary(made["summary"], out)


def _print_summary(summary: Mapping[str, int], out: Console) -> None:
    counted = ", ".join(f"{count} {name}" for name, count in reversed(list(summary.items())) if count)
    if summary.get("open"):
        verdict, style = "OPEN", "bold red"
    elif summary.get("absent"):
        verdict, style = "NOT PROVEN, somebody is not there", "bold yellow"
    else:
        limits = ", as far as it was tried" if summary.get("not tried") else ""
        verdict, style = f"nothing is open{limits}", "green"
    out.print(f"{verdict}: {counted}", style=style, soft_wrap=True)
