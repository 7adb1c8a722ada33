"""Clients behind proxies: what a listener reads their addresses from, and whom it believes.

Trusted and other peers meet filter chains of their own, chosen by the connection's address before a byte of HTTP is
read. Only the chain of trusted ones looks into X-Forwarded-For, so nothing that others send there is ever judged.

Three addresses: the *peer* of the socket; the *hop*, whom the PROXY header has told, else the peer; the *client*, found
in X-Forwarded-For when the hop is trusted, else the hop.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Final

from gateline.compile.rule_match import PEER_STATE
from gateline.compile.wire import extension
from gateline.model.client_address import ClientAddress

_HOP_STATE: Final = "gl.hop"
"""Filter state of a connection with a PROXY header: the hop, as it is appended to X-Forwarded-For."""

_CLIENT: Final = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
"""At a connection the hop; at a request the client."""

Chain = dict[str, object]


def listener_filters(address: ClientAddress) -> list[dict[str, object]]:
    """What reads a connection's first bytes; it must stand before all others. No header: the connection is closed."""
    if not address.proxy_protocol:
        return []
    return [
        extension(
            "envoy.filters.listener.proxy_protocol",
            "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
        )
    ]


def from_trusted(address: ClientAddress) -> dict[str, object]:
    """What a filter chain matches so that only trusted peers speak PROXY to it; {} when all may."""
    if not (address.proxy_protocol and address.trusted_proxies):
        return {}
    return {"direct_source_prefix_ranges": _ranges(address.trusted_proxies)}


def filter_chains(address: ClientAddress, chain: Callable[[bool], Chain]) -> list[Chain]:
    """The chains of a listener that speaks HTTP; `chain(True)` is one that believes X-Forwarded-For."""
    peers = from_trusted(address)
    others = chain(False) | ({"filter_chain_match": peers} if peers else {})
    if not address.trusted_proxies:
        return [others]
    hops = peers | {"source_prefix_ranges": _ranges(address.trusted_proxies)}
    return [chain(True) | {"filter_chain_match": hops}, others]


def connection_filters(
    address: ClientAddress, *, judged: bool, believes: bool, with_port: bool = False
) -> list[dict[str, object]]:
    """Network filters that keep the hop.

    Args:
        address: what the listener believes.
        judged: rules judge the client's address.
        believes: the client is told by each request; `request_filters` keeps it.
        with_port: the hop is appended to X-Forwarded-For with its port.

    """
    kept = []
    if judged and not believes:
        kept.append(_kept(PEER_STATE, "envoy.network.ip", _CLIENT))
    if address.proxy_protocol:
        hop = "%DOWNSTREAM_REMOTE_ADDRESS%" if with_port else _CLIENT
        kept.append(_kept(_HOP_STATE, "envoy.string", hop))
    if not kept:
        return []
    return [
        extension(
            "gateline.peer",
            "envoy.extensions.filters.network.set_filter_state.v3.Config",
            on_new_connection=kept,
        )
    ]


def request_filters(*, believes: bool) -> list[dict[str, object]]:
    """HTTP filters, before all others, by which rules judge the client of each request and not the proxy."""
    if not believes:
        return []
    return [
        extension(
            "gateline.client",
            "envoy.extensions.filters.http.set_filter_state.v3.Config",
            on_request_headers=[_kept(PEER_STATE, "envoy.network.ip", _CLIENT)],
            clear_route_cache=True,
        )
    ]


def detection(address: ClientAddress, *, believes: bool, trusted_hops: int = 0) -> dict[str, object]:
    """Fields of the HttpConnectionManager that say who the client is."""
    if not believes:
        return {"use_remote_address": {"value": True}, "xff_num_trusted_hops": trusted_hops}
    trusted = extension(
        "envoy.http.original_ip_detection.xff",
        "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig",
        xff_trusted_cidrs={"cidrs": _ranges(address.trusted_proxies)},
        skip_xff_append={"value": True},
    )
    return {"use_remote_address": {"value": False}, "original_ip_detection_extensions": [trusted]}


def appended(address: ClientAddress, *, with_port: bool = False) -> str:
    """What a route appends to X-Forwarded-For: the hop."""
    if address.proxy_protocol:
        return f"%FILTER_STATE({_HOP_STATE}:PLAIN)%"
    return f"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS{'' if with_port else '_WITHOUT_PORT'}%"


def _kept(key: str, factory: str, value: str) -> dict[str, object]:
    return {
        "object_key": key,
        "factory_key": factory,
        "format_string": {"text_format_source": {"inline_string": value}},
    }


def _ranges(networks: Iterable[str]) -> list[dict[str, object]]:
    listed = map(ipaddress.ip_network, networks)
    return [
        {"address_prefix": str(each.network_address), "prefix_len": {"value": each.prefixlen}}
        for each in listed
    ]
