"""The edge listener: where clients come in."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.chain import http_filters
from gateline.compile.cluster import ADS
from gateline.compile.compression import compression_filters
from gateline.compile.edge_tls import compares_names, downstream_tls, edge_certificates, tls_inspector
from gateline.compile.header_cleaning import early_mutation
from gateline.compile.local_reply import local_reply
from gateline.compile.rate_limit import throttle_filters
from gateline.compile.route import REQUEST_ID, CleanedHeaders
from gateline.compile.wire import extension, new
from gateline.dataplane import keys
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Redirect

_REQUEST_LOG_FORMAT: Final = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(:PATH)%",  # as mapped; what the client sent is in `request`
    "request": f"%DYNAMIC_METADATA({keys.NAMESPACE}:{keys.REQUEST})%",
    "status": "%RESPONSE_CODE%",
    "ms": "%DURATION%",
    "why": f"%DYNAMIC_METADATA({keys.NAMESPACE}:{keys.WHY})%",
    "authorizer": f"%DYNAMIC_METADATA({keys.NAMESPACE}:{keys.AUTHORIZER})%",  # hit or miss
    "route": f"%FILTER_STATE({keys.ROUTE_STATE}:PLAIN)%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "upstream": "%UPSTREAM_HOST%",
    "request_id": REQUEST_ID,
}


def edge_listener(gateway: Gateway, cleaned: CleanedHeaders, request_log: str | None) -> Message:
    """The listener of the project's `gateway` part.

    Args:
        gateway: its edge has address, port and trusted hops, the port being the one really opened; with its domains
            it has the certificates.
        cleaned: names that mappings write, cleaned from every client's request.
        request_log: the path of a pipe or file for one JSON line a request, None for no log at all.

    """
    edge = gateway.edge
    chain: dict[str, object] = {"filters": [_connection_manager(gateway, cleaned, request_log)]}
    if certificates := edge_certificates(gateway):
        chain["transport_socket"] = downstream_tls(certificates)
    address = "127.0.0.1" if edge.address == "localhost" else edge.address.strip("[]")
    return new(
        "envoy.config.listener.v3.Listener",
        name=names.LISTENER,
        address={"socket_address": {"address": address, "port_value": edge.port}},
        per_connection_buffer_limit_bytes={"value": 65536},
        listener_filters=[tls_inspector()] if compares_names(gateway) else [],
        filter_chains=[chain],
    )


def _connection_manager(
    gateway: Gateway, cleaned: CleanedHeaders, request_log: str | None
) -> dict[str, object]:
    edge = gateway.edge
    scope_key = {
        "header_value_extractor": {"name": keys.SCOPE_HEADER, "element_separator": "\x1f", "index": 0}
    }
    return extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge",
        codec_type="AUTO",
        # Paths reach the script, the mapping and the backend byte for byte; the script judges odd forms.
        normalize_path={"value": False},
        merge_slashes=False,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        generate_request_id={"value": False},  # a client's X-Request-Id passes; ours is %UNIQUE_ID%
        server_header_transformation="PASS_THROUGH",
        use_remote_address={"value": True},
        xff_num_trusted_hops=edge.trusted_hops,
        skip_xff_append=True,  # for a loopback client Envoy would append its own address; see scope_headers
        append_x_forwarded_port=True,
        early_header_mutation_extensions=[early_mutation(cleaned, trusted_hops=edge.trusted_hops)],
        scoped_routes={
            "name": "edge",
            "scope_key_builder": {"fragments": [scope_key]},
            "rds_config_source": ADS,
            "scoped_rds": {"scoped_rds_config_source": ADS},
        },
        http_filters=http_filters(
            redirects=redirects(gateway),
            throttles=throttle_filters(gateway),
            compression=compression_filters(gateway),
        ),
        local_reply_config=local_reply(gateway),
        max_request_headers_kb={"value": 32},
        request_headers_timeout=timedelta(seconds=10),
        stream_idle_timeout=timedelta(seconds=60),
        request_timeout=timedelta(minutes=5),  # a byte a minute would keep what is held back of a body for ever
        common_http_protocol_options={
            "idle_timeout": timedelta(seconds=350),
            "max_headers_count": {"value": 100},
        },
        http_protocol_options={
            # A REST API has no WebSockets: an Upgrade is dropped, not obeyed (api-gateway.md section 9).
            "ignore_http_11_upgrade": [{"safe_regex": {"regex": ".*"}}],
            # Functions and backends see names as the client spelled them (api-gateway.md section 11).
            "header_key_format": {"stateful_formatter": _as_spelled()},
        },
        http2_protocol_options={
            "override_stream_error_on_invalid_http_message": {"value": True},  # one stream, not all of them
            "max_concurrent_streams": {"value": 100},
            "initial_stream_window_size": {"value": 65536},
            "initial_connection_window_size": {"value": 1048576},
        },
        access_log=[] if request_log is None else [_request_log(request_log)],
    )


def redirects(gateway: Gateway) -> bool:
    """Whether a balancer's rule may answer with a redirect."""
    rules = (
        rule
        for balancer in gateway.load_balancers
        for listener in balancer.listeners
        for rule in listener.rules
    )
    return any(isinstance(rule.action, Redirect) for rule in rules)


def _as_spelled() -> dict[str, object]:
    return extension(
        "preserve_case",
        "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
    )


def _request_log(path: str) -> dict[str, object]:
    return extension(
        "gateline.request_log",
        "envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path=path,
        log_format={"json_format": _REQUEST_LOG_FORMAT},
    )
