"""The ready file: tells a script that everything serves, where, and as which processes (DESIGN section 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gateline.compile.edge_tls import speaks_tls
from gateline.compile.entry import listens_on_loopback
from gateline.errors import GatelineError
from gateline.model.domain import BasePathMapping
from gateline.model.gateway import Gateway
from gateline.model.rest_api import RestApi, Stage
from gateline.runtime.listening import reachable
from gateline.runtime.state_dir import write_private


def base_url(gateway: Gateway) -> str:
    """The gateway's own address, as this machine reaches it."""
    host = reachable(gateway.edge.address)
    return f"{_scheme(gateway)}://{f'[{host}]' if ':' in host else host}:{gateway.edge.port}"


def stage_urls(gateway: Gateway) -> dict[str, dict[str, str]]:
    """Where each stage of each API is reached from this machine.

    By address where that can be, because not every resolver knows that `*.localhost` is this machine (glibc's
    does not by itself).
    """
    return {
        api.name: {stage.name: _stage_url(gateway, api, stage) for stage in api.stages}
        for api in gateway.apis
    }


def domain_urls(gateway: Gateway) -> tuple[tuple[str, BasePathMapping], ...]:
    """Where custom domains are reached by those whose resolver knows them, and what their base paths lead to."""
    origin = {
        domain.name: f"{_scheme(gateway)}://{domain.name}:{gateway.edge.port}" for domain in gateway.domains
    }
    return tuple(
        (f"{origin[domain.name]}/{mapping.base_path}".removesuffix("/"), mapping)
        for domain in gateway.domains
        for mapping in domain.mappings
    )


def _scheme(gateway: Gateway) -> str:
    return "https" if speaks_tls(gateway) else "http"


def _stage_url(gateway: Gateway, api: RestApi, stage: Stage) -> str:
    base = base_url(gateway)
    if api.name == gateway.edge.default_api:
        return f"{base}/{stage.name}"
    if not api.execute_api_endpoint:
        for url, mapping in domain_urls(gateway):
            if (mapping.api, mapping.stage) == (api.name, stage.name) and "*" not in url:
                return url
    if listens_on_loopback(gateway.edge.address):
        return f"{base}/restapis/{api.name}/{stage.name}/_user_request_"
    return f"{_scheme(gateway)}://{api.name}.localhost:{gateway.edge.port}/{stage.name}"


def content(gateway: Gateway, pids: Mapping[str, int]) -> bytes:
    """What the ready file says."""
    told = {"url": base_url(gateway), "apis": stage_urls(gateway), "balancers": {}, "pids": dict(pids)}
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
