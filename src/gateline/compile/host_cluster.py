"""The host's clusters: one by which the script asks, one by which requests for functions go.

Two, with bounds of their own: bodies that never end must not keep callers of authorizers waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile.cluster import CONNECT_TIMEOUT
from gateline.compile.wire import new, packed

MOST: Final = 4096
"""Connections and requests at once: a flood that the host cannot follow is refused here, and costs it nothing."""


def host_cluster(
    name: str, socket: str, *, most: int = MOST, filters: Sequence[dict[str, object]] = (), **fields: object
) -> Message:
    """A cluster of the host at a Unix socket.

    The host renames a function's response headers itself: its own Content-Length and the like are nobody's business.

    Args:
        name: of the cluster.
        socket: where the host listens.
        most: connections, and requests, at once.
        filters: what requests pass on their way, the codec last; none: nothing.
        fields: further ones of the cluster.

    """
    address = {"pipe": {"path": socket}}
    protocol = new(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": timedelta(seconds=60)},
        explicit_http_config={"http_protocol_options": {}},
        http_filters=filters,
    )
    return new(
        "envoy.config.cluster.v3.Cluster",
        name=name,
        type="STATIC",
        connect_timeout=CONNECT_TIMEOUT,
        load_assignment={
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        circuit_breakers={
            "thresholds": [
                {
                    "max_connections": {"value": most},
                    "max_pending_requests": {"value": most},
                    "max_requests": {"value": most},
                }
            ]
        },
        typed_extension_protocol_options={
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(protocol)
        },
        **fields,
    )
