"""The bootstrap of a sidecar: an Envoy that lets the gateway's requests through to one application.

Everything in it is a path or a name: values of secrets and private keys stay in their files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateline.compile.wire import extension, new, packed, to_dict
from gateline.dataplane import lua_string, sidecar_script

APPLICATION: Final = "application"
CHECKS: Final = "checks"
NOWHERE: Final = "nowhere"
CERTIFICATE: Final = "certificate"
AUTHORITY: Final = "authority"

_CONNECT_TIMEOUT: Final = timedelta(seconds=5)
_CONNECTION_LIFE: Final = timedelta(minutes=5)
"""How long a connection takes new requests: a certificate that counts no more is asked for again by then."""

_STREAM_LIFE: Final = timedelta(hours=1)
"""How long a request may take; a connection lives on while one does, a WebSocket above all."""

_REQUEST_HEADERS_TIMEOUT: Final = timedelta(seconds=10)
_IDLE: Final = timedelta(seconds=75)
_HANDSHAKE: Final = timedelta(seconds=15)
_CHECK: Final = timedelta(seconds=10)
"""How long a request for the health path may take, which anybody may send: it holds a connection of the application."""

_BUFFER_BYTES: Final = 65536
_MAX_CONNECTIONS: Final = 50_000
_UNBOUNDED: Final = 1_000_000
_CHECKS_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderProof:
    """The gateway is known by a header. `secrets`: a file of accepted values, one a line."""

    header: str  # lower case
    secrets: str
    health_path: str = ""  # GET of this path needs no proof


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateProof:
    """The gateway is known by its client certificate. `folder`: where `secret_file` puts `certificate_secrets`."""

    identity: str  # a SPIFFE URI, or a DNS name
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Where the application listens: a port of loopback, or a Unix socket."""

    address: str = ""
    port: int = 0
    socket: str = ""


def sidecar_bootstrap(
    *, service: str, address: str, port: int, application: Application, proof: HeaderProof | CertificateProof
) -> dict[str, object]:
    """The bootstrap as JSON-able values.

    Args:
        service: the name of the service, for statistics.
        address: where the sidecar listens.
        port: its port.
        application: where what passes goes.
        proof: what the gateway must show.

    """
    chain: dict[str, object] = {"filters": [_manager(proof)]}
    if isinstance(proof, CertificateProof):
        chain["transport_socket"] = _tls(proof)
        chain["transport_socket_connect_timeout"] = _HANDSHAKE
    listener = {
        "name": service,
        "address": {"socket_address": {"address": address, "port_value": port}},
        "filter_chains": [chain],
        "per_connection_buffer_limit_bytes": {"value": _BUFFER_BYTES},
    }
    bootstrap = new(
        "envoy.config.bootstrap.v3.Bootstrap",
        node={"id": f"sidecar/{service}", "cluster": "gateline"},
        static_resources={
            "listeners": [listener],
            "clusters": [
                # Limits are the gateway's business: Envoy's defaults would answer 503 at 1,024 requests.
                _application(APPLICATION, application, at_once=_UNBOUNDED),
                # What anybody may ask takes no more than this of the application.
                _application(CHECKS, application, at_once=_CHECKS_AT_ONCE),
                {"name": NOWHERE, "type": "STATIC"},
            ],
        },
        overload_manager={
            "resource_monitors": [
                extension(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=_MAX_CONNECTIONS,
                )
            ]
        },
    )
    return to_dict(bootstrap)


def certificate_secrets(
    *, certificate: str, private_key: str, authority: str, folder: str
) -> dict[str, dict[str, object]]:
    """The files of secrets (SDS), by name: where the certificate lies, its key, and who is believed.

    Envoy takes one secret a file.
    """
    watched = {"path": folder}
    made: dict[str, dict[str, object]] = {
        CERTIFICATE: {
            "tls_certificate": {
                "certificate_chain": {"filename": certificate},
                "private_key": {"filename": private_key},
                "watched_directory": watched,
            }
        },
        AUTHORITY: {
            "validation_context": {"trusted_ca": {"filename": authority}, "watched_directory": watched}
        },
    }
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    return {name: {"resources": [{"@type": kind, "name": name, **of}]} for name, of in made.items()}


def secret_file(folder: str, name: str) -> str:
    """Where a file of secrets lies; Envoy tells its form by its ending."""
    return f"{folder}/{name}.json"


def _tls(proof: CertificateProof) -> dict[str, object]:
    own, believed = (
        {
            "name": name,
            "sds_config": {
                "path_config_source": {"path": secret_file(proof.folder, name)},
                "resource_api_version": "V3",
            },
        }
        for name in (CERTIFICATE, AUTHORITY)
    )
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate={"value": True},
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificate_sds_secret_configs": [own],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": [_named(proof.identity)]},
                "validation_context_sds_secret_config": believed,
            },
        },
        # Else a session that began with a certificate goes on without it being looked at again.
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
    )


def _named(identity: str) -> dict[str, object]:
    """Who the certificate must name, letter for letter.

    An exact DNS name would be matched as servers' names are, by wildcards too: the holder of `*.internal` would be
    everybody there.
    """
    if "://" in identity:
        return {"san_type": "URI", "matcher": {"exact": identity}}
    return {"san_type": "DNS", "matcher": {"safe_regex": {"regex": f"(?i){re.escape(identity)}"}}}


def _manager(proof: HeaderProof | CertificateProof) -> dict[str, object]:
    filters = [extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")]
    if isinstance(proof, HeaderProof):
        filters.insert(0, _script(proof))
        routes = [_route(APPLICATION, mark="ok"), _check_route(), _route(NOWHERE)]
    else:
        routes = [_route(APPLICATION)]
    formatter = extension(
        "preserve_case",
        "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
    )
    return extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="sidecar",
        # Bytes reach the application as the gateway sent them.
        normalize_path={"value": False},
        merge_slashes=False,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        generate_request_id={"value": False},
        preserve_external_request_id=True,
        server_header_transformation="PASS_THROUGH",
        skip_xff_append=True,
        request_headers_timeout=_REQUEST_HEADERS_TIMEOUT,
        stream_idle_timeout=timedelta(0),  # the gateway's own limits count
        common_http_protocol_options={
            "idle_timeout": _IDLE,
            "max_connection_duration": _CONNECTION_LIFE,
            "max_stream_duration": _STREAM_LIFE,
        },
        http_protocol_options={"header_key_format": {"stateful_formatter": formatter}},
        http_filters=filters,
        route_config={
            "name": "sidecar",
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
        },
    )


def _route(cluster: str, *, mark: str = "") -> dict[str, object]:
    return {
        "match": _match(mark),
        "route": {
            "cluster": cluster,
            "timeout": timedelta(0),
            "upgrade_configs": [{"upgrade_type": "websocket"}],  # asked of the route before the script ran
        },
    }


def _check_route() -> dict[str, object]:
    return {
        "match": _match("check"),
        "route": {"cluster": CHECKS, "max_stream_duration": {"max_stream_duration": _CHECK}},
    }


def _match(mark: str) -> dict[str, object]:
    """All paths; with a mark only requests on which the script has set it."""
    if not mark:
        return {"prefix": "/"}
    wanted = {"filter": "gl", "path": [{"key": "proof"}], "value": {"string_match": {"exact": mark}}}
    return {"prefix": "/", "dynamic_metadata": [wanted]}


def _script(proof: HeaderProof) -> dict[str, object]:
    values = {"SECRETS": proof.secrets, "HEADER": proof.header, "HEALTH_PATH": proof.health_path}
    head = "".join(f"local {name} = {lua_string(value)}\n" for name, value in values.items())
    return extension(
        "envoy.filters.http.lua",
        "envoy.extensions.filters.http.lua.v3.Lua",
        default_source_code={"inline_string": head + sidecar_script()},
    )


def _application(name: str, application: Application, *, at_once: int) -> dict[str, object]:
    place: dict[str, object] = {"pipe": {"path": application.socket}}
    if not application.socket:
        place = {"socket_address": {"address": application.address, "port_value": application.port}}
    formatter = extension(
        "preserve_case",
        "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
    )
    options = new(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": timedelta(seconds=4)},
        explicit_http_config={
            "http_protocol_options": {"header_key_format": {"stateful_formatter": formatter}}
        },
    )
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": _CONNECT_TIMEOUT,
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": {"value": at_once},
                    "max_pending_requests": {"value": at_once},
                    "max_requests": {"value": at_once},
                }
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(options)
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": place}}]}],
        },
    }
