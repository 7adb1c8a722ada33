"""`gateline run -- CMD`: run a project for as long as a command runs, and answer what it answers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from gateline.cli import console
from gateline.cli.notices import Narrator
from gateline.cli.parameters import AllowOption, OverlayOption, allowed_codes
from gateline.cli.session import Stopper, run_session
from gateline.cli.up import PortOption, StateOption, WatchOption
from gateline.model.gateway import Gateway
from gateline.processes.isolation import attached
from gateline.runtime.ready import base_url, stage_urls
from gateline.runtime.secret import without_secrets
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from gateline.sources import find_project


def run(
    command: Annotated[
        list[str], typer.Argument(metavar="[--] CMD", show_default=False, help="The command.")
    ],
    project: Annotated[
        Path | None,
        typer.Option(
            "--project",
            metavar="DIR|FILE",
            help="A project's folder or file, or an OpenAPI document; default: the nearest gateline.yaml.",
        ),
    ] = None,
    port: PortOption = None,
    watch: WatchOption = True,
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    state: StateOption = None,
) -> None:
    """Run a project for as long as a command runs.

    CMD finds the gateway's address in GATELINE_URL, and each stage's in GATELINE_URL_<API>_<STAGE>. Its exit
    code is the answer; the variables that secrets are read from are taken out of its environment.
    """
    settings = Settings(
        project=find_project(project),
        environ=dict(os.environ),
        overlays=tuple(overlay or ()),
        allowed=allowed_codes(allow),
        state=state,
        port=port,
        watch=watch,
    )

    async def work(stack: Stack, stopper: Stopper) -> int:
        return await _run_command(command, command_environment(stack.gateway, os.environ), stopper)

    run_session(settings, Narrator(console.complaints()), work, broken_off=lambda number: 128 + number)


def command_environment(gateway: Gateway, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the command: ours without the secrets, with the addresses."""
    urls = {
        f"GATELINE_URL_{_variable(api)}_{_variable(stage)}": url
        for api, stages in stage_urls(gateway).items()
        for stage, url in stages.items()
    }
    return {**without_secrets(environ, gateway.secrets), **urls, "GATELINE_URL": base_url(gateway)}


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


async def _run_command(command: list[str], environment: dict[str, str], stopper: Stopper) -> int:
    arguments, given = attached(command, environment)
    try:
        process = await asyncio.create_subprocess_exec(*arguments, env=given)
    except OSError as error:
        typer.echo(f"gateline: cannot run {command[0]}: {error.strerror}", err=True)
        return 127 if isinstance(error, FileNotFoundError) else 126  # as shells say it

    def forward(number: signal.Signals) -> None:
        if number == signal.SIGINT and _has_terminal():
            return  # the terminal has told it already
        with suppress(ProcessLookupError):
            process.send_signal(number)

    stopper.forward = forward
    if stopper.heard:
        forward(stopper.heard)
    try:
        status = await process.wait()
    finally:
        stopper.forward = None
    return status if status >= 0 else 128 - status


def _has_terminal() -> bool:
    """Whether a terminal sends its Ctrl-C to our process group, and so to the command."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
