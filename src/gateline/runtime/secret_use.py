"""Who has a secret and who gets it: the services that are given it, the headers it is sent in, and the static targets.

Read from what serves: mappings hold the headers, routes say which target groups a method's requests may go to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from gateline.compile.resources import RouteRow
from gateline.compile.upstream import NoEndpoint, upstream, with_stage_variables
from gateline.model.gateway import Gateway
from gateline.model.integration import ConnectionType, LiteralSource, Location, holds_secret
from gateline.model.rest_api import Method, Stage
from gateline.model.secret import SecretRef
from gateline.model.service import Service
from gateline.model.target_group import TargetGroup, TargetProtocol


class Transport(StrEnum):
    """How a place is spoken to."""

    PLAIN = "plain"
    TLS = "tls"  # its certificate is not verified, as at Amazon
    VERIFIED = "verified"  # its certificate is


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somebody whom the gateway sends a secret. `label` names it for people."""

    label: str
    host: str = ""
    port: int = 0
    socket: str = ""  # the path of a Unix socket, instead of host and port
    transport: Transport = Transport.PLAIN
    proxy_protocol: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """A header with a secret in its value: `parts` as the definition has them."""

    name: str
    parts: tuple[str | SecretRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretUse:
    """Who must accept a secret. `timeout`: seconds that a request with it takes at most."""

    restarted: tuple[Service, ...] = ()  # have it in their environment
    filed: tuple[Service, ...] = ()  # have a file that is replaced while they run
    targets: tuple[Place, ...] = ()  # static targets, and other backends that are no tasks
    headers: tuple[Header, ...] = field(default=(), repr=False)
    timeout: float = 0.0

    @property
    def services(self) -> tuple[Service, ...]:
        """All services that are given it."""
        return (*self.restarted, *self.filed)


def secret_use(gateway: Gateway, routes: tuple[RouteRow, ...], name: str) -> SecretUse:
    """Who must accept a secret of what serves.

    Args:
        gateway: what serves.
        routes: its routes, which know the target groups that rules may choose.
        name: of the secret.

    """
    found = list(_methods(gateway, name))
    groups_of = {(row.api, row.stage, row.method, row.path): row.target_groups for row in routes}
    targets: dict[Place, None] = {}
    for api, stage, method, _ in found:
        groups = groups_of.get((api, stage.name, method.http_method, method.path.text), ())
        for place in _targets(gateway, stage, method, groups):
            targets.setdefault(place)
    restarted = [each for each in gateway.services if name in dict(each.secrets).values()]
    filed = [each for each in gateway.services if name in dict(each.secret_files).values()]
    return SecretUse(
        restarted=tuple(restarted),
        filed=tuple(each for each in filed if each not in restarted),
        targets=tuple(targets),
        headers=tuple({header: None for *_, headers in found for header in headers}),
        timeout=max(
            (method.integration.timeout.total_seconds() for *_, method, _ in found),
            default=0.0,
        ),
    )


def group_of(gateway: Gateway, service: Service) -> TargetGroup | None:
    """The target group that a service's tasks are in."""
    return next((each for each in gateway.target_groups if each.name == service.target_group), None)


def transport_of(group: TargetGroup | None) -> Transport:
    """How the tasks and targets of a group are spoken to."""
    encrypted = group is not None and group.protocol in {TargetProtocol.HTTPS, TargetProtocol.TLS}
    return Transport.TLS if encrypted else Transport.PLAIN


def _methods(gateway: Gateway, name: str) -> Iterator[tuple[str, Stage, Method, tuple[Header, ...]]]:
    """Every method that sends the secret, in every stage."""
    for api in gateway.apis:
        for method in api.methods:
            headers = tuple(
                Header(mapping.name, mapping.source.parts)
                for mapping in method.integration.request_parameters
                if mapping.location is Location.HEADER
                and holds_secret(mapping.source)
                and _names(mapping.source, name)
            )
            if headers:
                for stage in api.stages:
                    yield api.name, stage, method, headers


def _names(source: LiteralSource, name: str) -> bool:
    return any(isinstance(part, SecretRef) and part.name == name for part in source.parts)


def _targets(gateway: Gateway, stage: Stage, method: Method, groups: tuple[str, ...]) -> Iterator[Place]:
    if groups:
        for group in gateway.target_groups:
            if group.name in groups:
                yield from _of_group(group)
        return
    integration = method.integration
    try:
        to = upstream(integration.uri, stage)
    except NoEndpoint:  # such a method answers by itself
        return
    transport = Transport.PLAIN
    if to.scheme == "https":
        transport = Transport.TLS if integration.insecure_skip_verification else Transport.VERIFIED
    if integration.connection_type is not ConnectionType.VPC_LINK:
        label = f"{to.scheme}://{to.authority}"
        yield Place(label=label, host=to.host, port=to.port, transport=transport)
        return
    name = with_stage_variables(integration.connection_id, stage)
    for link in gateway.vpc_links:
        if link.name == name:
            for host, port in link.targets:
                label = f"target {host}:{port} of VPC link {name}"
                yield Place(label=label, host=host, port=port, transport=transport)


def _of_group(group: TargetGroup) -> Iterator[Place]:
    for target in group.targets:
        yield Place(
            label=f"target {target.host}:{target.port} of target group {group.name}",
            host=target.host,
            port=target.port,
            transport=transport_of(group),
            proxy_protocol=group.proxy_protocol_v2,
        )
