"""`gateline compile`: the Envoy resources of a project, secrets redacted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import typer

from gateline.cli.inspection import inspect, resources_or_exit
from gateline.cli.parameters import AllowOption, Output, OverlayOption, ProjectArgument
from gateline.compile.render import render


class Format(StrEnum):
    """The notation of the resources."""

    YAML = "yaml"
    JSON = "json"


def compile_project(
    project: ProjectArgument = None,
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    format_: Annotated[Format, typer.Option("--format", help="The notation of the resources.")] = Format.YAML,
    output: Annotated[
        Output, typer.Option("--output", help="json is the same as --format json, as in every command.")
    ] = Output.TEXT,
) -> None:
    """Print the Envoy resources that a project compiles to. Secrets are redacted."""
    resources = resources_or_exit(inspect(project, overlay, allow))
    notation: Literal["json", "yaml"] = "json" if output is Output.JSON or format_ is Format.JSON else "yaml"
    typer.echo(render(resources, format=notation), nl=False)
