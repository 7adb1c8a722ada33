"""Where text goes: standard output for answers, standard error for complaints.

Colours only where they are seen: Rich honours NO_COLOR and FORCE_COLOR, and writes none to files and pipes.
"""

from __future__ import annotations

import json

import typer
from rich.console import Console


def answers() -> Console:
    """Standard output."""
    return Console(highlight=False, markup=False, emoji=False)


def complaints() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
