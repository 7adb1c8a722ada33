"""Egress: where the host sends the requests of integrations that it performs itself (`http`).

The host computes a request whole; how a backend is reached stays Envoy's business: clusters, VPC links, balancers'
rules, TLS, and the secrets, which the host never knows. So it sends them to a listener of Envoy's on a Unix socket
that only this user may open, and names the scope and the route in headers that no backend sees. What Envoy answers
there by itself carries its flags in `x-gl-failure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.connection_manager import connection_manager, router
from gateline.compile.entry import scoped
from gateline.compile.local_reply import balancer_pages
from gateline.compile.mapping import HeaderFormat
from gateline.compile.reply_filter import by_expression, by_flags
from gateline.compile.route import (
    HEADER_MUTATION_FILTER,
    MAX_DIRECT_BODY,
    Hop,
    fixed_headers,
    header,
    hop_headers,
)
from gateline.compile.wire import extension, new, packed
from gateline.dataplane import keys

_SOCKET_MODE: Final = 0o600
_NOWHERE: Final = {"route": {"cluster_header": "x-gl-nowhere"}}
"""A header that no request has: so it is a failure. A direct response would look like a backend's answer."""
_FAILURES: Final = ("UT", "SI", "UMSDR", "UF", "UC", "UR", "UPE", "URX", "LR", "UH", "NC", "UO", "NR", "DPE")
"""Flags of what no backend answered."""


def egress_route(
    name: str,
    *,
    match: Mapping[str, object],
    destination: Mapping[str, object],
    timeout: timedelta,
    formats: tuple[HeaderFormat, ...],
    hop: Hop | None,
) -> Message:
    """A route from the host to a backend.

    `match` and `destination` are fields of a RouteMatch and of a RouteAction; `formats` are the headers that hold
    secrets. All other headers, path and Host are the host's.
    """
    fields: dict[str, object] = {}
    if formats:
        fields["typed_per_filter_config"] = {HEADER_MUTATION_FILTER: packed(fixed_headers(formats))}
    if hop is not None:
        fields["request_headers_to_add"] = hop_headers(hop)
    else:
        fields["request_headers_to_remove"] = ["x-forwarded-proto"]  # Envoy adds it
    action = {
        **destination,
        "timeout": timeout,
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
    }
    return new("envoy.config.route.v3.Route", name=name, match=match, route=action, **fields)


def egress_scope(scope: str, api_id: str, routes: Mapping[str, Message]) -> Message:
    """The scope of what the host sends to backends for a stage; `routes` are packed, by name."""
    nothing = new("envoy.config.route.v3.Route", name=f"{scope} nowhere", match={"prefix": "/"}, **_NOWHERE)
    chosen_by = {
        "name": "gateline.egress",
        "typed_config": packed(
            new("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=keys.EGRESS_HEADER)
        ),
    }
    actions = {
        name: {"action": {"name": name, "typed_config": route}} for name, route in sorted(routes.items())
    }
    tree = {
        "on_no_match": {"action": {"name": "nowhere", "typed_config": packed(nothing)}},
        "matcher_tree": {"input": chosen_by, "exact_match_map": {"map": actions}},
    }
    return scoped(
        scope,
        virtual_hosts=[{"name": "egress", "domains": ["*"], "matcher": tree}],
        request_headers_to_remove=[
            keys.SCOPE_HEADER,
            keys.EGRESS_HEADER,
            "x-envoy-external-address",
            "x-envoy-expected-rq-timeout-ms",
        ],
        request_headers_to_add=[header("x-amzn-apigateway-api-id", api_id)],
        response_headers_to_remove=[keys.FAILURE_HEADER],  # Envoy's word, never a backend's
        max_direct_response_body_size_bytes={"value": MAX_DIRECT_BODY},
    )


def egress_listener(socket: str, of_rules: Sequence[dict[str, object]]) -> Message:
    """The listener on a Unix socket; `of_rules` are the filters that balancers' rules need."""
    manager = connection_manager(
        "egress",
        use_remote_address={"value": False},
        http_filters=[
            *of_rules,
            extension(
                HEADER_MUTATION_FILTER, "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
            ),
            router(),
        ],
        local_reply_config={"mappers": [*balancer_pages(), _failure()]},
        max_request_headers_kb={"value": 96},
        stream_idle_timeout=timedelta(minutes=10),
        common_http_protocol_options={"idle_timeout": timedelta(hours=24)},
    )
    return new(
        "envoy.config.listener.v3.Listener",
        name=names.EGRESS,
        address={"pipe": {"path": socket, "mode": _SOCKET_MODE}},
        enable_reuse_port={"value": False},
        per_connection_buffer_limit_bytes={"value": 65536},
        filter_chains=[{"filters": [manager]}],
    )


def _failure() -> dict[str, object]:
    """All answers of Envoy's own but the direct responses, which are a balancer's rules.

    Not all have flags: a head that is too large, a request that comes while memory is short.
    """
    no_rule = by_expression("response.code_details != 'direct_response'")
    return {
        "filter": {"or_filter": {"filters": [by_flags(*_FAILURES), no_rule]}},
        "headers_to_add": [header(keys.FAILURE_HEADER, "%RESPONSE_FLAGS%")],
    }
