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
from gateline.compile.upstream_tls import ADS
from gateline.compile.wire import extension, new
from gateline.model.tunnel import ENROLMENT_NAME, EnrolledNode, tunnel_name

_HANDSHAKE: Final = timedelta(seconds=15)
_CONNECT_TIMEOUT: Final = timedelta(seconds=2)
_ASKING_AT_ONCE: Final = 256
"""More than control takes, which sends the oldest away that says nothing: Envoy would send away the newest."""

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
        filter_chains=[*(_tunnel(tunnel) for tunnel in tunnels), _enrolment()],
    )


def link_validation(tunnel: str, nodes: Iterable[EnrolledNode], authority: bytes) -> Message:
    """The secret (SDS) that says whom a tunnel lets in: these nodes, certified by this authority (PEM)."""
    allowed = [node.dns_name for node in nodes] or [f"{_NOBODY}.{tunnel_name(tunnel)}"]
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
        # A connection that waits in vain for pongs is not kept: whoever took it next would hang. With one pong missed
        # good connections were closed all the time (440 in a minute), with two none.
        ping_failure_threshold={"value": 2},
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


def _enrolment() -> dict[str, object]:
    """Where nodes ask for certificates. Who asks is known by what it says: control listens to it."""
    hands_on = extension(
        "envoy.filters.network.tcp_proxy",
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=names.LINK_ENROLMENT,
        cluster=names.LINK_ENROLMENT,
        idle_timeout=_HANDSHAKE,
    )
    return {
        "name": "enrolment",
        "filter_chain_match": {"server_names": [ENROLMENT_NAME]},
        "filters": [hands_on],
        "transport_socket": _tls(None),
        "transport_socket_connect_timeout": _HANDSHAKE,
    }


def enrolment_cluster(socket: str) -> Message:
    """The cluster of control's own socket, at which it listens to those who ask for certificates."""
    return new(
        "envoy.config.cluster.v3.Cluster",
        name=names.LINK_ENROLMENT,
        type="STATIC",
        connect_timeout=_CONNECT_TIMEOUT,
        circuit_breakers={"thresholds": [{"max_connections": {"value": _ASKING_AT_ONCE}}]},
        load_assignment={
            "cluster_name": names.LINK_ENROLMENT,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": socket}}}}]}],
        },
    )


def _tls(validation: str | None) -> dict[str, object]:
    """TLS that asks for a certificate; who is let in, the secret `validation` says. None: no certificate is wanted."""
    wanted: dict[str, object] = {}
    if validation is not None:
        wanted["validation_context_sds_secret_config"] = {"name": validation, "sds_config": ADS}
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate={"value": validation is not None},
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [{"name": names.LINK_CERTIFICATE, "sds_config": ADS}],
            **wanted,
        },
        # Else a session that began with a certificate goes on without it being looked at again.
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
    )
