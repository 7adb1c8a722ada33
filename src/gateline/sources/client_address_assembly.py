"""Whom listeners believe about the addresses of clients."""

from __future__ import annotations

from gateline.model import codes
from gateline.model.client_address import ClientAddress
from gateline.sources.project import GatewayPart
from gateline.sources.project_balancer import ListenerPart, LoadBalancerPart
from gateline.sources.tree import Pointer
from gateline.sources.workbench import Workbench


def of_gateway(part: GatewayPart) -> ClientAddress:
    """Of the gateway's own listener; that proxies are counted or named was judged with the part."""
    return ClientAddress(proxy_protocol=part.proxy_protocol, trusted_proxies=part.trusted_proxies)


def of_listener(
    bench: Workbench, here: Pointer, balancer: LoadBalancerPart, part: ListenerPart
) -> ClientAddress:
    """Of a balancer's listener; complains where nothing of it can be."""
    said = ""
    key = "proxy_protocol" if part.proxy_protocol else "trusted_proxies"
    if balancer.scheme == "internal":
        said = "an internal balancer opens no socket: write it at the gateway"
    elif part.protocol in {"UDP", "TCP_UDP"}:
        said = "datagrams have no connection that could begin with a PROXY header"
    elif balancer.type == "network" and not part.proxy_protocol:
        said = "nobody reads headers at a network balancer: proxies tell addresses by proxy_protocol only"
    if said and (part.proxy_protocol or part.trusted_proxies):
        bench.complain(codes.CLIENT_ADDRESS_INVALID, (*here, key), f"{key} cannot hold here: {said}")
        return ClientAddress()
    return ClientAddress(proxy_protocol=part.proxy_protocol, trusted_proxies=part.trusted_proxies)
