"""Who has a secret and who gets it: the services that are given it, the headers it is sent in, and the static targets.

Read from what serves: mappings hold the headers, routes say which target groups a method's requests may go to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from gateline.compile.resources import RouteRow
from gateline.compile.upstream import NoEndpoint, upstream, with_stage_variables
from gateline.model.codes import ROTATION_NOT_SEEN
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.integration import ConnectionType, LiteralSource, Location, holds_secret
from gateline.model.rest_api import Method, Stage
from gateline.model.secret import Acceptance, SecretRef, SecretSource
from gateline.model.service import Service
from gateline.model.target_group import TargetGroup, TargetProtocol

ASKING: Final = frozenset({Acceptance.GUARD, Acceptance.PROBE})
"""The ways of acceptance in which somebody is asked."""


class Transport(StrEnum):
    """How a place is spoken to."""

    PLAIN = "plain"
    TLS = "tls"  # its certificate is not verified, as at Amazon
    VERIFIED = "verified"  # its certificate is


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somebody whom the gateway sends a secret. `label` names it for people.

    `authority` says who may vouch for it (`TargetTls.authority`; "": whom the machine trusts), `identity` what its
    certificate must name ("": the host), `client_certificate` the name of the one that it is shown. With a `tunnel`
    nobody reaches it but through that one.
    """

    label: str
    host: str = ""
    port: int = 0
    socket: str = ""  # the path of a Unix socket, instead of host and port
    transport: Transport = Transport.PLAIN
    proxy_protocol: bool = False
    authority: str = ""
    identity: str = ""
    client_certificate: str = ""
    tunnel: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A header with a secret in its value: `parts` as the definition has them."""

    name: str
    parts: tuple[str | SecretRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretUse:
    """Who must accept a secret. `timeout`: seconds that a request with it takes at most.

    `clients`: target groups, and the client certificate that stages show to the targets of each.
    """

    restarted: tuple[Service, ...] = ()  # have it in their environment
    filed: tuple[Service, ...] = ()  # have a file that is replaced while they run
    targets: tuple[Place, ...] = ()  # static targets, and other backends that are no tasks
    headers: tuple[Header, ...] = field(default=(), repr=False)
    timeout: float = 0.0
    clients: tuple[tuple[str, str], ...] = ()
    discovering: tuple[
        str, ...
    ] = ()  # target groups among whose targets are some that nobody has written down

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
    clients: dict[str, str] = {}
    for api, stage, method, _ in found:
        groups = groups_of.get((api, stage.name, method.http_method, method.path.text), ())
        clients |= dict.fromkeys(groups, stage.client_certificate)
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
        clients=tuple(clients.items()),
        discovering=tuple(
            group.name
            for group in gateway.target_groups
            if group.name in clients and group.discover is not None
        ),
    )


def acceptance(source: SecretSource, use: SecretUse) -> Acceptance:
    """How it is seen who accepts a secret: as the project file says; else guards are asked, if it is sent at all."""
    return source.rotation.accepted_by or (Acceptance.GUARD if use.headers else Acceptance.RESTART)


def obstacle(source: SecretSource, use: SecretUse) -> str:
    """Why nobody could see who accepts another value of a secret; "" when that can be seen."""
    asked = source.rotation.accepted_by
    if use.discovering:
        return (
            f"target group {use.discovering[0]} discovers its targets, which get secret {source.name}, and who comes "
            "meanwhile is asked by nobody whether he accepts another value"
        )
    if use.targets and asked not in ASKING:
        return (
            f"{use.targets[0].label} gets secret {source.name}, and nobody could see whether it accepts another value: "
            "say `accepted_by: guard` or `probe: {path: ...}` for the secret"
        )
    for target in use.targets:
        if target.tunnel:
            return (
                f"{target.label} gets secret {source.name}, and can be asked by nobody: it is reached through its "
                "tunnel only"
            )
    if asked in ASKING and use.services and not use.headers:
        return (
            f"no integration sends secret {source.name} in a header, so nobody can be asked whether he accepts another "
            "value: say `accepted_by: restart` for the secret"
        )
    return ""


def check_rotations(gateway: Gateway, routes: tuple[RouteRow, ...], complaints: Complaints) -> None:
    """Complain about secrets that are to be rotated by the clock, and could not be."""
    for source in gateway.secrets:
        if source.rotation.every is not None and (
            why := obstacle(source, secret_use(gateway, routes, source.name))
        ):
            complaints.add(ROTATION_NOT_SEEN, source.origin.child("rotate_every_seconds"), why)


def group_of(gateway: Gateway, service: Service) -> TargetGroup | None:
    """The target group that a service's tasks are in."""
    return next((each for each in gateway.target_groups if each.name == service.target_group), None)


def place_in(group: TargetGroup | None, place: Place, client_certificate: str) -> Place:
    """A task or target as its group says that it is spoken to.

    Args:
        group: its target group.
        place: where it listens.
        client_certificate: the one that the stage shows; "": the group's.

    """
    if group is None or not (group.tls or group.protocol in {TargetProtocol.HTTPS, TargetProtocol.TLS}):
        return replace(place, proxy_protocol=group is not None and group.proxy_protocol_v2)
    tls = group.tls
    return replace(
        place,
        proxy_protocol=group.proxy_protocol_v2,
        transport=Transport.VERIFIED if tls and tls.authority else Transport.TLS,
        authority=tls.authority if tls else "",
        identity=tls.identity if tls else "",
        client_certificate=client_certificate or (tls.client_certificate if tls else ""),
    )


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
                yield from _of_group(group, stage.client_certificate)
        return
    integration = method.integration
    try:
        to = upstream(integration.uri, stage)
    except NoEndpoint:  # such a method answers by itself
        return
    found = Place(
        label=f"{to.scheme}://{to.authority}",
        host=to.host,
        port=to.port,
        identity=to.host,
        client_certificate=stage.client_certificate,
    )
    if to.scheme == "https":
        verified = not integration.insecure_skip_verification
        found = replace(found, transport=Transport.VERIFIED if verified else Transport.TLS)
    if integration.connection_type is not ConnectionType.VPC_LINK:
        yield found
        return
    name = with_stage_variables(integration.connection_id, stage)
    for link in gateway.vpc_links:
        if link.name == name and link.tunnel:
            yield replace(found, label=f"{to.host}:{to.port} behind tunnel {link.tunnel}", tunnel=link.tunnel)
        elif link.name == name:
            for host, port in link.targets:
                yield replace(found, label=f"target {host}:{port} of VPC link {name}", host=host, port=port)


def _of_group(group: TargetGroup, client_certificate: str) -> Iterator[Place]:
    for target in group.targets:
        label = f"target {target.host}:{target.port} of target group {group.name}"
        place = Place(label=label, host=target.host, port=target.port, tunnel=target.tunnel)
        yield place_in(group, place, client_certificate)
