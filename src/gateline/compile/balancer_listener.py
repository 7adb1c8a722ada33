"""The Envoy listener of an application balancer of the internet (load-balancers.md sections 6, 7 and 12).

It holds nothing of the rules, so that editing them leaves connections alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message

from gateline import dataplane
from gateline.compile import names
from gateline.compile.access_log import access_log, access_log_filter
from gateline.compile.balancer_headers import answer_mutations, owned_names
from gateline.compile.balancer_reply import balancer_reply
from gateline.compile.binding import Binding
from gateline.compile.client_address import (
    Chain,
    connection_filters,
    detection,
    filter_chains,
    listener_filters,
    request_filters,
)
from gateline.compile.client_certificate import client_certificate_filter, client_verification, trust_of
from gateline.compile.connection_manager import connection_manager, request_logs, router
from gateline.compile.edge_tls import downstream_tls, tls_inspector
from gateline.compile.entry import LUA_FILTER
from gateline.compile.header_cleaning import balancer_mutation
from gateline.compile.lua_filter import lua_filter
from gateline.compile.route import HEADER_MUTATION_FILTER, CleanedHeaders
from gateline.compile.rule_action import redirect_filter
from gateline.compile.stickiness import stickiness_filters
from gateline.compile.wire import extension, new
from gateline.dataplane import keys
from gateline.model.load_balancer import Listener, ListenerProtocol, LoadBalancer

_HEADERS_KB: Final = 64
_STREAMS: Final = 128  # of HTTP/2, on a connection

NO_HOST: Final = "-"
"""The Host that a client of HTTP/1.0 left out, as `balancer.lua` knows it; no pattern of a host fits it."""

_OTHER_UPGRADES: Final = (
    "(?i)(?:.{0,8}|.{10,}"
    + "".join(f"|.{{{at}}}[^{letter}].*" for at, letter in enumerate("websocket"))
    + ")"
)
"""Whatever is not `websocket`."""

_LOG_FORMAT: Final = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(:PATH)%",
    "request": f"%DYNAMIC_METADATA({keys.NAMESPACE}:{keys.REQUEST})%",  # as it came, where a rule has rewritten it
    "status": "%RESPONSE_CODE%",
    "ms": "%DURATION%",
    "why": f"%DYNAMIC_METADATA({keys.NAMESPACE}:{keys.WHY})%",
    "route": "%ROUTE_NAME%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "upstream": "%UPSTREAM_HOST%",
}
"""As `listener.py` writes it for the edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What the application listeners of a project have in common.

    Attributes:
        cleaned: names of headers that carry secrets, cleaned from every client's request.
        request_log: the path of a pipe or file for one JSON line a request, None for no log at all.
        versions: routes must know what clients speak.
        key_file: where the key of stickiness lies, "" without any.
        transforms: the filters of rules that rewrite requests, if the project has any.

    """

    cleaned: CleanedHeaders
    request_log: str | None = None
    versions: bool = False
    key_file: str = ""
    transforms: Sequence[dict[str, object]] = ()


def application_listener(
    binding: Binding, balancer: LoadBalancer, listener: Listener, common: Common
) -> Message:
    """The listener; its routes are the scope of the same name.

    Args:
        binding: its name, and the socket that it listens at.
        balancer: its attributes.
        listener: protocol and certificates.
        common: what holds for all such listeners.

    """
    address = listener.client_address
    mutation = balancer_mutation(
        common.cleaned,
        binding.name,
        owned=owned_names(balancer, listener),
        only_valid=balancer.attributes.drop_invalid_header_fields,
        versions=common.versions,
    )

    def chain(believes: bool) -> Chain:
        kept = connection_filters(
            address, judged=True, believes=believes, with_port=balancer.attributes.xff_client_port
        )
        manager = _manager(
            balancer,
            listener,
            common.request_log,
            mutation,
            [
                *access_log_filter(balancer, listener),
                *request_filters(believes=believes),
                *_filters(listener, common),
            ],
            detection(address, believes=believes),
        )
        return {"filters": [*kept, manager], **_tls(balancer, listener)}

    return new(
        "envoy.config.listener.v3.Listener",
        name=binding.name,
        address={"socket_address": {"address": binding.address, "port_value": binding.port}},
        per_connection_buffer_limit_bytes={"value": 65536},
        listener_filters=[*listener_filters(address), *_names(balancer, listener)],
        filter_chains=filter_chains(address, chain),
    )


def _names(balancer: LoadBalancer, listener: Listener) -> list[dict[str, object]]:
    """What reads the server name, where a log tells it."""
    return [tls_inspector()] if balancer.access_log and listener.protocol is ListenerProtocol.HTTPS else []


def _tls(balancer: LoadBalancer, listener: Listener) -> Chain:
    if listener.protocol is not ListenerProtocol.HTTPS:
        return {}
    mutual = listener.tls.mutual
    trust = trust_of(mutual, balancer.name, listener.port) if mutual else ""
    return {
        "transport_socket": downstream_tls(
            [names.certificate(each) for each in listener.certificates],
            alpn=("h2", "http/1.1") if balancer.attributes.http2 else ("http/1.1",),
            policy=listener.tls.policy,
            clients=client_verification(mutual, trust) if mutual else {},
        )
    }


def _manager(
    balancer: LoadBalancer,
    listener: Listener,
    request_log: str | None,
    mutation: dict[str, object],
    filters: list[dict[str, object]],
    detected: dict[str, object],
) -> dict[str, object]:
    attributes = balancer.attributes
    return connection_manager(
        "balancer",
        ignored_upgrades=_OTHER_UPGRADES,
        custom_verbs=True,  # rules can name them, and refuse all that they cannot name
        host_of_http_10=NO_HOST,
        http2_streams=_STREAMS if attributes.http2 else 0,
        **detected,
        early_header_mutation_extensions=[mutation],
        http_filters=filters,
        upgrade_configs=[{"upgrade_type": "websocket"}],
        local_reply_config=balancer_reply(server=listener.attributes.server_header),
        max_request_headers_kb={"value": _HEADERS_KB},
        request_headers_timeout=attributes.idle_timeout,
        stream_idle_timeout=attributes.idle_timeout,
        common_http_protocol_options={
            "idle_timeout": attributes.idle_timeout,
            "max_connection_duration": attributes.client_keep_alive,
            "max_headers_count": {"value": 100},
        },
        # The port of the listener itself, written behind the name of its host, says nothing.
        strip_matching_host_port=_is_usual(listener) and not attributes.preserve_host_header,
        access_log=[*request_logs(request_log, _LOG_FORMAT), *access_log(balancer, listener)],
    )


def _is_usual(listener: Listener) -> bool:
    """Whether clients reach it at the port that their URLs leave out."""
    usual = 443 if listener.protocol is ListenerProtocol.HTTPS else 80
    return listener.port == listener.bind_port == usual


def _filters(listener: Listener, common: Common) -> list[dict[str, object]]:
    mutual, renamed = listener.tls.mutual, listener.attributes.client_certificate_headers
    return [
        lua_filter(LUA_FILTER, dataplane.balancer_script(), shared_vm_id="gateline.balancer"),
        # May have the rules judged again: what they judge by is as it came, but for a Host that HTTP/1.0 left out.
        *stickiness_filters(common.key_file),
        *([client_certificate_filter(mutual, renamed)] if mutual else []),  # rules do not judge what it tells
        redirect_filter(),
        *common.transforms,  # after rules are judged, which see the request as it came
        extension(  # routes have it name the type of an answer without a body
            HEADER_MUTATION_FILTER,
            "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            **answer_mutations(listener),
        ),
        router(),
    ]
