"""The access log of an application balancer: Amazon's fields in Amazon's order (load-balancers.md section 11).

Envoy writes the lines itself. What a route always does stands in the route's own metadata, where nothing is to be
worked out for a request; `access_log.lua` keeps what the client said before anything rewrites it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateline import dataplane
from gateline.compile.lua_filter import lua_filter
from gateline.compile.rule_action import LOCATION_STATE
from gateline.compile.wire import extension, struct
from gateline.dataplane import keys
from gateline.model.arn import balancer_id
from gateline.model.load_balancer import (
    Action,
    FixedResponse,
    Forward,
    Listener,
    ListenerProtocol,
    LoadBalancer,
)

_LOG: Final = "gl.log"
"""Dynamic metadata of `access_log.lua`."""

_OF_ROUTES: Final = "gl.rule"
"""Metadata of routes: `priority`, `actions`. Of clusters: `arn`."""

_FORWARDED: Final = "response.code_details == 'via_upstream'"
_SECONDS: Final = f"metadata.filter_metadata['{_LOG}']['took']"
_LENGTH: Final = "request.method in ['GET', 'HEAD'] && 'content-length' in request.headers"
_ZERO: Final = "request.headers['content-length'] == '0'"
_MALFORMED: Final = "response.code_details in ['http1.codec_error', 'http1.invalid_characters']"
_ENCODING: Final = "response.code_details == 'http1.invalid_transfer_encoding'"
_BOTH: Final = "response.code_details == 'http1.content_length_and_chunked_not_allowed'"
_CLASSIFICATION: Final = (
    f"({_MALFORMED} || {_ENCODING}) ? 'Severe' : {_BOTH} ? 'Ambiguous' : "
    f"({_LENGTH}) ? ({_ZERO} ? 'Acceptable' : 'Ambiguous') : '-'"
)
"""Of requests that are not as RFC 7230 has them, as far as Envoy shows it."""

_REASON: Final = (
    f"{_ENCODING} ? 'BadTransferEncoding' : {_MALFORMED} ? 'BadHeader' : {_BOTH} ? 'BothTeClPresent' : "
    f"({_LENGTH}) ? ({_ZERO} ? 'GetHeadZeroContentLength' : 'UndefinedContentLengthSemantics') : '-'"
)
_NO_ANSWER: Final = "!has(response.code) || response.code < 200 && response.code != 101"
_TARGET: Final = "upstream.address.startsWith('/') ? '-' : upstream.address"
"""Without one this is `-` too; a function is reached over a socket of the host's."""

_TARGET_STATUS: Final = f"{_FORWARDED} ? response.code : '-'"
_TRACE: Final = "request.headers['x-amzn-trace-id']"
_QUOTE: Final = r"'\x22'"


def access_log(balancer: LoadBalancer, listener: Listener) -> list[dict[str, object]]:
    """The loggers of a listener's connection manager; none without a file."""
    if not balancer.access_log:
        return []
    return [
        extension(
            "gateline.access_log",
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path=balancer.access_log,
            log_format={
                "text_format_source": {"inline_string": " ".join(_fields(balancer, listener)) + "\n"}
            },
        )
    ]


def access_log_filter(balancer: LoadBalancer, listener: Listener) -> list[dict[str, object]]:
    """The HTTP filter that keeps what the client said; it stands before all others."""
    if not balancer.access_log:
        return []
    context = {"scheme": str(listener.protocol).lower(), "port": str(listener.port)}
    return [lua_filter("gateline.access_log", dataplane.access_log_script(), filter_context=struct(context))]


def rule_metadata(
    priority: int | None, actions: Iterable[str], *, beside: object = None
) -> dict[str, object]:
    """The metadata of a rule's route: its priority (None: the default rule) and what is done, in order.

    `beside` is the metadata that the route has already.
    """
    told = {"priority": str(priority or 0), "actions": ",".join(actions)}
    had = beside.get("filter_metadata", {}) if isinstance(beside, Mapping) else {}
    return {"filter_metadata": {**had, _OF_ROUTES: struct(told)}}


def cluster_metadata(arn: str) -> dict[str, object]:
    """The metadata of a target group's cluster."""
    return {"filter_metadata": {_OF_ROUTES: struct({"arn": arn})}}


def action_name(action: Action) -> str:
    """What `actions_executed` says of an action."""
    if isinstance(action, Forward):
        return "forward"
    return "fixed-response" if isinstance(action, FixedResponse) else "redirect"


def _fields(balancer: LoadBalancer, listener: Listener) -> tuple[str, ...]:
    return (
        _type(listener),
        "%EMIT_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%",
        balancer_id(balancer.name),
        "%DOWNSTREAM_REMOTE_ADDRESS%",
        _cel(_TARGET),
        # Until an answer's head has come: all of it is told as the target's time.
        _cel(f"{_FORWARDED} ? '0.000' : '-1'"),
        _cel(f"{_FORWARDED} ? {_SECONDS} : '-1'"),
        _cel(f"{_FORWARDED} ? '0.000' : '-1'"),
        _cel(f"{_NO_ANSWER} ? 460 : response.code"),  # the client did not wait for one
        _cel(_TARGET_STATUS),
        "%DOWNSTREAM_WIRE_BYTES_RECEIVED%",
        "%DOWNSTREAM_WIRE_BYTES_SENT%",
        f'"%DYNAMIC_METADATA({_LOG}:request)%"',
        f'"%DYNAMIC_METADATA({_LOG}:agent)%"',
        "%DOWNSTREAM_TLS_CIPHER%",
        "%DOWNSTREAM_TLS_VERSION%",
        f"%METADATA(CLUSTER:{_OF_ROUTES}:arn)%",
        _quoted(_cel(f"{_TRACE}.contains({_QUOTE}) ? '-' : {_TRACE}")),
        '"%REQUESTED_SERVER_NAME%"',
        '"-"',  # certificates have no ARN here
        f"%METADATA(ROUTE:{_OF_ROUTES}:priority)%",
        "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%",
        f'"%METADATA(ROUTE:{_OF_ROUTES}:actions)%"',
        f'"%FILTER_STATE({LOCATION_STATE}:PLAIN)%"',
        f'"%DYNAMIC_METADATA({keys.NAMESPACE}:{keys.ERROR_REASON})%"',
        _quoted(_cel(_TARGET)),
        _quoted(_cel(_TARGET_STATUS)),
        _quoted(_cel(_CLASSIFICATION)),
        _quoted(_cel(_REASON)),
        "TID_%CONNECTION_ID%",
    )


def _type(listener: Listener) -> str:
    secure = listener.protocol is ListenerProtocol.HTTPS
    plain, socket = ("https", "wss") if secure else ("http", "ws")
    grpc = (
        "'content-type' in request.headers && request.headers['content-type'].startsWith('application/grpc')"
    )
    other = f"{grpc} ? 'grpcs' : 'h2'" if secure else "'h2'"
    return _cel(f"response.code == 101 ? '{socket}' : request.protocol == 'HTTP/2' ? ({other}) : '{plain}'")


def _quoted(field: str) -> str:
    return f'"{field}"'


def _cel(expression: str) -> str:
    return f"%CEL({expression})%"
