"""`gateline keys list|create|import|revoke|usage`: the API keys of a project, and what they have used.

A value is printed once, by the command that made it, and is never taken from an argument.
"""

from __future__ import annotations

import asyncio
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateline.cli import console
from gateline.cli.parameters import Output, OutputOption
from gateline.cli.render import number, visible
from gateline.cli.table import print_table
from gateline.cli.up import StateOption
from gateline.errors import FileUnreadable, NotRunning
from gateline.runtime import control_client
from gateline.runtime.idle_keys import idle_keys
from gateline.runtime.key_commands import CHANGES
from gateline.sources import find_project
from gateline.sources.key_file import LONGEST_FILE


class Action(StrEnum):
    """What is done."""

    LIST = "list"
    CREATE = "create"
    IMPORT = "import"
    REVOKE = "revoke"
    USAGE = "usage"


KEY_COLUMNS: Final = ("id", "name", "enabled", "plans", "declared")
USAGE_COLUMNS: Final = ("plan", "name", "id", "used", "limit", "period", "resets")
_ENVIRONMENT: Final = "env:"
_STDIN: Final = "-"
_NAMES: Final = {Action.LIST: (0, 0), Action.USAGE: (0, 2)}  # at least, at most; one for all others

ActionArgument = Annotated[
    Action,
    typer.Argument(
        metavar="list|create|import|revoke|usage",
        show_default=False,
        help="Show all keys; make one; take in a file of keys; let one open nothing any more; show used quotas.",
    ),
]
NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        help="create: NAME. import: FILE in Amazon's CSV form, or -. revoke: NAME or ID. usage: [PLAN [KEY]].",
    ),
]
PlanOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plan",
        metavar="PLAN",
        show_default=False,
        help="create: a usage plan of the key. import: one for rows that name none. May be repeated.",
    ),
]
ValueOption = Annotated[
    str | None,
    typer.Option(
        "--value-from",
        metavar="env:NAME|-",
        show_default=False,
        help="create: read the value from an environment variable or from standard input; default: make one.",
    ),
]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR|FILE",
        show_default=False,
        help="The project; default: the nearest gateline.yaml.",
    ),
]


def keys(
    action: ActionArgument,
    name: NamesArgument = None,
    plan: PlanOption = None,
    value_from: ValueOption = None,
    project: ProjectOption = None,
    state: StateOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show, make, import and revoke API keys, and show what is used of quotas.

    What a running gateway is told counts for all of its workers when the command ends. Without one it counts from the
    next start on. Keys made here are kept as digests in the state directory; revoking a key that the project file
    declares lets that value open nothing any more.
    """
    names = name or []
    _check(action, names, plan, value_from)
    request: dict[str, Any] = {"action": action.value}
    match action:
        case Action.LIST:
            pass
        case Action.CREATE:
            request |= {"name": names[0], "plans": plan or [], "value": _value(value_from)}
        case Action.IMPORT:
            request |= {"file": names[0], "text": _text(names[0]), "plans": plan or []}
        case Action.REVOKE:
            request |= {"key": names[0]}
        case Action.USAGE:
            request |= dict(zip(("plan", "key"), [*names, None, None], strict=False))
    answer = _asked(find_project(project), state, request)
    if output is Output.JSON:
        console.print_json(answer)
    else:
        _print(action, answer)


def _check(action: Action, names: list[str], plan: list[str] | None, value_from: str | None) -> None:
    """Refuse what an action has no use for, and ask for what it needs.

    Raises:
        typer.BadParameter: as it says.

    """
    least, most = _NAMES.get(action, (1, 1))
    if not least <= len(names) <= most:
        wanted = {Action.LIST: "takes no name", Action.USAGE: "takes a plan and a key at most"}
        says = wanted.get(action, "needs one file" if action is Action.IMPORT else "needs one name")
        raise typer.BadParameter(f"{action.value} {says}", param_hint="NAME")
    if plan and action not in (Action.CREATE, Action.IMPORT):
        raise typer.BadParameter("only create and import take a usage plan", param_hint="--plan")
    if value_from is not None and action is not Action.CREATE:
        raise typer.BadParameter("only create takes a value", param_hint="--value-from")


def _value(source: str | None) -> str | None:
    """The value of a new key; None: one is to be made.

    Raises:
        typer.BadParameter: there is none. What stands there is not repeated: it may be a value.

    """
    if source is None:
        return None
    if source == _STDIN:
        return sys.stdin.readline().rstrip("\r\n")
    if not source.startswith(_ENVIRONMENT):
        message = "write env:NAME or -; a value in an argument can be seen by everybody on this machine"
        raise typer.BadParameter(message, param_hint="--value-from")
    found = os.environ.get(source.removeprefix(_ENVIRONMENT))
    if found is None:
        raise typer.BadParameter("the environment variable is not set", param_hint="--value-from")
    return found


def _text(file: str) -> str:
    """What a file of keys holds, whatever its bytes are.

    Raises:
        FileUnreadable: it cannot be read.

    """
    try:
        if file == _STDIN:
            raw = sys.stdin.buffer.read(LONGEST_FILE + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(LONGEST_FILE + 1)
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise FileUnreadable(message) from error
    return raw.decode("utf-8", "surrogateescape")


def _asked(project: Path, state: Path | None, request: dict[str, Any]) -> dict[str, Any]:
    """The answer of the gateway that runs, or of the state directory when none does."""
    try:
        answer = asyncio.run(control_client.keys(project, state, request))
    except NotRunning:
        answer = idle_keys(project, state, os.environ, request)
        if request["action"] in CHANGES:
            typer.echo("no gateway runs this project: it counts from the next start on", err=True)
    return {key: value for key, value in answer.items() if key != "ok"}


def _print(action: Action, answer: dict[str, Any]) -> None:
    out = console.answers()
    if action is Action.USAGE:
        print_table(USAGE_COLUMNS, answer["usage"], out)
        return
    found: list[dict[str, Any]] = answer["keys"]
    match action:
        case Action.LIST:
            print_table(KEY_COLUMNS, [_row(key) for key in found], out)
        case Action.CREATE if "value" in found[0]:
            typer.echo(f"created {_named(found[0])}; its value is shown this once:", err=True)
            typer.echo(found[0]["value"])
        case Action.IMPORT:
            typer.echo(f"imported {number(len(found), 'key')}")
        case _:
            typer.echo(f"{'revoked' if action is Action.REVOKE else 'created'} {_named(found[0])}")


def _named(key: dict[str, Any]) -> str:
    return f"{visible(key['name'])} ({key['id']})"


def _row(key: dict[str, Any]) -> dict[str, Any]:
    enabled = "revoked" if key["revoked"] else "yes" if key["enabled"] else "no"
    return {
        **key,
        "enabled": enabled,
        "plans": ", ".join(key["plans"]),
        "declared": key["declared"] or "by a command",
    }
