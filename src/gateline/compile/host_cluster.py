"""The host's clusters: one by which the script asks, one by which requests for functions go.

Two, with bounds of their own: bodies that never end must not keep callers of authorizers waiting.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile.cluster import CONNECT_TIMEOUT
from gateline.compile.wire import new, packed

_MOST_CONNECTIONS: Final = 4096
_MOST_REQUESTS: Final = 4096
"""A flood that the host cannot follow is refused here, at once, and costs it nothing."""


def host_cluster(name: str, socket: str) -> Message:
    """A cluster of the host at a Unix socket.

    The host renames a function's response headers itself: its own Content-Length and the like are nobody's business.
    """
    address = {"pipe": {"path": socket}}
    protocol = new(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": timedelta(seconds=60)},
        explicit_http_config={"http_protocol_options": {}},
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
                    "max_connections": {"value": _MOST_CONNECTIONS},
                    "max_pending_requests": {"value": _MOST_REQUESTS},
                    "max_requests": {"value": _MOST_REQUESTS},
                }
            ]
        },
        typed_extension_protocol_options={
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(protocol)
        },
    )
