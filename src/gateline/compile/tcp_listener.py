"""Listeners of network balancers: they hand connections on to targets (load-balancers.md section 13).

A TLS listener ends TLS first, except for the server names that it passes through: those connections are handed on
as they came, and whoever is at their end does TLS with the client. The target sees Gateline's address as the
connection's peer: client addresses are not preserved.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.binding import Binding
from gateline.compile.client_address import from_trusted, listener_filters
from gateline.compile.edge_tls import downstream_tls, tls_inspector
from gateline.compile.wire import extension, new
from gateline.model.load_balancer import Forward, Listener, ListenerProtocol

_HANDSHAKE: Final = timedelta(seconds=15)
"""How long a client may take to begin TLS, and how long for the handshake itself."""

_ATTEMPTS: Final = 3
"""So many targets are tried for a connection: one that was killed is in its group until that was noticed."""

_BUFFER_BYTES: Final = 65536
_Chain = dict[str, object]


def tcp_listener(binding: Binding, listener: Listener, cluster_of: Callable[[str], str]) -> Message:
    """A TCP or TLS listener. A connection for which there is no target is closed at once.

    Args:
        binding: its name, and the socket that it listens at.
        listener: its protocol, certificates and target groups; each connection goes to one of them, by weights.
        cluster_of: the cluster of a target group.

    """
    peers = from_trusted(listener.client_address)
    chains = [
        _chain(binding.name, forward, listener, cluster_of)
        | {"filter_chain_match": {**peers, "server_names": list(server_names)}}
        for server_names, forward in listener.passthrough
    ]
    if listener.rules:  # else whoever asks for another server name is closed
        forward = listener.rules[-1].action
        assert isinstance(forward, Forward)  # the front end takes no other action at a network balancer
        chain = _chain(binding.name, forward, listener, cluster_of) | _ending_tls(listener)
        chains.append(chain | ({"filter_chain_match": peers} if peers else {}))
    first = listener_filters(listener.client_address)
    return new(
        "envoy.config.listener.v3.Listener",
        name=binding.name,
        address={"socket_address": {"address": binding.address, "port_value": binding.port}},
        per_connection_buffer_limit_bytes={"value": _BUFFER_BYTES},
        listener_filters=[*first, tls_inspector()] if listener.passthrough else first,
        listener_filters_timeout=_HANDSHAKE if listener.passthrough or first else None,
        filter_chains=chains,
    )


def _ending_tls(listener: Listener) -> _Chain:
    if listener.protocol is not ListenerProtocol.TLS:
        return {}
    return {
        "transport_socket": downstream_tls(
            [names.certificate(each) for each in listener.certificates],
            alpn=listener.tls.alpn,
            policy=listener.tls.policy,
        ),
        "transport_socket_connect_timeout": _HANDSHAKE,
    }


def _chain(name: str, forward: Forward, listener: Listener, cluster_of: Callable[[str], str]) -> _Chain:
    return {"filters": [_handing_on(name, forward, listener.attributes.tcp_idle_timeout, cluster_of)]}


def _handing_on(
    name: str, forward: Forward, idle_timeout: timedelta, cluster_of: Callable[[str], str]
) -> dict[str, object]:
    shares = [
        {"name": cluster_of(group.name), "weight": group.weight}
        for group in forward.target_groups
        if group.weight
    ]
    if not shares:  # says nothing, and closes
        return extension(
            "envoy.filters.network.direct_response",
            "envoy.extensions.filters.network.direct_response.v3.Config",
        )
    lead: dict[str, object] = {"weighted_clusters": {"clusters": shares}}
    if len(shares) == 1:
        lead = {"cluster": shares[0]["name"]}
    return extension(
        "envoy.filters.network.tcp_proxy",
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=name,
        idle_timeout=idle_timeout,
        max_connect_attempts={"value": _ATTEMPTS},
        hash_policy=[{"source_ip": {}}],  # of target groups that are sticky; others do not look at it
        **lead,
    )
