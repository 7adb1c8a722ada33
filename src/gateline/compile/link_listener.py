"""The listener that links' nodes dial: who a node is its certificate says, and nothing else.

A tunnel is a filter chain, chosen by the server name. Its validation context comes over SDS and names the nodes that
may come in: so a node is taken in or shut out without a change of the listener.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.edge_tls import tls_inspector
from gateline.compile.link_node import node_name, tunnel_name
from gateline.compile.upstream_tls import ADS
from gateline.compile.wire import extension, new

_HANDSHAKE: Final = timedelta(seconds=15)
_PING: Final = timedelta(seconds=1)
_NOBODY: Final = "-"
"""No node has this name: a validation context without names would let in whoever the authority has certified."""


def link_listener(address: str, port: int, tunnels: Iterable[str]) -> Message:
    """The listener; `address` is an IP address."""
    return new(
        "envoy.config.listener.v3.Listener",
        name=names.LINKS,
        address={"socket_address": {"address": address, "port_value": port}},
        listener_filters=[tls_inspector()],
        listener_filters_timeout=_HANDSHAKE,
        filter_chains=[_tunnel(tunnel) for tunnel in tunnels],
    )


def link_validation(tunnel: str, nodes: Iterable[str], authority: bytes) -> Message:
    """The secret (SDS) that says whom a tunnel lets in: these nodes, certified by this authority (PEM)."""
    allowed = [node_name(node, tunnel) for node in nodes] or [node_name(_NOBODY, tunnel)]
    return new(
        "envoy.extensions.transport_sockets.tls.v3.Secret",
        name=names.link_validation(tunnel),
        validation_context={
            "trusted_ca": {"inline_bytes": authority},
            "match_typed_subject_alt_names": [
                {"san_type": "DNS", "matcher": {"exact": name}} for name in allowed
            ],
        },
    )


def acceptor() -> dict[str, object]:
    """The bootstrap extension that keeps the connections of nodes."""
    return extension(
        "envoy.bootstrap.reverse_tunnel.upstream_socket_interface",
        "envoy.extensions.bootstrap.reverse_tunnel.upstream_socket_interface.v3"
        ".UpstreamReverseConnectionSocketInterface",
        stat_prefix="links",
        enable_detailed_stats=True,
        # A connection that waits in vain for a pong is not kept: whoever took it next would hang.
        ping_failure_threshold={"value": 1},
    )


def internal_listeners() -> dict[str, object]:
    """The bootstrap extension that lets listeners be inside."""
    return extension(
        "envoy.bootstrap.internal_listener",
        "envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
    )


def _tunnel(tunnel: str) -> dict[str, object]:
    accepts = extension(
        "envoy.filters.network.reverse_tunnel",
        "envoy.extensions.filters.network.reverse_tunnel.v3.ReverseTunnel",
        ping_interval=_PING,
        # Without the first a node joins under another's name; without the second it joins another tunnel.
        validation={"node_id_format": "%DOWNSTREAM_PEER_DNS_SAN%", "cluster_id_format": tunnel},
    )
    return {
        "name": tunnel,
        "filter_chain_match": {"server_names": [tunnel_name(tunnel)]},
        "filters": [accepts],
        "transport_socket": _tls(names.link_validation(tunnel)),
        "transport_socket_connect_timeout": _HANDSHAKE,
    }


def _tls(validation: str) -> dict[str, object]:
    """TLS that asks for a certificate; who is let in, the secret `validation` says."""
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate={"value": True},
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [{"name": names.LINK_CERTIFICATE, "sds_config": ADS}],
            "validation_context_sds_secret_config": {"name": validation, "sds_config": ADS},
        },
        # Else a session that began with a certificate goes on without it being looked at again.
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
    )
