"""The edge listener: where clients come in."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.chain import http_filters
from gateline.compile.client_address import (
    Chain,
    connection_filters,
    detection,
    filter_chains,
    listener_filters,
)
from gateline.compile.compression import compression_filters
from gateline.compile.connection_manager import connection_manager, request_logs
from gateline.compile.edge_tls import compares_names, downstream_tls, edge_certificates, tls_inspector
from gateline.compile.header_cleaning import early_mutation
from gateline.compile.local_reply import local_reply
from gateline.compile.rate_limit import throttle_filters
from gateline.compile.route import REQUEST_ID, CleanedHeaders
from gateline.compile.rule_transform import transform_filters
from gateline.compile.stickiness import stickiness_filters
from gateline.compile.wire import new
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


def edge_listener(
    gateway: Gateway, cleaned: CleanedHeaders, request_log: str | None, key_file: str = ""
) -> Message:
    """The listener of the project's `gateway` part.

    Args:
        gateway: its edge has address, port and trusted hops, the port being the one really opened; with its domains
            it has the certificates.
        cleaned: names that mappings write, cleaned from every client's request.
        request_log: the path of a pipe or file for one JSON line a request, None for no log at all.
        key_file: where the key of stickiness lies, "" without any.

    """
    edge = gateway.edge
    certificates = edge_certificates(gateway)

    def chain(believes: bool) -> Chain:
        kept = connection_filters(edge.client_address, judged=False, believes=believes)
        manager = _connection_manager(gateway, cleaned, request_log, key_file, believes=believes)
        return {
            "filters": [*kept, manager],
            **({"transport_socket": downstream_tls(certificates)} if certificates else {}),
        }

    first = listener_filters(edge.client_address)
    address = "127.0.0.1" if edge.address == "localhost" else edge.address.strip("[]")
    return new(
        "envoy.config.listener.v3.Listener",
        name=names.LISTENER,
        address={"socket_address": {"address": address, "port_value": edge.port}},
        per_connection_buffer_limit_bytes={"value": 65536},
        listener_filters=[*first, tls_inspector()] if compares_names(gateway) else first,
        filter_chains=filter_chains(edge.client_address, chain),
    )


def _connection_manager(
    gateway: Gateway,
    cleaned: CleanedHeaders,
    request_log: str | None,
    key_file: str,
    *,
    believes: bool,
) -> dict[str, object]:
    edge = gateway.edge
    trusted_hops = 1 if believes else edge.trusted_hops
    return connection_manager(
        "edge",
        ignored_upgrades=".*",  # a REST API has no WebSockets (api-gateway.md section 9)
        custom_verbs=False,
        host_of_http_10="",
        http2_streams=100,
        **detection(edge.client_address, believes=believes, trusted_hops=edge.trusted_hops),
        append_x_forwarded_port=True,
        early_header_mutation_extensions=[early_mutation(cleaned, trusted_hops=trusted_hops)],
        http_filters=http_filters(
            redirects=redirects(gateway),
            transforms=transform_filters(gateway),
            throttles=throttle_filters(gateway),
            compression=compression_filters(gateway),
            stickiness=stickiness_filters(key_file),
        ),
        local_reply_config=local_reply(gateway),
        max_request_headers_kb={"value": 32},
        request_headers_timeout=timedelta(seconds=10),
        stream_idle_timeout=timedelta(seconds=60),
        request_timeout=timedelta(
            minutes=5
        ),  # a byte a minute would keep what is held back of a body for ever
        common_http_protocol_options={
            "idle_timeout": timedelta(seconds=350),
            "max_headers_count": {"value": 100},
        },
        access_log=request_logs(request_log, _REQUEST_LOG_FORMAT),
    )


def redirects(gateway: Gateway) -> bool:
    """Whether a balancer's rule may answer with a redirect."""
    return any(isinstance(rule.action, Redirect) for rule in gateway.rules)
