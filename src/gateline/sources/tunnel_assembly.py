"""From the project file's tunnels to the model's, and whether all that leads to them fits."""

from __future__ import annotations

import ipaddress
from typing import Final

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.origin import Origin
from gateline.model.target_group import TargetGroup, TargetProtocol
from gateline.model.tunnel import LinkListener, Tunnel
from gateline.sources.project import ProjectFile, settings
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node
from gateline.sources.workbench import Workbench

_OF_DATAGRAMS: Final = frozenset({TargetProtocol.UDP, TargetProtocol.TCP_UDP})


def tunnels(bench: Workbench, project: ProjectFile) -> tuple[Tunnel, ...]:
    """The tunnels that the project file declares."""
    return tuple(Tunnel(name=name, origin=bench.origin(("tunnels", name))) for name in project.tunnels)


def link_listener(bench: Workbench, project: ProjectFile) -> LinkListener | None:
    """Where their nodes dial in; None: nowhere."""
    part = settings(project).links
    if part is None:
        return None
    return LinkListener(
        address=part.address,
        port=part.port,
        advertised=part.advertise or "",
        origin=bench.origin(("gateway", "links")),
    )


def check_tunnels(gateway: Gateway, tree: Node, complaints: Complaints) -> None:
    """Tunnels have a listener that nodes can reach, and what leads to tunnels leads to those that there are."""
    links = gateway.edge.links
    if gateway.tunnels and links is None:
        complaints.add(
            codes.TUNNELS_WITHOUT_LISTENER,
            gateway.tunnels[0].origin,
            "there are tunnels, but no place where their nodes could dial in",
            help="say where: gateway.links: {address: ..., port: ...}",
        )
    if links is not None and not links.advertised and ipaddress.ip_address(links.address).is_unspecified:
        complaints.add(
            codes.LINKS_NOT_ADVERTISED,
            links.origin,
            f"nodes cannot dial {links.address}, and nothing says by which name they reach this machine",
            help=f"add gateway.links.advertise: HOST:{links.port}",
        )
    for link in gateway.vpc_links:
        if link.tunnel:
            _check_declared(tree, link.tunnel, tree.at(("vpc_links", link.name, "target")).origin, complaints)
    for group in gateway.target_groups:
        _check_group(tree, group, complaints)
    tunnelled = {group.name for group in gateway.target_groups if any(each.tunnel for each in group.targets)}
    for service in gateway.services:
        if service.target_group in tunnelled:
            complaints.add(
                codes.TUNNEL_TARGETS_MIXED,
                service.origin,
                f"the tasks of '{service.name}' register with '{service.target_group}', whose targets are in a tunnel",
                help="give the service a target group of its own; a listener may forward to both",
            )


def _check_group(tree: Node, group: TargetGroup, complaints: Complaints) -> None:
    tunnelled = [target for target in group.targets if target.tunnel]
    for target in tunnelled:
        _check_declared(tree, target.tunnel, target.origin, complaints)
    if not tunnelled:
        return
    if len(tunnelled) < len(group.targets):
        complaints.add(
            codes.TUNNEL_TARGETS_MIXED,
            group.origin,
            f"some targets of '{group.name}' are in a tunnel and some are not",
            help="give each kind a target group of its own; a listener may forward to both",
        )
    if group.discover is not None:
        complaints.add(
            codes.TUNNEL_TARGETS_MIXED,
            group.discover.origin,
            f"the targets of '{group.name}' are in a tunnel, and those that are discovered are not",
            help="give each kind a target group of its own; a listener may forward to both",
        )
    if group.protocol in _OF_DATAGRAMS:
        complaints.add(
            codes.TUNNEL_TARGETS_MIXED,
            group.origin,
            f"the targets of '{group.name}' are in a tunnel, and through a tunnel go no datagrams",
            help="a tunnel carries connections: write protocol: TCP",
        )
    if group.proxy_protocol_v2:
        complaints.add(
            codes.TUNNEL_TARGETS_MIXED,
            group.origin,
            f"the targets of '{group.name}' are in a tunnel, and through a tunnel goes no PROXY protocol",
            help="leave proxy_protocol_v2 out",
        )


def _check_declared(tree: Node, name: str, origin: Origin, complaints: Complaints) -> None:
    declared = tree.names("tunnels")
    if name not in declared:
        complaints.add(
            codes.TUNNEL_NOT_DECLARED,
            origin,
            f"the tunnel '{name}' is not declared",
            help=did_you_mean(name, declared) or f"declare it: tunnels: {{{name}: {{}}}}",
        )


def used_tunnels(gateway: Gateway) -> set[str]:
    """The tunnels that VPC links and target groups lead to."""
    linked = {link.tunnel for link in gateway.vpc_links}
    return linked | {target.tunnel for group in gateway.target_groups for target in group.targets}
