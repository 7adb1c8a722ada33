"""Every name of an Envoy resource is minted here: stable, readable, reversible, logged as it is."""

from __future__ import annotations

from typing import Final

LISTENER: Final = "edge"
EGRESS: Final = "egress"
EGRESS_SCOPE: Final = " egress "
"""What the names of scopes at the egress hold, and no others: no API and no stage has a space in its name."""
EDGE_CERTIFICATE: Final = "edge/certificate"
TRUST: Final = "trust/system"
BUILT_IN_TRUST: Final = "trust/gateline"
KEEPER: Final = "keeper"
LINKS: Final = "links"
LINK_CERTIFICATE: Final = "links/certificate"
LINK_ENROLMENT: Final = "links/enrolment"
BEHIND_API: Final = (
    " behind api"  # in the names of clusters behind application balancers and integrations, and no others
)


def scope(api: str, stage: str) -> str:
    """The scoped route configuration of a stage: `orders/prod`."""
    return f"{api}/{stage}"


def route(api: str, stage: str, http_method: str, path: str) -> str:
    """The route of a method: `orders/prod GET /orders/{id}`."""
    return f"{api}/{stage} {http_method} {path}"


def egress_scope(api: str, stage: str, revision: str) -> str:
    """The scoped route configuration of what the host sends to backends for a stage: `orders/prod egress 2fd4e1c6`.

    Each revision of what the host knows of the stage has its own, so that no request of one takes a route of another.
    """
    return f"{api}/{stage}{EGRESS_SCOPE}{revision}"


def host_cluster(scheme: str, host: str, port: int, *, verified: bool) -> str:
    """The cluster of an integration's own host: `http://orders.internal:80`, `https://10.0.0.9:443 unverified`."""
    name = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    return name if verified or scheme == "http" else f"{name} unverified"


def link_cluster(link: str, scheme: str, host: str, *, verified: bool) -> str:
    """The cluster of a VPC link; TLS checks the uri's host, so each host has one: `link/inner https://orders`."""
    name = f"link/{link} {scheme}"
    if scheme == "https":
        name += f"://{host}"
    return name if verified or scheme == "http" else f"{name} unverified"


def link_export(link: str, scheme: str, host: str, port: int, *, verified: bool) -> str:
    """The cluster of an export of a tunnel, which a VPC link leads to: `link/inner http://orders:80`."""
    return f"link/{link} {host_cluster(scheme, host, port, verified=verified)}"


def target_group(name: str) -> str:
    """The cluster of a target group, as balancers of the internet use it: `targets/orders`."""
    return f"targets/{name}"


def in_zone(cluster: str, zone: str) -> str:
    """That cluster of a target group without the targets of other availability zones: `targets/orders zone a`."""
    return f"{cluster} zone {zone}"


def target_group_behind_api(name: str) -> str:
    """The cluster of a target group behind integrations, whose answers are renamed: `targets/orders behind api`."""
    return f"targets/{name}{BEHIND_API}"


def target_group_through_network(name: str, scheme: str, host: str, *, verified: bool) -> str:
    """The cluster of a target group that integrations reach through a network balancer, TLS being their own.

    `targets/orders through network http`, `targets/orders through network https://orders.internal unverified`.
    """
    name = f"targets/{name} through network {scheme}"
    if scheme == "https":
        name += f"://{host}"
    return name if verified or scheme == "http" else f"{name} unverified"


def shown(cluster: str, certificate: str) -> str:
    """The cluster of that name when the gateway shows a client certificate there: `https://a:443 as mine`."""
    return f"{cluster} as {certificate}" if certificate else cluster


def listener_trust(balancer: str, port: int) -> str:
    """The certificate authorities that vouch for clients of a listener: `trust/listeners/public:443`."""
    return f"trust/listeners/{balancer}:{port}"


def target_trust(target_group: str) -> str:
    """The certificate authorities of a target group's own file: `trust/targets/orders`."""
    return f"trust/targets/{target_group}"


def client_certificate(name: str) -> str:
    """A client certificate of the project file: `client/mine`."""
    return f"client/{name}"


def balancer_listener(balancer: str, port: int) -> str:
    """A listener of a balancer of the internet, and its route configuration: `balancer/public:80`."""
    return f"balancer/{balancer}:{port}"


def behind_network(balancer: str, port: int) -> str:
    """A listener of an application balancer as network balancers reach it: `balancer/inner:80 behind network`."""
    return f"balancer/{balancer}:{port} behind network"


def datagram_listener(balancer: str, port: int) -> str:
    """The listener of a balancer of the internet that takes datagrams: `balancer/public:53 udp`."""
    return f"balancer/{balancer}:{port} udp"


def certificate(name: str) -> str:
    """A certificate of the Keyring: `certificate/api.example.com`."""
    return f"certificate/{name}"


def secret(name: str) -> str:
    """A named secret of the project file: `secret/ApiGatewayPassthroughHeader`."""
    return f"secret/{name}"


def tunnel(name: str) -> str:
    """The internal listener of a tunnel, at which all its exports are asked for: `tunnel/plant`."""
    return f"tunnel/{name}"


def tunnel_nodes(name: str) -> str:
    """The cluster of a tunnel whose hosts are its nodes: `tunnel/plant nodes`."""
    return f"tunnel/{name} nodes"


def tunnel_node(name: str, node: str) -> str:
    """The internal listener of a node, and the cluster of the connections that it has opened: `tunnel/plant/n1`."""
    return f"tunnel/{name}/{node}"


def tunnel_connect(name: str) -> str:
    """The internal listener that leads to nodes in turn, and the cluster that leads to it: `tunnel/plant connect`."""
    return f"tunnel/{name} connect"


def link_validation(tunnel_name: str) -> str:
    """The secret that says whom a tunnel lets in: `links/plant nodes`."""
    return f"links/{tunnel_name} nodes"
