"""`gateline serve`: a project in production, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from gateline import __version__
from gateline.cli import faults
from gateline.cli.notice_lines import LineTeller, as_line
from gateline.cli.parameters import AllowOption, OverlayOption, ProjectArgument, allowed_codes
from gateline.cli.session import Stopper, run_session
from gateline.cli.up import PortOption, ReadyFileOption, StateOption
from gateline.runtime.health import Health
from gateline.runtime.notice import EnvoyBack, EnvoyCrashed, Notice
from gateline.runtime.request_log import LogFormat
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from gateline.sources import find_project


class RequestLines(StrEnum):
    """Whether each request is a line."""

    JSON = "json"
    NONE = "none"


def serve(
    project: ProjectArgument = None,
    port: PortOption = None,
    ready_file: ReadyFileOption = None,
    services: Annotated[
        bool, typer.Option("--services", help="Start the commands of the project's services, too.")
    ] = False,
    log_format: Annotated[
        RequestLines, typer.Option("--log-format", help="Whether each request is a line.")
    ] = RequestLines.JSON,
    overlay: OverlayOption = None,
    allow: AllowOption = None,
    state: StateOption = None,
) -> None:
    """Serve a project in production, until it is told to stop.

    As `up`, but edits are not taken in, the commands of services are not started, and all that is told is JSON
    lines on standard output. /livez and /readyz answer at `gateway.admin`. SIGTERM makes it unready; it serves
    on for the delay of `gateway.drain`, then requests in flight have its timeout. A second one ends it at once.
    """
    allowed = allowed_codes(allow)
    health = Health()
    lines = HealthTeller(health, _write)
    try:
        settings = Settings(
            project=find_project(project),
            environ=dict(os.environ),
            overlays=tuple(overlay or ()),
            allowed=allowed,
            state=state,
            port=port,
            watch=False,
            ready_file=ready_file,
            log_format=LogFormat(log_format.value),
            write=_write,
            health=health,
            run_services=services,
        )

        async def work(stack: Stack, stopper: Stopper) -> int:
            if not services:
                lines.tell_idle_services(stack)
            lines.tell_serving(stack)
            await stopper.stopping.wait()
            await _leave(stack, stopper, lines)
            return 0

        run_session(settings, lines, work)
    except typer.Exit:
        raise
    except Exception as error:  # noqa: BLE001 - whoever reads the lines learns of this one, too
        fault = faults.told(error)
        _write(as_line(datetime.now(UTC), event="failed", level="error", message=fault.message))
        raise typer.Exit(fault.exit_code) from None


class HealthTeller(LineTeller):
    """Tells each notice as lines of JSON, and probes what follows from it."""

    def __init__(self, health: Health, write: Callable[[str], object]) -> None:
        super().__init__(write)
        self.health = health

    def __call__(self, notice: Notice) -> None:
        """Tell it."""
        match notice:
            case EnvoyCrashed():
                self.health.unready("Envoy is started again")
            case EnvoyBack():
                self.health.ready()
            case _:
                pass
        super().__call__(notice)

    def tell_idle_services(self, stack: Stack) -> None:
        """Services whose commands are not started, though nothing else is a target of their groups."""
        gateway = stack.gateway
        empty = {
            group.name for group in gateway.target_groups if not group.targets and group.discover is None
        }
        if names := sorted(each.name for each in gateway.services if each.target_group in empty):
            self.tell(
                "services_not_started",
                f"not started, so what leads to them is answered with 503: {', '.join(names)}; --services starts them",
                level="warning",
                services=names,
            )

    def tell_serving(self, stack: Stack) -> None:
        """From now on requests are served."""
        self.health.ready()
        self.tell(
            "serving",
            f"Gateline {__version__} serves {stack.gateway.name} at {stack.url}",
            version=__version__,
            url=stack.url,
            admin=self.health.url,
            routes=len(stack.routes),
        )


async def _leave(stack: Stack, stopper: Stopper, lines: HealthTeller) -> None:
    """Serve on while whoever stands in front learns from /readyz that requests should go elsewhere."""
    lines.health.stopping()
    drain = stack.gateway.edge.drain
    delay, timeout = drain.delay.total_seconds(), drain.timeout.total_seconds()
    message = f"not ready any more: serves on for {delay:g} s, then requests in flight have {timeout:g} s"
    lines.tell("stopping", message, delay_seconds=delay, timeout_seconds=timeout)
    if delay:
        await stack.send_clients_elsewhere()
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await stopper.hurrying.wait()


_writing = threading.Lock()


def _write(text: str) -> None:
    """Put whole lines on standard output, from whichever thread; nothing is left in a buffer for the end."""
    waiting = memoryview(text.encode("ascii"))
    with _writing:
        while waiting:
            waiting = waiting[os.write(sys.stdout.fileno(), waiting) :]
