"""The bootstrap of a link's node: an Envoy on the private side that dials the gateway and listens on nothing.

Everything in it is a path or a name: certificate and private key stay in their files. Through a tunnel the gateway
asks with CONNECT for one of the exports; the node hands the bytes on and looks at none of them, and what the node
does not export is 404. See docs/decisions/0022-links.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateline.compile.sidecar import AUTHORITY, CERTIFICATE, secret_file
from gateline.compile.wire import extension, new, to_dict
from gateline.model.address import parse_ip
from gateline.model.tunnel import GATEWAY_NAME, tunnel_name

GATEWAY: Final = "gateway"
TENANT: Final = "gateline"
"""Envoy's third part of who a node is; we have one."""

_CONNECT_TIMEOUT: Final = timedelta(seconds=5)
_REDIAL: Final = timedelta(seconds=1)
_LOOK: Final = timedelta(milliseconds=500)
"""How often a node looks whether it has all its connections. With these two a gateway that was killed and started
again had its nodes 0.3 s later."""

_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A service that the gateway may reach through the tunnel: its name there, and where it is."""

    name: str  # HOST:PORT, what the gateway asks for
    host: str = ""  # a host name or an IP address; "" for a Unix socket
    port: int = 0
    socket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNode:
    """A node: who it is, where the gateway is, and what it exports."""

    name: str  # the DNS name in its certificate
    tunnel: str
    gateway: tuple[str, int]  # host and port
    exports: tuple[Export, ...]
    folder: str  # where `sidecar.secret_file` finds the certificate and the authority
    admin_socket: str
    connections: int  # that each worker opens; all of them together several for each worker of the gateway


def node_bootstrap(link: LinkNode) -> dict[str, object]:
    """The bootstrap of a node as JSON-able values."""
    dialling = extension(
        "envoy.bootstrap.reverse_tunnel.downstream_socket_interface",
        "envoy.extensions.bootstrap.reverse_tunnel.downstream_socket_interface.v3"
        ".DownstreamReverseConnectionSocketInterface",
        stat_prefix="link",
        max_reconnect_backoff=_REDIAL,
        maintain_interval=_LOOK,
    )
    bootstrap = new(
        "envoy.config.bootstrap.v3.Bootstrap",
        node={"id": link.name, "cluster": link.tunnel},
        admin={"address": {"pipe": {"path": link.admin_socket, "mode": _OWNER_ONLY}}},
        bootstrap_extensions=[dialling],
        static_resources={
            "listeners": [_dialler(link)],
            "clusters": [_gateway(link), *(_application(export) for export in link.exports)],
        },
    )
    return to_dict(bootstrap)


def _dialler(link: LinkNode) -> dict[str, object]:
    """What Envoy calls a listener: it opens connections to the gateway, and serves what comes back through them."""
    return {
        "name": "link",
        "listener_filters_timeout": timedelta(),
        "address": {
            "socket_address": {
                "address": f"rc://{link.name}:{link.tunnel}:{TENANT}@{GATEWAY}:{link.connections}",
                "port_value": 0,
                "resolver_name": "envoy.resolvers.reverse_connection",
            }
        },
        "filter_chains": [{"filters": [_manager(link)]}],
    }


def _manager(link: LinkNode) -> dict[str, object]:
    return extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="link",
        codec_type="HTTP2",
        http2_protocol_options={"allow_connect": True},
        stream_idle_timeout=timedelta(),  # how long bytes may stay away is the gateway's business
        generate_request_id={"value": False},
        http_filters=[
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
        ],
        route_config={"name": "exports", "virtual_hosts": [_export(export) for export in link.exports]},
    )


def _export(export: Export) -> dict[str, object]:
    return {
        "name": export.name,
        "domains": [export.name],
        "routes": [
            {
                "match": {"connect_matcher": {}},
                "route": {
                    "cluster": f"export/{export.name}",
                    "timeout": timedelta(),
                    "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
                },
            }
        ],
    }


def _gateway(link: LinkNode) -> dict[str, object]:
    own, believed = (
        {
            "name": name,
            "sds_config": {
                "path_config_source": {"path": secret_file(link.folder, name)},
                "resource_api_version": "V3",
            },
        }
        for name in (CERTIFICATE, AUTHORITY)
    )
    san = {"san_type": "DNS", "matcher": {"exact": GATEWAY_NAME}}
    tls = extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=tunnel_name(link.tunnel),
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [own],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": [san]},
                "validation_context_sds_secret_config": believed,
            },
        },
    )
    host, port = link.gateway
    return {**_cluster(GATEWAY, {"host": host, "port": port}, "STRICT_DNS"), "transport_socket": tls}


def _application(export: Export) -> dict[str, object]:
    place: dict[str, object] = {"host": export.host, "port": export.port}
    if export.socket:
        place = {"socket": export.socket}
    return _cluster(f"export/{export.name}", place, "LOGICAL_DNS")


def _cluster(name: str, place: dict[str, object], of_names: str) -> dict[str, object]:
    """Of a name all addresses are tried; `of_names`: each for itself (STRICT_DNS), or one until one takes it."""
    kind = "STATIC"
    if "socket" in place:
        address: dict[str, object] = {"pipe": {"path": place["socket"]}}
    else:
        ip = parse_ip(str(place["host"]))
        kind = of_names if ip is None else "STATIC"
        host = place["host"] if ip is None else str(ip)
        address = {"socket_address": {"address": host, "port_value": place["port"]}}
    return {
        "name": name,
        "type": kind,
        "connect_timeout": _CONNECT_TIMEOUT,
        "dns_lookup_family": "ALL",  # the default takes IPv6 alone where a name has both
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
