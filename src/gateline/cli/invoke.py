"""`gateline invoke`: one function, run as the gateway would run it."""

from __future__ import annotations

import difflib
import json
import os
import sys
from pathlib import Path
from typing import Annotated, assert_never

import typer

from gateline.cli import console
from gateline.cli.invocation import first_line, invoke_once
from gateline.cli.parameters import Output, OutputOption, OverlayOption, ProjectArgument
from gateline.cli.render import counted, render_report, visible
from gateline.errors import FileUnreadable
from gateline.functions.answer import Answer, Failed, Raised, Returned
from gateline.model.function import Function, named_function
from gateline.model.gateway import Gateway
from gateline.sources import find_project, load


def invoke(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", show_default=False, help="A name of the project's functions.")
    ],
    project: ProjectArgument = None,
    event: Annotated[
        str,
        typer.Option(
            "--event",
            metavar="FILE|-|JSON",
            help="The event: a file, '-' for standard input, or JSON itself.",
        ),
    ] = "{}",
    overlay: OverlayOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run one function with an event, as the gateway would.

    Its answer goes to standard output, what it prints to standard error. The exit code is 1 when it raises or
    does not answer.
    """
    text = _event(event)
    answer = invoke_once(_function(_gateway(project, overlay), function), text)
    if output is Output.JSON:
        console.print_json(_as_json(answer))
    else:
        _print(answer)
    if not isinstance(answer, Returned):
        raise typer.Exit(1)


def _event(written: str) -> bytes:
    """The event's JSON text."""
    if written == "-":
        text = sys.stdin.read()
    elif written.lstrip()[:1] in {"{", "[", '"'}:
        text = written
    else:
        try:
            text = Path(written).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            message = f"the event {written} cannot be read: {reason}"
            raise FileUnreadable(message) from error
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"the event is not JSON: {error}"
        raise typer.BadParameter(message, param_hint="--event") from None
    return text.encode()


def _gateway(project: Path | None, overlay: list[Path] | None) -> Gateway:
    """The project; only its errors are told, for nothing but a function is run."""
    path = find_project(project)
    loaded = load(path, overlays=overlay or (), environ=os.environ, checking=True)
    if loaded.gateway is None:
        out = console.complaints()
        render_report(loaded.report, loaded.locate, out, loaded.text)
        out.print(f"{path}: {counted(loaded.report)}", soft_wrap=True)
        raise typer.Exit(1)
    return loaded.gateway


def _function(gateway: Gateway, name: str) -> Function:
    declared = {function.name: function for function in gateway.functions}
    found = named_function(name, declared)
    if found is not None:
        return declared[found]
    close = difflib.get_close_matches(name, declared, n=1)
    meant = f"; did you mean '{close[0]}'?" if close else ""
    message = f"the project declares no function '{name}'{meant}"
    raise typer.BadParameter(message, param_hint="FUNCTION")


def _print(answer: Answer) -> None:
    match answer:
        case Returned(payload=payload) | Raised(payload=payload):
            typer.echo(payload.decode(errors="replace"))
        case Failed(fault=fault, detail=detail):
            typer.echo(
                f"gateline: the function did not answer ({fault}): {visible(first_line(detail))}", err=True
            )
        case _:
            assert_never(answer)


def _as_json(answer: Answer) -> dict[str, object]:
    match answer:
        case Returned(payload=payload):
            return {"returned": json.loads(payload)}
        case Raised(payload=payload):
            return {"raised": json.loads(payload)}
        case Failed(fault=fault, detail=detail):
            return {"failed": {"fault": fault.value, "detail": detail}}
        case _:
            assert_never(answer)
