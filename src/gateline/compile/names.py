"""Every name of an Envoy resource is minted here: stable, readable, reversible, logged as it is."""

from __future__ import annotations

from typing import Final

LISTENER: Final = "edge"
EDGE_CERTIFICATE: Final = "edge/certificate"
TRUST: Final = "trust/system"
KEEPER: Final = "keeper"
FUNCTIONS: Final = "host functions"


def scope(api: str, stage: str) -> str:
    """The scoped route configuration of a stage: `orders/prod`."""
    return f"{api}/{stage}"


def route(api: str, stage: str, http_method: str, path: str) -> str:
    """The route of a method: `orders/prod GET /orders/{id}`."""
    return f"{api}/{stage} {http_method} {path}"


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


def secret(name: str) -> str:
    """A named secret of the project file: `secret/ApiGatewayPassthroughHeader`."""
    return f"secret/{name}"
