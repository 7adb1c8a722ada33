"""The command line: the table of commands, each imported when it is called, and the place where faults end.

A command is a module of this room with one function. It raises GatelineError for what ends it (one clear
message, the error's exit code) and typer.Exit for the answer no. `GATELINE_DEBUG=1` shows tracebacks.
"""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Final, ParamSpec, Protocol, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from gateline import __version__
from gateline.cli import faults

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Row:
    """A command of the table: where its function is, and its line in the help."""

    module: str
    function: str
    help: str
    settings: Mapping[str, object] = field(default_factory=dict)


COMMANDS: Final[Mapping[str, Row]] = {
    "up": Row("gateline.cli.up", "up", "Run a project and serve it until told to stop."),
    "serve": Row("gateline.cli.serve", "serve", "Serve a project in production: JSON logs, probes, drain."),
    "run": Row(
        "gateline.cli.run",
        "run",
        "Run a project for as long as a command runs.",
        {"allow_interspersed_args": False},  # what follows the command's name is the command's
    ),
    "check": Row("gateline.cli.check", "check", "Say everything that is wrong with a project."),
    "routes": Row("gateline.cli.routes", "routes", "List every route that a project serves."),
    "invoke": Row("gateline.cli.invoke", "invoke", "Run one function with an event."),
    "authorize": Row(
        "gateline.cli.authorize",
        "authorize",
        "Ask the authorizer of one request, and show why it decides so.",
    ),
    "authorizers": Row(
        "gateline.cli.authorizers", "authorizers", "Let what authorizers have decided count no more."
    ),
    "keys": Row("gateline.cli.keys", "keys", "List, make, import and revoke API keys."),
    "certificates": Row(
        "gateline.cli.certificates",
        "certificates",
        "Show, renew and revoke who the gateway and its services are.",
    ),
    "secrets": Row(
        "gateline.cli.secrets", "secrets", "List the secrets of a running project, and rotate one."
    ),
    "services": Row(
        "gateline.cli.services", "services", "List, scale and deploy the services of a running project."
    ),
    "targets": Row(
        "gateline.cli.targets", "targets", "Show the targets of a running project, and how they are."
    ),
    "prove": Row(
        "gateline.cli.prove", "prove", "Try to reach a running project's services around its gateway."
    ),
    "sidecar": Row(
        "gateline.cli.sidecar", "sidecar", "Stand before one service, and let only the gateway in."
    ),
    "links": Row("gateline.cli.links", "links", "Enrol, list and revoke the nodes of tunnels."),
    "link": Row("gateline.cli.link", "link", "Let a gateway reach this network, listening on nothing."),
    "compile": Row("gateline.cli.compile", "compile_project", "Print the Envoy resources of a project."),
    "schema": Row("gateline.cli.schema", "schema", "Print the JSON Schema of gateline.yaml."),
    "doctor": Row("gateline.cli.doctor", "doctor", "Say what this machine lacks to run Gateline."),
}
"""In the order of the help: what is used first comes first."""


class _HelpFormatter(Protocol):
    """As much of the help's formatter as the table of commands needs."""

    def section(self, name: str) -> AbstractContextManager[None]:
        """A titled part of the help."""

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None:
        """Terms and what they mean."""


class LazyGroup(TyperGroup):
    """The group of all commands, known by name until one is called."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002
        """The names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:
        """The command itself, imported now. A mistyped name ends with what it may have meant."""
        row = COMMANDS.get(cmd_name)
        if row is not None:
            return _load(cmd_name, row)
        close = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
        if close and not getattr(ctx, "resilient_parsing", False):  # completion asks for half-typed names
            typer.echo(f"gateline: no such command '{cmd_name}'; did you mean '{close[0]}'?", err=True)
            raise typer.Exit(2)
        return None

    def format_commands(self, ctx: object, formatter: _HelpFormatter) -> None:  # noqa: ARG002
        """The help's table, without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])


def _load(name: str, row: Row) -> TyperCommand:
    function = _guarded(getattr(importlib.import_module(row.module), row.function))
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(name, context_settings=dict(row.settings))(function)
    return cast("TyperCommand", get_command(single))


def _guarded(command: Callable[_P, None]) -> Callable[_P, None]:
    """The command, ending in one message and an exit code instead of a traceback."""

    @functools.wraps(command)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise  # how commands end: Typer knows what to do
        except Exception as error:  # noqa: BLE001 - nothing may reach a person as a traceback
            told = faults.told(error)
            typer.echo(f"gateline: {told.message}", err=True)
            raise typer.Exit(told.exit_code) from None

    return guarded


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gateline {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def gateline(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """API Gateway definitions, run by Envoy inside your own network."""
