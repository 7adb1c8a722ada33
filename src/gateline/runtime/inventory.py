"""The inventory: everything of a running project that somebody could try to reach, for `gateline prove`.

    {"do": "inventory"}  -> {"ok": true, "project": ..., "listeners": [...], "services": [...], ...}

Names, addresses and paths only: of a secret header the name, and which secrets stand where in its value, never a value.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from gateline.compile.binding import bindable, bindings, link_bindings
from gateline.compile.resources import RouteRow
from gateline.compile.upstream_tls import named
from gateline.errors import GatelineError
from gateline.model.authorizer import AuthorizationType
from gateline.model.gateway import AdminAddress, Gateway
from gateline.model.integration import PLACEHOLDER, IntegrationKind, Location, holds_secret
from gateline.model.rest_api import Method, RestApi, SegmentKind
from gateline.model.target_group import Registration, TargetProtocol
from gateline.runtime.candidate import Serves
from gateline.runtime.exposure import PROC, exposed, private_paths
from gateline.runtime.listening import reachable
from gateline.runtime.ready import base_url, stage_urls
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir
from gateline.runtime.target_health import CLUSTERS, HasClusters, View, read_view
from gateline.runtime.ways_around import ways_around

STAND_IN: Final = "gateline-prove"
"""What stands for a path parameter in the path of a method."""


class HasTasks(Protocol):
    """Runs services: `gateline.runtime.cluster.Cluster` does."""

    def inventory(self) -> list[dict[str, Any]]:
        """Every task that somebody could reach, with its service."""


class Inventory:
    """The command about the inventory.

    Args:
        state: where the gateway's own sockets lie.
        serving: knows what serves.
        cluster: knows the tasks.
        admin: Envoy's, which knows who is well.
        discovered: tells the targets that others have named.
        settings: whether probes are answered.

    """

    def __init__(
        self,
        state: StateDir,
        serving: Serves,
        cluster: HasTasks,
        admin: HasClusters,
        settings: Settings,
        discovered: Callable[[], Iterable[Registration]] = tuple,
    ) -> None:
        self._state = state
        self._serving = serving
        self._cluster = cluster
        self._admin = admin
        self._settings = settings
        self._discovered = discovered

    async def __call__(self) -> dict[str, Any]:
        """All that there is.

        Raises:
            GatelineError: nothing is served yet.

        """
        served = self._serving.served
        if served is None or served.gateway is None:
            raise GatelineError("nothing is served yet")
        gateway = served.gateway
        routes = served.resources.routes if served.resources else ()
        tasks = [
            {**task, "uid": await asyncio.to_thread(_uid, task["pid"])} for task in self._cluster.inventory()
        ]
        users = frozenset({os.geteuid(), *(task["uid"] for task in tasks)})
        return {
            "project": gateway.name,
            "uid": os.geteuid(),
            "url": base_url(gateway),
            "hosts": hosts(gateway),
            "paths": gateway.edge.paths.value,
            "listeners": list(_listeners(gateway, probed=self._settings.health is not None)),
            "sockets": [
                {"name": name, "path": path}
                for name, path in own_sockets(self._state)
                if await asyncio.to_thread(os.path.lexists, path)
            ],
            "groups": {group.name: _group(gateway, group.name) for group in gateway.target_groups},
            "services": [service.name for service in gateway.services if service.desired_count],
            "tasks": tasks,
            "targets": await self._targets(gateway),
            "functions": [function.name for function in gateway.functions],
            "headers": secret_headers(gateway),
            "assertions": assertions(gateway),
            "links": _links(gateway),
            "tunnels": [tunnel.name for tunnel in gateway.tunnels],
            "nodes": [asdict(node) for node in served.keyring.link_nodes],
            "client_certificates": [each.name for each in gateway.client_certificates],
            "guarded": methods(gateway, guarded=True),
            "unguarded": methods(gateway, guarded=False),
            "backend_paths": backend_paths(gateway),
            "backend_names": backend_names(gateway, routes),
            "ways_around": list(ways_around(gateway, routes, STAND_IN)),
            "private": await asyncio.to_thread(
                lambda: list(private_paths(gateway, self._state, self._settings.environ))
            ),
            "exposed": await asyncio.to_thread(lambda: list(exposed(served.keyring, users)))
            if PROC.is_dir()
            else None,
        }

    async def _targets(self, gateway: Gateway) -> list[dict[str, Any]]:
        """Static and discovered targets, and what Envoy thinks of them; nothing, where nothing leads to a group."""
        try:
            view = read_view(await self._admin.clusters(CLUSTERS))
        except (OSError, ValueError):
            view = View()
        static = (
            Registration(group.name, target.host, target.port)
            for group in gateway.target_groups
            for target in group.targets
            if not target.tunnel
        )
        return [
            {
                "target_group": each.target_group,
                "host": each.address,
                "port": each.port,
                "healthy": view.healthy(each),
            }
            for each in dict.fromkeys((*static, *self._discovered()))
        ]


def _uid(pid: int) -> int | None:
    """The user that a process runs as; None where the system does not tell, or it is gone."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None


def own_sockets(state: StateDir) -> tuple[tuple[str, str], ...]:
    """The gateway's own Unix sockets by what they are for."""
    return (
        ("control", str(state.control_socket)),
        ("configuration (xDS)", str(state.xds_socket)),
        ("Envoy's admin", str(state.admin_socket)),
        ("host", str(state.host_socket)),
        ("host control", str(state.host_control_socket)),
        ("egress", str(state.egress_socket)),
        ("enrolment", str(state.enrolment_socket)),
    )


def hosts(gateway: Gateway) -> list[str]:
    """The Host names by which the gateway is reached; those with `*` stand for all of their kind."""
    apis = [api for api in gateway.apis if api.execute_api_endpoint]
    names = [name for api in apis for name in (f"{api.name}.localhost", f"{api.name}.execute-api.*")]
    ours = ["localhost", *gateway.edge.hosts] if gateway.edge.default_api else []
    return [*names, *ours, *(domain.name for domain in gateway.domains)]


def _listeners(gateway: Gateway, *, probed: bool) -> Iterator[dict[str, Any]]:
    edge = gateway.edge
    yield {
        "name": "gateway",
        "kind": "edge",
        "address": bindable(edge.address),
        "port": edge.port,
        "protocol": base_url(gateway).partition(":")[0].upper(),
    }
    for binding in bindings(gateway):
        yield {
            "name": binding.name,
            "kind": "balancer",
            "address": binding.address,
            "port": binding.port,
            "protocol": binding.protocol.value,
        }
    for binding in link_bindings(gateway):
        yield {
            "name": binding.name,
            "kind": "links",
            "address": binding.address,
            "port": binding.port,
            "protocol": "TLS",
        }
    if probed:
        admin = edge.admin or AdminAddress(origin=edge.origin)
        yield {
            "name": "probes",
            "kind": "probes",
            "address": bindable(admin.address),
            "port": admin.port,
            "protocol": "HTTP",
        }


def _links(gateway: Gateway) -> dict[str, Any] | None:
    """Where nodes of tunnels dial in, as this machine reaches it."""
    links = gateway.edge.links
    if links is None or not gateway.tunnels:
        return None
    return {"host": reachable(links.address), "port": links.port}


def _group(gateway: Gateway, name: str) -> dict[str, Any]:
    group = next(each for each in gateway.target_groups if each.name == name)
    check = group.health_check
    protocol = group.protocol
    if protocol is TargetProtocol.TCP and group.tls is not None:
        protocol = TargetProtocol.HTTPS  # of integrations, which lead there through a network balancer
    return {
        "protocol": protocol.value,
        "proxy_protocol_v2": group.proxy_protocol_v2,
        "health_protocol": check.protocol.value,
        "health_path": check.path,
        "health_port": check.port or 0,
    }


def secret_headers(gateway: Gateway) -> list[dict[str, Any]]:
    """The headers with a secret in them that stages inject: their name, and their value's parts by name."""
    found: dict[str, dict[str, Any]] = {}
    for api in gateway.apis:
        for method in api.methods:
            for mapping in method.integration.request_parameters:
                if mapping.location is not Location.HEADER or not holds_secret(mapping.source):
                    continue
                parts = [
                    {"text": part} if isinstance(part, str) else {"secret": part.name}
                    for part in mapping.source.parts
                ]
                found.setdefault(f"{mapping.name.lower()} {parts}", {"name": mapping.name, "parts": parts})
    return [found[key] for key in sorted(found)]


def assertions(gateway: Gateway) -> list[dict[str, str]]:
    """The stages that sign assertions: for whom, and in which header."""
    return [
        {
            "header": stage.assertion.header,
            "audience": stage.assertion.audience,
            "scope": f"{api.name}/{stage.name}",
            "binding": stage.assertion.binding.value,
        }
        for api in gateway.apis
        for stage in api.stages
        if stage.assertion is not None
    ]


def methods(gateway: Gateway, *, guarded: bool) -> list[dict[str, Any]]:
    """The methods that ask who calls, or those that don't, with a request that each of them can be reached by."""
    urls = stage_urls(gateway)
    return [
        {
            "api": api.name,
            "stage": stage.name,
            "method": method.http_method,
            "path": method.path.text,
            "guard": guard,
            "integration": method.integration.kind.value,
            "host": urlsplit(urls[api.name][stage.name]).netloc,
            "prefix": urlsplit(urls[api.name][stage.name]).path,
            "target": _target(method),
        }
        for api in gateway.apis
        for method in api.methods
        if bool(guard := _guard(api, method)) is guarded
        for stage in api.stages
    ]


def backend_paths(gateway: Gateway) -> list[str]:
    """The paths that integrations send to backends, with a stand-in for each parameter."""
    found = {
        PLACEHOLDER.sub(STAND_IN, urlsplit(method.integration.uri).path) or "/"
        for api in gateway.apis
        for method in api.methods
        if method.integration.kind in {IntegrationKind.HTTP, IntegrationKind.HTTP_PROXY}
    }
    return sorted(path for path in found if "$" not in path and "{" not in path)


def backend_names(gateway: Gateway, routes: Iterable[RouteRow]) -> list[str]:
    """The names by which the gateway asks for backends: hosts of uris in each stage, and those of certificates."""
    asked = {urlsplit(row.target).netloc for row in routes if row.target.startswith(("http://", "https://"))}
    certified = {named(group.tls.identity) for group in gateway.target_groups if group.tls is not None}
    return sorted(asked | certified - {""})


def _guard(api: RestApi, method: Method) -> str:
    """Who or what decides about callers of a method; "": nobody."""
    asked = method.authorization
    key = ["API key"] if asked.api_key_required else []
    who = [] if asked.type is AuthorizationType.NONE else [asked.authorizer or asked.type.value]
    policy = ["resource policy"] if api.policy else []
    return " and ".join(who + key) or (policy[0] if policy else "")


def _target(method: Method) -> str:
    segments: Iterable[str] = (
        segment.text if segment.kind is SegmentKind.STATIC else STAND_IN for segment in method.path.segments
    )
    return "/" + "/".join(segments)
