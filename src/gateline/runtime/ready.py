"""The ready file: tells a script that everything serves, where, and as which processes (DESIGN section 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gateline.compile.entry import listens_on_loopback
from gateline.errors import GatelineError
from gateline.model.gateway import Edge, Gateway
from gateline.model.rest_api import RestApi, Stage
from gateline.runtime.listening import reachable
from gateline.runtime.state_dir import write_private


def base_url(edge: Edge) -> str:
    """The gateway's own address, as this machine reaches it."""
    scheme = "https" if edge.tls else "http"
    host = reachable(edge.address)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{edge.port}"


def stage_urls(gateway: Gateway) -> dict[str, dict[str, str]]:
    """Where each stage of each API is reached from this machine.

    By address where that can be, because not every resolver knows that `*.localhost` is this machine (glibc's
    does not by itself).
    """
    return {
        api.name: {stage.name: _stage_url(gateway, api, stage) for stage in api.stages}
        for api in gateway.apis
    }


def _stage_url(gateway: Gateway, api: RestApi, stage: Stage) -> str:
    base = base_url(gateway.edge)
    if api.name == gateway.edge.default_api:
        return f"{base}/{stage.name}"
    if listens_on_loopback(gateway.edge.address):
        return f"{base}/restapis/{api.name}/{stage.name}/_user_request_"
    scheme = base.partition("://")[0]
    return f"{scheme}://{api.name}.localhost:{gateway.edge.port}/{stage.name}"


def content(gateway: Gateway, pids: Mapping[str, int]) -> bytes:
    """What the ready file says."""
    told = {"url": base_url(gateway.edge), "apis": stage_urls(gateway), "balancers": {}, "pids": dict(pids)}
    return json.dumps(told, indent=2).encode() + b"\n"


def write(path: Path, gateway: Gateway, pids: Mapping[str, int]) -> None:
    """Put the ready file in place, whole, for this user only; one that says the same is left alone.

    It may lie in a folder that is watched: a reload must not look like another edit.

    Raises:
        GatelineError: it cannot be written.

    """
    told = content(gateway, pids)
    with suppress(OSError):
        if path.read_bytes() == told:
            return
    try:
        write_private(path, told)
    except OSError as error:
        raise _unwritable(path, error) from error


def remove(path: Path) -> None:
    """Take the ready file away: nothing is ready.

    Raises:
        GatelineError: it is there and cannot be removed.

    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> GatelineError:
    return GatelineError(f"the ready file {path} cannot be written: {error.strerror}")
