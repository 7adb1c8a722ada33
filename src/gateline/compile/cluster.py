"""Clusters: the hosts and VPC links that integrations lead to."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Final

from google.protobuf.message import Message

from gateline.compile.remap import remap_filter
from gateline.compile.upstream_tls import ADS, host_tls, tls_socket
from gateline.compile.wire import extension, new, packed

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
IDLE_TIMEOUT: Final = timedelta(seconds=4)
"""Shorter than the keep-alive of common servers (Node and uvicorn: 5 s), so that no request is written to a
connection that its backend is just closing."""

_UNBOUNDED: Final = 1_000_000
CONNECTION_LIFE: Final = timedelta(minutes=5)
"""How long a connection lives at most on which certificates say who is who: by then a revoked one is out.

Requests in flight end first.
"""


def cluster(name: str, *, tls_host: str = "", verified: bool = True, certificate: str = "") -> Message:
    """A cluster whose endpoints come over EDS; TLS to `tls_host` when that is not empty, with a client certificate."""
    tls = host_tls(tls_host, verified=verified, certificate=certificate) if tls_host else None
    bounded = tls is not None and tls.is_private
    fields = endpoints_over_ads(name, connect_timeout=CONNECT_TIMEOUT, renames=True, bounded=bounded)
    if tls:
        fields["transport_socket"] = tls_socket(tls)
    return new("envoy.config.cluster.v3.Cluster", **fields)


def endpoints_over_ads(
    name: str,
    *,
    connect_timeout: timedelta,
    renames: bool,
    retries: bool = False,
    connections: int = _UNBOUNDED,
    bounded: bool = False,
    http2: bool = False,
) -> dict[str, object]:
    """What all clusters of backends have in common.

    Args:
        name: the cluster.
        connect_timeout: for one host.
        renames: answers pass the remap filter.
        retries: routes ask another host when one cannot be reached (`rule_action.destination`).
        bounded: connections live for CONNECTION_LIFE at most.
        connections: as many at once, flows of datagrams counted with them.
        http2: that is what is spoken, instead of HTTP/1.1.

    """
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": ADS},
        "connect_timeout": connect_timeout,
        # Limits are the stage's business (throttling); Envoy's defaults would answer 503 at 1,024 requests.
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": {"value": connections},
                    "max_pending_requests": {"value": _UNBOUNDED},
                    "max_requests": {"value": _UNBOUNDED},
                    **({"max_retries": {"value": _UNBOUNDED}} if retries else {}),  # else 3 at a time
                }
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(
                _protocol(renames=renames, bounded=bounded, http2=http2)
            )
        },
    }


_ANSWER_HEADERS_KB: Final = 32
"""Of a target behind a balancer's own listener; more is 502 (load-balancers.md section 9)."""


@cache
def _protocol(*, renames: bool, bounded: bool, http2: bool) -> Message:
    return new(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={
            "idle_timeout": IDLE_TIMEOUT,
            **({"max_connection_duration": CONNECTION_LIFE} if bounded else {}),
            **({} if renames else {"max_response_headers_kb": {"value": _ANSWER_HEADERS_KB}}),
        },
        # API Gateway speaks HTTP/1.1 to every backend; what a balancer speaks, its target groups say.
        explicit_http_config={"http2_protocol_options" if http2 else "http_protocol_options": {}},
        http_filters=[remap_filter(), upstream_codec()] if renames else [upstream_codec()],
    )


def upstream_codec() -> dict[str, object]:
    """The last filter of every chain toward a backend."""
    return extension(
        "envoy.filters.http.upstream_codec",
        "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
    )
