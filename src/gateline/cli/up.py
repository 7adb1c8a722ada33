"""`gateline up`: run a project and serve it until told to stop."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from gateline import __version__
from gateline.cli import console
from gateline.cli.notices import Narrator
from gateline.cli.parameters import AllowOption, OverlayOption, ProjectArgument, allowed_codes
from gateline.cli.render import visible
from gateline.cli.routes import print_routes
from gateline.cli.session import Stopper, run_session
from gateline.compile.resources import RouteRow
from gateline.model.gateway import SelfSigned
from gateline.runtime.ready import balancer_urls, domain_urls, stage_urls
from gateline.runtime.request_log import LogFormat
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from gateline.sources import find_project

MOST_ROUTES: Final = 40
EXAMPLES: Final = 3

PortOption = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, metavar="N", help="Listen here instead; 0 picks a free port."),
]
ReadyFileOption = Annotated[
    Path | None, typer.Option("--ready-file", metavar="FILE", help="Write this, as JSON, when all serves.")
]
StateOption = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="Keep keys, sockets and logs here instead of in .gateline."),
]
WatchOption = Annotated[bool, typer.Option("--watch/--no-watch", help="Take in edits while it runs.")]


def up(
    project: ProjectArgument = None,
    port: PortOption = None,
    ready_file: ReadyFileOption = None,
    watch: WatchOption = True,
    log_format: Annotated[
        LogFormat | None,
        typer.Option(
            "--log-format", help="How requests are shown; default: pretty on a terminal, else none."
        ),
    ] = None,
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    state: StateOption = None,
) -> None:
    """Run a project and serve it until told to stop.

    Edits are taken in while it runs; a bad one is reported, and the last good configuration serves on. Ctrl-C
    and SIGTERM let requests in flight finish.
    """
    shown = log_format or (LogFormat.PRETTY if sys.stdout.isatty() else LogFormat.NONE)
    # Whoever reads JSON lines on standard output wants nothing else there.
    out = console.complaints() if shown is LogFormat.JSON else console.answers()
    settings = Settings(
        project=find_project(project),
        environ=dict(os.environ),
        overlays=tuple(overlay or ()),
        allowed=allowed_codes(allow),
        state=state,
        port=port,
        watch=watch,
        ready_file=ready_file,
        log_format=shown,
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        write=_write_out,
    )

    narrator = Narrator(console.complaints(), _write_out if shown is LogFormat.JSON else None)

    async def work(stack: Stack, stopper: Stopper) -> int:
        if not stack.is_back:
            narrator.greet(out, partial(_greet, stack, out, settings))
        await stopper.stopping.wait()
        return 0

    run_session(settings, narrator, work)


def _write_out(text: str) -> None:
    console.write_out(sys.stdout, text)


def _greet(stack: Stack, out: Console, settings: Settings) -> None:
    """The banner: where, what, and lines to try."""
    gateway = stack.gateway
    out.print(f"Gateline {__version__} serves {visible(gateway.name)} at {stack.url}", soft_wrap=True)
    for url, mapping in domain_urls(gateway):
        out.print(f"  {visible(url)} is {visible(mapping.api)}/{visible(mapping.stage)}", soft_wrap=True)
    for name, listeners in balancer_urls(gateway).items():
        out.print(f"  balancer {visible(name)}: {', '.join(listeners.values())}", soft_wrap=True)
    rows = stack.routes
    if gateway.apis:
        out.print()
        print_routes(rows[:MOST_ROUTES], out)
    if len(rows) > MOST_ROUTES:
        out.print(f"... and {len(rows) - MOST_ROUTES} more: gateline routes")
    out.print()
    if services := [f"{visible(each.name)} ({each.desired_count})" for each in gateway.services]:
        out.print(
            f"  services, with their tasks: {', '.join(services)}; see gateline services list", soft_wrap=True
        )
        out.print()
    for line in _examples(rows, stage_urls(gateway), _trust(stack, settings)):
        out.print(f"  {line}", soft_wrap=True)
    out.print()


def _trust(stack: Stack, settings: Settings) -> list[str]:
    """What curl must be told to trust a certificate that we signed ourselves."""
    edge, folder = stack.gateway.edge, settings.state or settings.project.parent / ".gateline"
    if isinstance(edge.tls, SelfSigned):
        return ["--cacert", str(folder / "tls" / "self-signed.pem")]
    # Who names no domain is shown the certificate of the first one that has any; ours name this machine, too.
    shown = next((each.certificate for each in stack.gateway.domains if each.certificate), "")
    ours = {each.name for each in stack.gateway.certificates if isinstance(each.source, SelfSigned)}
    if edge.tls is None and shown in ours:
        # Only now: it brings a library that takes 35 ms and 3 MB, and few development gateways speak TLS.
        from gateline.runtime.certificate import kept_as  # noqa: PLC0415

        return ["--cacert", str(folder / "tls" / f"{kept_as(shown)}.pem")]
    return []


def _examples(rows: Iterable[RouteRow], urls: dict[str, dict[str, str]], options: list[str]) -> Iterator[str]:
    """Lines with curl for the first few routes, those that only read before the others."""
    ordered = sorted(rows, key=lambda row: row.method not in {"GET", "ANY"})
    for row in ordered[:EXAMPLES]:
        verb = [] if row.method in {"GET", "ANY"} else ["-X", row.method]
        path = "/".join("1" if segment.startswith("{") else segment for segment in row.path.split("/"))
        credentials = [word for name in row.credentials for word in ("-H", f"{name}: ...")]
        yield visible(shlex.join(["curl", *options, *credentials, *verb, urls[row.api][row.stage] + path]))
