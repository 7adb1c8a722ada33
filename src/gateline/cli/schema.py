"""`gateline schema`: the JSON Schema of gateline.yaml, for editors."""

from __future__ import annotations

from typing import Annotated

import typer

from gateline.cli import console
from gateline.cli.parameters import Output
from gateline.sources.project_schema import project_schema


def schema(
    output: Annotated[  # noqa: ARG001
        Output, typer.Option("--output", help="A schema is JSON whatever is chosen.")
    ] = Output.JSON,
) -> None:
    """Print the JSON Schema of gateline.yaml; editors complete and check with it.

    For editors that use yaml-language-server, save it and let the project file begin with
    `# yaml-language-server: $schema=gateline.schema.json`.
    """
    console.print_json(project_schema())
