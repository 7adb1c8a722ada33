"""Listeners of network balancers: they hand connections on to targets (load-balancers.md section 13).

The target sees Gateline's address as the connection's peer: client addresses are not preserved.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile.wire import extension, new
from gateline.model.load_balancer import Forward

IDLE_TIMEOUT: Final = timedelta(seconds=350)
_ATTEMPTS: Final = 3
"""So many targets are tried for a connection: one that was killed is in its group until that was noticed."""

_BUFFER_BYTES: Final = 65536


def tcp_listener(
    name: str, address: str, port: int, forward: Forward, cluster_of: Callable[[str], str]
) -> Message:
    """A TCP listener. A connection for which there is no target is closed at once.

    Args:
        name: `names.balancer_listener`.
        address: the IP address at which it listens.
        port: the port that is really opened.
        forward: the target groups; each connection goes to one of them, by their weights.
        cluster_of: the cluster of a target group.

    """
    return new(
        "envoy.config.listener.v3.Listener",
        name=name,
        address={"socket_address": {"address": address, "port_value": port}},
        per_connection_buffer_limit_bytes={"value": _BUFFER_BYTES},
        filter_chains=[{"filters": [_handing_on(name, forward, cluster_of)]}],
    )


def _handing_on(name: str, forward: Forward, cluster_of: Callable[[str], str]) -> dict[str, object]:
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
        idle_timeout=IDLE_TIMEOUT,
        max_connect_attempts={"value": _ATTEMPTS},
        **lead,
    )
