"""Settings: what a command asks of the housekeeper. Read once, then passed down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateline.runtime.health import Health
from gateline.runtime.request_log import LogFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a project is to be run.

    Attributes:
        project: the project file or bare OpenAPI document.
        environ: the environment that secrets and `${env:...}` are read from.
        overlays: files that are laid over the project file.
        allowed: names of diagnostics that may pass.
        state: the state directory, when not `.gateline` beside the project.
        port: overrides the project's port; 0 picks a free one.
        watch: whether edits are taken in while it runs.
        run_services: whether the commands of services are started.
        ready_file: written when everything serves.
        log_format: how requests are shown.
        colour: whether request lines may be coloured.
        write: takes the lines of the request log; may block.
        health: answers probes at the gateway's admin address; None: nobody does.

    """

    project: Path
    environ: Mapping[str, str]
    overlays: tuple[Path, ...] = ()
    allowed: frozenset[str] = frozenset()
    state: Path | None = None
    port: int | None = None
    watch: bool = True
    run_services: bool = True
    ready_file: Path | None = None
    log_format: LogFormat = LogFormat.NONE
    colour: bool = False
    write: Callable[[str], object] = print
    health: Health | None = None
