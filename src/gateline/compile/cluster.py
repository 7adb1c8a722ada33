"""Clusters: the hosts and VPC links that integrations lead to."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.remap import remap_filter
from gateline.compile.wire import extension, new, packed
from gateline.model.address import parse_ip

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
IDLE_TIMEOUT: Final = timedelta(seconds=4)
"""Shorter than the keep-alive of common servers (Node and uvicorn: 5 s), so that no request is written to a
connection that its backend is just closing."""

_UNBOUNDED: Final = 1_000_000
ADS: Final = {"ads": {}, "resource_api_version": "V3"}


def cluster(name: str, *, tls_host: str = "", verified: bool = True) -> Message:
    """A cluster whose endpoints come over EDS; TLS to `tls_host` when that is not empty."""
    fields = endpoints_over_ads(name, connect_timeout=CONNECT_TIMEOUT, renames=True)
    if tls_host:
        fields["transport_socket"] = tls(tls_host, verified=verified)
    return new("envoy.config.cluster.v3.Cluster", **fields)


def endpoints_over_ads(
    name: str,
    *,
    connect_timeout: timedelta,
    renames: bool,
    retries: bool = False,
    connections: int = _UNBOUNDED,
) -> dict[str, object]:
    """What all clusters of backends have in common.

    Args:
        name: the cluster.
        connect_timeout: for one host.
        renames: answers pass the remap filter.
        retries: routes ask another host when one cannot be reached (`rule_action.destination`).
        connections: as many at once, flows of datagrams counted with them.

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
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(_protocol(renames=renames))
        },
    }


@cache
def _protocol(*, renames: bool) -> Message:
    codec = extension(
        "envoy.filters.http.upstream_codec",
        "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
    )
    return new(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": IDLE_TIMEOUT},
        explicit_http_config={"http_protocol_options": {}},  # API Gateway speaks HTTP/1.1 to every backend
        http_filters=[remap_filter(), codec] if renames else [codec],
    )


def tls(host: str, *, verified: bool) -> dict[str, object]:
    """The transport socket to a host, whose certificate must name it when it is verified.

    No host: no name is asked for, and nothing can be verified.
    """
    is_ip = parse_ip(host) is not None
    common: dict[str, object] = {}
    if verified:
        san = {"san_type": "IP_ADDRESS" if is_ip else "DNS", "matcher": {"exact": host}}
        common["combined_validation_context"] = {
            "default_validation_context": {"match_typed_subject_alt_names": [san]},
            "validation_context_sds_secret_config": {"name": names.TRUST, "sds_config": ADS},
        }
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni="" if is_ip else host,
        common_tls_context=common,
    )
