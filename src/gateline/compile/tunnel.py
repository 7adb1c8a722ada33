"""Tunnels at the gateway: how bytes get to an export of a private network (docs/decisions/0022-links.md).

A target in a tunnel is an endpoint inside this Envoy, which carries its export's name. From there the way is:

1. the tunnel's internal listener: it asks with CONNECT for the export by name (`tcp_proxy`), whatever is spoken
   inside;
2. a second one, which hands CONNECT on to the tunnel's nodes in turn, and where one does not let it through to
   another. Until one has, no byte of the client is on its way, so nothing is sent twice;
3. the node's own, which leads to the connections that this node has opened.

Each node has a listener and a cluster of its own: who is revoked loses both, and Envoy closes what is open through the
listener when that has drained. A `tcp_proxy` cannot lead to the last cluster itself, whose load balancer wants the
headers of a request; and one cluster for all nodes could exclude none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.wire import extension, new, packed, struct
from gateline.model.tunnel import EnrolledNode

EXPORT: Final = "gateline.export"
"""The endpoint metadata that says which export it is, in the field `name`."""

_CONNECT_TIMEOUT: Final = timedelta(seconds=2)
_OTHERS: Final = 7
"""So many more nodes are asked when one does not let a connection through, or does not export what is asked for."""

_CHOICES: Final = 16
"""So often another node is looked for, before one is asked again."""

_NOT_EXPORTED: Final = 404
_AT_ONCE: Final = timedelta(milliseconds=1)

_KEEPALIVE: Final = {
    "interval": timedelta(seconds=1),
    "timeout": timedelta(seconds=1),
    "connection_idle_interval": timedelta(seconds=1),
}
"""A connection is given up when a node has not answered for these: two seconds at most after it hung."""

_CLEANUP: Final = timedelta(seconds=5)
_UNBOUNDED: Final = 1_000_000
_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_CONNECT: Final = "CONNECT"


def export_endpoint(
    tunnel: str, export: str, metadata: Mapping[str, Message] = MappingProxyType({})
) -> dict[str, object]:
    """The endpoint (`lb_endpoints[]`) of an export in a cluster that is `through_tunnel`.

    Args:
        tunnel: its tunnel.
        export: its name there, `HOST:PORT`.
        metadata: what else the endpoint carries.

    """
    return {
        "endpoint": {
            "address": {
                "envoy_internal_address": {
                    "server_listener_name": names.tunnel(tunnel),
                    "endpoint_id": export,
                }
            },
            # Envoy asks from its main thread, which cannot reach listeners inside.
            "health_check_config": {"disable_active_health_check": True},
        },
        "metadata": {"filter_metadata": {**metadata, EXPORT: struct({"name": export})}},
    }


def through_tunnel(cluster: Message) -> Message:
    """The cluster, its endpoints being exports: what is spoken to them stays what it is."""
    made: Any = new("envoy.config.cluster.v3.Cluster")  # whose fields the type checker does not know
    made.CopyFrom(cluster)
    del made.transport_socket_matches[:]  # for health checks, which exports do not get
    spoken = made.transport_socket if made.HasField("transport_socket") else None
    made.transport_socket.CopyFrom(export_transport(spoken))
    through: Message = made
    return through


def export_transport(spoken: Message | None = None) -> Message:
    """The transport socket that tells the internal listener which export is meant; `spoken`: the one inside."""
    plain = extension(
        "envoy.transport_sockets.raw_buffer",
        "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
    )
    return new(
        "envoy.config.core.v3.TransportSocket",
        **extension(
            "envoy.transport_sockets.internal_upstream",
            "envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
            passthrough_metadata=[{"kind": {"host": {}}, "name": EXPORT}],
            transport_socket=spoken or plain,
        ),
    )


def tunnel_clusters(tunnel: str, nodes: Sequence[EnrolledNode]) -> dict[str, Message]:
    """The clusters of a tunnel with these nodes, by name."""
    connect, all_nodes = names.tunnel_connect(tunnel), names.tunnel_nodes(tunnel)
    return {
        connect: _inside(connect, [connect]),
        all_nodes: _inside(all_nodes, [names.tunnel_node(tunnel, node.node) for node in nodes]),
        **{names.tunnel_node(tunnel, node.node): _node(node) for node in nodes},
    }


def tunnel_listeners(tunnel: str, nodes: Sequence[EnrolledNode]) -> dict[str, Message]:
    """The internal listeners of a tunnel with these nodes, by name."""
    inside = {names.tunnel_node(tunnel, node.node): _leading_to(node) for node in nodes}
    own = {names.tunnel(tunnel): _asking(tunnel), names.tunnel_connect(tunnel): _handing_on(tunnel)}
    return {
        name: new(
            "envoy.config.listener.v3.Listener",
            name=name,
            internal_listener={},
            filter_chains=[{"filters": [filter_]}],
        )
        for name, filter_ in (own | inside).items()
    }


def _asking(tunnel: str) -> dict[str, object]:
    return extension(
        "envoy.filters.network.tcp_proxy",
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=names.tunnel(tunnel),
        cluster=names.tunnel_connect(tunnel),
        idle_timeout=timedelta(),  # the client's listener has one
        tunneling_config={"hostname": f"%DYNAMIC_METADATA({EXPORT}:name)%"},
    )


def _handing_on(tunnel: str) -> dict[str, object]:
    elsewhere = extension(
        "envoy.retry_host_predicates.previous_hosts",
        "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    )
    retry = {
        "retry_on": "5xx,reset,connect-failure,refused-stream,retriable-status-codes",
        "retriable_status_codes": [_NOT_EXPORTED],
        "num_retries": {"value": _OTHERS},
        "retry_back_off": {"base_interval": _AT_ONCE, "max_interval": _AT_ONCE},
        "retry_host_predicate": [elsewhere],
        "host_selection_retry_max_attempts": _CHOICES,
    }
    return _connecting(names.tunnel_connect(tunnel), names.tunnel_nodes(tunnel), retry)


def _leading_to(node: EnrolledNode) -> dict[str, object]:
    name = names.tunnel_node(node.tunnel, node.node)
    return _connecting(name, name, None)


def _connecting(name: str, cluster: str, retry: dict[str, object] | None) -> dict[str, object]:
    """The manager of connections `name`, which hands CONNECT on to a cluster."""
    route = {
        "match": {"connect_matcher": {}},
        "route": {
            "cluster": cluster,
            "timeout": timedelta(),
            "retry_policy": retry,
            "upgrade_configs": [{"upgrade_type": _CONNECT}],
        },
    }
    return extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        codec_type="HTTP2",
        http2_protocol_options={"allow_connect": True},
        stream_idle_timeout=timedelta(),
        generate_request_id={"value": False},
        http_filters=[
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
        ],
        route_config={
            "name": name,
            "virtual_hosts": [{"name": "exports", "domains": ["*"], "routes": [route]}],
        },
    )


def _node(node: EnrolledNode) -> Message:
    """The connections that a node has opened. The host id is a literal, the node's: no request chooses it."""
    return new(
        "envoy.config.cluster.v3.Cluster",
        name=names.tunnel_node(node.tunnel, node.node),
        lb_policy="CLUSTER_PROVIDED",
        connect_timeout=_CONNECT_TIMEOUT,
        cluster_type=extension(
            "envoy.clusters.reverse_connection",
            "envoy.extensions.clusters.reverse_connection.v3.ReverseConnectionClusterConfig",
            cleanup_interval=_CLEANUP,
            host_id_format=node.dns_name,
        ),
        circuit_breakers=_without_bounds(),
        typed_extension_protocol_options=_http2({"allow_connect": True, "connection_keepalive": _KEEPALIVE}),
    )


def _inside(name: str, listeners: Sequence[str]) -> Message:
    """A cluster whose hosts are these internal listeners."""
    addresses = [{"envoy_internal_address": {"server_listener_name": each}} for each in listeners]
    return new(
        "envoy.config.cluster.v3.Cluster",
        name=name,
        type="STATIC",
        connect_timeout=_CONNECT_TIMEOUT,
        circuit_breakers=_without_bounds(),
        typed_extension_protocol_options=_http2({"allow_connect": True}),
        load_assignment={
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": each}} for each in addresses]}],
        },
    )


def _http2(options: dict[str, object]) -> dict[str, Message]:
    return {_OPTIONS: packed(new(_OPTIONS, explicit_http_config={"http2_protocol_options": options}))}


def _without_bounds() -> dict[str, object]:
    """Limits are the stage's and the balancer's business."""
    bounds = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"thresholds": [{bound: {"value": _UNBOUNDED} for bound in bounds}]}
