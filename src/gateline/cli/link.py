"""`gateline link`: the private side of a tunnel."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from gateline.link.session import LinkSettings, serve

Exports = Annotated[
    Path,
    typer.Option("--exports", metavar="FILE", help="The file that says what the gateway may reach here."),
]
Enroll = Annotated[
    Path | None,
    typer.Option(
        "--enroll",
        metavar="FILE",
        show_default=False,
        help="The token that `gateline links enroll` wrote; counts once, later starts need it no more.",
    ),
]
State = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="Where the node keeps its key and certificate.")
]


def link(
    exports: Exports = Path("link.yaml"), enroll: Enroll = None, state: State = Path(".gateline-link")
) -> None:
    """Let a gateway elsewhere reach services of this network, over connections that go out from here.

    Nothing listens on this side. What the file exports can be reached through the gateway, and nothing else. End it
    with SIGTERM.
    """
    settings = LinkSettings(exports=exports, folder=state, token=enroll, environ=dict(os.environ))
    asyncio.run(serve(settings, lambda text: typer.echo(f"gateline link: {text}", err=True)))
