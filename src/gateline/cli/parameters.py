"""The parameters that several commands share, so that they mean and say the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateline.model import codes
from gateline.model.diagnostic import Code


class Output(StrEnum):
    """How a command answers."""

    TEXT = "text"
    JSON = "json"


class CheckOutput(StrEnum):
    """How `gateline check` answers."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


ProjectArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR|FILE",
        show_default=False,
        help="A project's folder or file, or an OpenAPI document; default: the nearest gateline.yaml.",
    ),
]
RunningProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR|FILE",
        show_default=False,
        help="The project that runs; default: the nearest gateline.yaml.",
    ),
]
OverlayOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--overlay",
        metavar="FILE",
        show_default=False,
        help="Lay this file over the project: maps merge, values replace, null removes. May be repeated.",
    ),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GLnnn",
        show_default=False,
        help="Let this diagnostic pass; what it is about answers 501. May be repeated.",
    ),
]
OutputOption = Annotated[Output, typer.Option("--output", help="How to answer.")]


def allowed_codes(names: list[str] | None) -> frozenset[str]:
    """The names of `--allow`, each one known and allowable (DESIGN D10: never one about authorization).

    Raises:
        typer.BadParameter: there is no such diagnostic, or it may not be allowed.

    """
    known = {code.name: code for code in vars(codes).values() if isinstance(code, Code)}
    wanted = {part.strip().upper() for name in names or () for part in name.split(",")}
    for name in sorted(wanted):
        if name not in known:
            message = f"there is no diagnostic {name}"
            raise typer.BadParameter(message, param_hint="--allow")
        if not known[name].allowable:
            message = f"{name} ({known[name].title}) cannot be allowed"
            raise typer.BadParameter(message, param_hint="--allow")
    return frozenset(wanted)
