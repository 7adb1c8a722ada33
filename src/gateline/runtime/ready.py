"""The ready file: tells a script that everything serves, where, and as which processes (DESIGN section 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from gateline.compile.binding import bindable
from gateline.compile.edge_tls import speaks_tls
from gateline.compile.entry import listens_on_loopback
from gateline.errors import GatelineError
from gateline.model.domain import BasePathMapping
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Listener, Scheme
from gateline.model.rest_api import RestApi, Stage
from gateline.runtime.listening import reachable
from gateline.runtime.processes import Processes
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


def balancer_urls(gateway: Gateway) -> dict[str, dict[str, str]]:
    """Where the listeners of balancers of the internet are reached from this machine, by balancer and port."""
    return {
        balancer.name: {str(listener.port): _listener_url(listener) for listener in balancer.listeners}
        for balancer in gateway.load_balancers
        if balancer.scheme is Scheme.INTERNET_FACING
    }


def _listener_url(listener: Listener) -> str:
    host = reachable(bindable(listener.address))
    return f"{listener.protocol.lower()}://{f'[{host}]' if ':' in host else host}:{listener.bind_port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What runs: processes by name, tasks by `service/task`, and the services that have no healthy task."""

    pids: Mapping[str, int]
    tasks: Mapping[str, int] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """As the ready file and the control socket tell it."""
        tasks = {"tasks": dict(self.tasks)} if self.tasks else {}
        degraded = {"degraded": list(self.degraded)} if self.degraded else {}
        return {"pids": {**self.pids, **tasks}, **degraded}


def content(gateway: Gateway, running: Running) -> bytes:
    """What the ready file says."""
    told = {
        "url": base_url(gateway),
        "apis": stage_urls(gateway),
        "balancers": balancer_urls(gateway),
        **running.told(),
    }
    return json.dumps(told, indent=2).encode() + b"\n"


def write(path: Path, gateway: Gateway, running: Running) -> None:
    """Put the ready file in place, whole, for this user only; one that says the same is left alone.

    It may lie in a folder that is watched: a reload must not look like another edit.

    Raises:
        GatelineError: it cannot be written.

    """
    told = content(gateway, running)
    with suppress(OSError):
        if path.read_bytes() == told:
            return
    try:
        write_private(path, told)
    except OSError as error:
        raise _unwritable(path, error) from error


def withdraw(path: Path, processes: Processes, opened: AsyncExitStack) -> None:
    """Have no ready file before all serves, nor after it has ended. It stays while all goes on without us.

    Raises:
        GatelineError: it is there and cannot be removed.

    """

    def remove_at_end(
        kind: type[BaseException] | None,  # noqa: ARG001
        error: BaseException | None,
        trace: TracebackType | None,  # noqa: ARG001
    ) -> None:
        if not processes.outlives(error):
            remove(path)

    if not processes.has_served:
        remove(path)
    processes.remove_at_end(str(path.absolute()))
    opened.push(remove_at_end)


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
