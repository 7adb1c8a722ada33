"""The two ends of a reverse tunnel as raw bootstraps: a gateway that nodes dial, and a node on the private side.

Certificates come by SDS from files. One cluster of the gateway is one export of one tunnel.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TYPES: Final = "type.googleapis.com/envoy.extensions."
EXPORT: Final = "x-gateline-export"
CONNECTIONS: Final = 4
"""How many connections each worker of a node opens: twice the workers of the gateway."""

Json = dict[str, Any]


def typed(name: str, message: str, **fields: Any) -> Json:
    """An extension by name, its message, and the fields of that."""
    return {"name": name, "typed_config": {"@type": TYPES + message, **fields}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a gateway listens."""

    front: int
    tcp: int
    links: int


def gateway_bootstrap(folder: Path, ports: Ports, tunnels: tuple[str, ...]) -> Json:
    """A gateway with these tunnels, each asked for `web` and `other`; the port `tcp` is `db` of the first."""
    clusters = [_tunnel_cluster(tunnel) for tunnel in tunnels]
    clusters += [_export_cluster(tunnel, export) for tunnel in tunnels for export in ("web", "other", "db")]
    listeners = [
        _listener("front", ports.front, [_manager(_front_routes(tunnels), codec_type="AUTO")]),
        _listener("tcp", ports.tcp, [_tcp(f"{tunnels[0]}/db")]),
        _links(folder, ports.links, tunnels),
        *(_internal(tunnel) for tunnel in tunnels),
    ]
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "bootstrap_extensions": [
            typed(
                "envoy.bootstrap.reverse_tunnel.upstream_socket_interface",
                "bootstrap.reverse_tunnel.upstream_socket_interface.v3.UpstreamReverseConnectionSocketInterface",
                stat_prefix="links",
                enable_detailed_stats=True,
            ),
            typed("envoy.bootstrap.internal_listener", "bootstrap.internal_listener.v3.InternalListener"),
        ],
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }


def node_bootstrap(
    folder: Path, node: str, tunnel: str, links: int, backend: int, *, certificate: str = ""
) -> Json:
    """A node of a tunnel: it listens on nothing, and exports `web` by HTTP and `db` by TCP.

    `certificate` is whose certificate it shows: its own if that is not said.
    """
    return {
        "node": {"id": node, "cluster": tunnel},
        "bootstrap_extensions": [
            typed(
                "envoy.bootstrap.reverse_tunnel.downstream_socket_interface",
                "bootstrap.reverse_tunnel.downstream_socket_interface.v3"
                ".DownstreamReverseConnectionSocketInterface",
                stat_prefix="link",
                max_reconnect_backoff="1s",
                maintain_interval="0.5s",
            )
        ],
        "static_resources": {
            "listeners": [_dialler(node, tunnel)],
            "clusters": [
                _gateway_cluster(folder, certificate or node, tunnel, links),
                _static("application", backend),
            ],
        },
    }


def _dialler(node: str, tunnel: str) -> Json:
    address = f"rc://{node}:{tunnel}:gateline@gateway:{CONNECTIONS}"
    routes: list[Json] = [
        {
            "match": {"connect_matcher": {}, "headers": [_is(EXPORT, "db")]},
            "route": {
                "cluster": "application",
                "timeout": "0s",
                "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
            },
        },
        {
            "match": {"prefix": "/", "headers": [_is(EXPORT, "web")]},
            "route": {
                "cluster": "application",
                "timeout": "0s",
                "upgrade_configs": [{"upgrade_type": "websocket"}],
            },
        },
        {"match": {"prefix": "/"}, "direct_response": {"status": 404}},
    ]
    manager = _manager(
        routes,
        codec_type="HTTP2",
        http2_protocol_options={"allow_connect": True},
        response_headers_to_add=[{"header": {"key": "x-node", "value": node}}],
        request_headers_to_remove=[EXPORT],
    )
    return {
        "name": "link",
        "listener_filters_timeout": "0s",
        "address": {
            "socket_address": {
                "address": address,
                "port_value": 0,
                "resolver_name": "envoy.resolvers.reverse_connection",
            }
        },
        "filter_chains": [{"filters": [manager]}],
    }


def _gateway_cluster(folder: Path, certificate: str, tunnel: str, links: int) -> Json:
    own = _secret(folder, certificate)
    context = {
        "sni": f"{tunnel}.link.gateline",
        "common_tls_context": {
            "tls_certificate_sds_secret_configs": [own],
            "combined_validation_context": {
                "default_validation_context": {
                    "match_typed_subject_alt_names": [
                        {"san_type": "DNS", "matcher": {"exact": "link.gateline"}}
                    ]
                },
                "validation_context_sds_secret_config": _secret(folder, "ca"),
            },
        },
    }
    return {
        **_static("gateway", links),
        "transport_socket": typed(
            "envoy.transport_sockets.tls", "transport_sockets.tls.v3.UpstreamTlsContext", **context
        ),
    }


def _tunnel_cluster(tunnel: str) -> Json:
    kept_alive = {"interval": "1s", "timeout": "1s", "connection_idle_interval": "1s"}
    return {
        "name": tunnel,
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "2s",
        "cluster_type": typed(
            "envoy.clusters.reverse_connection",
            "clusters.reverse_connection.v3.ReverseConnectionClusterConfig",
            cleanup_interval="5s",
            host_id_format=tunnel,
        ),
        "typed_extension_protocol_options": _http2({"connection_keepalive": kept_alive}),
    }


def _export_cluster(tunnel: str, export: str) -> Json:
    """One export: it says which in a header of its own, and goes on inside to the tunnel."""
    mutation = {"header": {"key": EXPORT, "value": export}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    filters = [
        typed(
            "envoy.filters.http.header_mutation",
            "filters.http.header_mutation.v3.HeaderMutation",
            mutations={"request_mutations": [{"append": mutation}]},
        ),
        typed("envoy.filters.http.upstream_codec", "filters.http.upstream_codec.v3.UpstreamCodec"),
    ]
    inside = {"envoy_internal_address": {"server_listener_name": f"{tunnel}/in", "endpoint_id": export}}
    return {
        "name": f"{tunnel}/{export}",
        "typed_extension_protocol_options": _http2({"allow_connect": True}, http_filters=filters),
        "load_assignment": _assignment(f"{tunnel}/{export}", inside),
    }


def _internal(tunnel: str) -> Json:
    connect = {"upgrade_configs": [{"upgrade_type": "CONNECT"}]}
    retry = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2}
    routes: list[Json] = [
        {"match": {"connect_matcher": {}}, "route": {"cluster": tunnel, "timeout": "0s", **connect}},
        {
            "match": {"prefix": "/"},
            "route": {
                "cluster": tunnel,
                "timeout": "0s",
                "retry_policy": retry,
                "upgrade_configs": [{"upgrade_type": "websocket"}],
            },
        },
    ]
    manager = _manager(routes, codec_type="HTTP2", http2_protocol_options={"allow_connect": True})
    return {"name": f"{tunnel}/in", "internal_listener": {}, "filter_chains": [{"filters": [manager]}]}


def _links(folder: Path, port: int, tunnels: tuple[str, ...]) -> Json:
    inspector = typed(
        "envoy.filters.listener.tls_inspector", "filters.listener.tls_inspector.v3.TlsInspector"
    )
    chains = [_link_chain(folder, tunnel) for tunnel in tunnels]
    return {
        "name": "links",
        "address": _address(port),
        "listener_filters": [inspector],
        "filter_chains": chains,
    }


def _link_chain(folder: Path, tunnel: str) -> Json:
    """Who names this tunnel in SNI may be nobody but what its certificate says, and a node of this tunnel."""
    context = {
        "require_client_certificate": True,
        "common_tls_context": {
            "tls_certificate_sds_secret_configs": [_secret(folder, "link.gateline")],
            "combined_validation_context": {
                "default_validation_context": {
                    "match_typed_subject_alt_names": [
                        {"san_type": "DNS", "matcher": {"suffix": f".{tunnel}.link.gateline"}}
                    ]
                },
                "validation_context_sds_secret_config": _secret(folder, "ca"),
            },
        },
    }
    filter_ = typed(
        "envoy.filters.network.reverse_tunnel",
        "filters.network.reverse_tunnel.v3.ReverseTunnel",
        ping_interval="1s",
        validation={"node_id_format": "%DOWNSTREAM_PEER_DNS_SAN%", "cluster_id_format": tunnel},
    )
    return {
        "filter_chain_match": {"server_names": [f"{tunnel}.link.gateline"]},
        "filters": [filter_],
        "transport_socket": typed(
            "envoy.transport_sockets.tls", "transport_sockets.tls.v3.DownstreamTlsContext", **context
        ),
    }


def _front_routes(tunnels: tuple[str, ...]) -> list[Json]:
    """`/TUNNEL/EXPORT/...` goes to that cluster."""
    retry = {"retry_on": "5xx,reset", "num_retries": 2}
    post = {"name": ":method", "string_match": {"exact": "GET"}}
    routes: list[Json] = []
    for name in (f"{tunnel}/{export}" for tunnel in tunnels for export in ("web", "other")):
        route = {"cluster": name, "timeout": "0s", "upgrade_configs": [{"upgrade_type": "websocket"}]}
        idempotent = {**route, "retry_policy": retry}
        plain = {"headers": [post, {"name": "upgrade", "present_match": True, "invert_match": True}]}
        routes.append({"match": {"prefix": f"/{name}", **plain}, "route": idempotent})
        routes.append({"match": {"prefix": f"/{name}"}, "route": route})
    return routes


def _tcp(cluster: str) -> Json:
    return typed(
        "envoy.filters.network.tcp_proxy",
        "filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix="tcp",
        cluster=cluster,
        tunneling_config={
            "hostname": "db.gateline:1",
            "headers_to_add": [{"header": {"key": EXPORT, "value": "db"}}],
        },
    )


def _manager(routes: list[Json], *, codec_type: str, **fields: Any) -> Json:
    outer = {name: fields.pop(name) for name in list(fields) if name.endswith(("_to_add", "_to_remove"))}
    table = {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}], **outer}
    return typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="http",
        codec_type=codec_type,
        route_config=table,
        http_filters=[typed("envoy.filters.http.router", "filters.http.router.v3.Router")],
        **fields,
    )


def _http2(options: Json, **fields: Any) -> Json:
    name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    explicit = {"http2_protocol_options": options}
    return {name: {"@type": f"type.googleapis.com/{name}", "explicit_http_config": explicit, **fields}}


def _listener(name: str, port: int, filters: list[Json]) -> Json:
    return {"name": name, "address": _address(port), "filter_chains": [{"filters": filters}]}


def _static(name: str, port: int) -> Json:
    return {"name": name, "load_assignment": _assignment(name, _address(port))}


def _assignment(name: str, address: Json) -> Json:
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}


def _address(port: int) -> Json:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _is(name: str, text: str) -> Json:
    return {"name": name, "string_match": {"exact": text}}


def _secret(folder: Path, name: str) -> Json:
    return {
        "name": name,
        "sds_config": {"path_config_source": {"path": str(folder / f"{name}.json")}},
    }
