"""Actions of balancers' rules as fields of Envoy's Route (load-balancers.md section 3).

What a balancer answers itself has two forms: `behind_api`, as a client of API Gateway's http_proxy integration
sees it (headers renamed as `remap.py` renames a backend's), and as the balancer's own client sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from google.protobuf.message import Message

from gateline import dataplane
from gateline.compile.client_version import MISMATCH, MISMATCH_SCRIPT
from gateline.compile.error_page import BALANCER_SERVER, error_page
from gateline.compile.lua_filter import lua_filter, lua_route
from gateline.compile.remap import remapped
from gateline.compile.route import HEADER_MUTATION_FILTER, header
from gateline.compile.wire import extension, new, packed
from gateline.model.load_balancer import FixedResponse, Forward, ListenerProtocol, Redirect

REDIRECT_FILTER: Final = "gateline.redirect"
REDIRECT_SCRIPT: Final = "redirect.lua"
LOCATION_STATE: Final = "gl.location"
"""Filter state in which `redirect.lua` leaves the Location for the route to write."""

_RETRIES: Final = 2
_CHOICES: Final = 5
"""So often the algorithm is asked for a target that was not tried yet."""

_DATE: Final = "%START_TIME(%a, %d %b %Y %H:%M:%S GMT)%"
_REASONS: Final = {
    400: "Bad Request",
    401: "Authorization Required",
    405: "Method Not Allowed",
    408: "Request Time-out",
    414: "Request-URI Too Large",
    463: "Too Many Addresses",
    464: "Incompatible Protocol Versions",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
"""The balancer's own words, where they are not those of the standard."""


def destination(forward: Forward, cluster_of: Callable[[str], str]) -> dict[str, object] | None:
    """Where a RouteAction leads, by the clusters of the target groups; None when no group has weight: 503."""
    groups = [group for group in forward.target_groups if group.weight]
    if not groups:
        return None
    retried = {"retry_policy": _retry_policy()}
    if len(groups) == 1:
        return {"cluster": cluster_of(groups[0].name), **retried}
    clusters = [{"name": cluster_of(group.name), "weight": {"value": group.weight}} for group in groups]
    return {"weighted_clusters": {"clusters": clusters}, **retried}


def _retry_policy() -> dict[str, object]:
    """Another target is asked when one cannot be reached: nothing of the request was sent to it.

    A task that was killed is in its target group until that was noticed.
    """
    elsewhere = extension(
        "envoy.retry_host_predicates.previous_hosts",
        "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    )
    return {
        "retry_on": "connect-failure,reset-before-request",
        "num_retries": {"value": _RETRIES},
        "retry_host_predicate": [elsewhere],
        "host_selection_retry_max_attempts": _CHOICES,
    }


def fixed_response_fields(action: FixedResponse, *, behind_api: bool) -> dict[str, object]:
    """The constant answer of a fixed-response action."""
    fields = _answer(action.status_code, action.message_body, action.content_type, behind_api=behind_api)
    if not action.message_body:
        # Envoy takes the Content-Type from an answer without a body; the balancer does not.
        fields["typed_per_filter_config"] = {
            HEADER_MUTATION_FILTER: packed(_content_type(action.content_type))
        }
    return fields


def redirect_fields(
    action: Redirect,
    *,
    behind_api: bool,
    listener_protocol: ListenerProtocol,
    listener_port: int,
    host: str = "",
) -> dict[str, object]:
    """The answer of a redirect action. `redirect_filter` must stand in the filter chain: it makes the Location.

    `host` is the request's, where it is known and not what the request says: behind an integration.
    """
    fields = _answer(action.status_code, page(action.status_code), "text/html", behind_api=behind_api)
    added = fields["response_headers_to_add"]
    assert isinstance(added, list)
    added.append(header("location", f"%FILTER_STATE({LOCATION_STATE}:PLAIN)%"))
    protocol = str(listener_protocol).lower()
    context = {
        "protocol": action.protocol.lower(),
        "host": action.host,
        "port": action.port,
        "path": action.path,
        "query": action.query,
        "of_protocol": protocol,
        "of_port": str(listener_port),
        "of_host": host,
    }
    fields["typed_per_filter_config"] = {REDIRECT_FILTER: lua_route(REDIRECT_SCRIPT, context)}
    return fields


def unavailable_fields(*, behind_api: bool) -> dict[str, object]:
    """503: what a forward action answers when none of its target groups has weight."""
    return failure_fields(503, behind_api=behind_api)


def page(status: int) -> str:
    """The balancer's own page for a status (load-balancers.md section 9)."""
    return error_page(status, _REASONS[status] if status in _REASONS else HTTPStatus(status).phrase)


def page_fields(status: int) -> dict[str, object]:
    """An error of the balancer's own, told to its own client."""
    return failure_fields(status, behind_api=False)


def failure_fields(status: int, *, behind_api: bool) -> dict[str, object]:
    """An error of the balancer's own."""
    return _answer(status, page(status), "text/html", behind_api=behind_api)


def mismatch_fields() -> dict[str, object]:
    """464: the target groups of the rule do not speak what the client does."""
    return {
        **page_fields(MISMATCH),
        "typed_per_filter_config": {REDIRECT_FILTER: lua_route(MISMATCH_SCRIPT)},
    }


def redirect_filter() -> dict[str, object]:
    """The HTTP filter that runs `redirect.lua` or `mismatch.lua` on routes that name it, and nothing on others.

    It is not `disabled`: whether a filter is disabled is decided by a request's first route, and behind
    `gateway.lua` the route that counts is the second.
    """
    scripts = {REDIRECT_SCRIPT: dataplane.redirect_script(), MISMATCH_SCRIPT: dataplane.mismatch_script()}
    return lua_filter(REDIRECT_FILTER, scripts)


def _answer(status: int, body: str, content_type: str, *, behind_api: bool) -> dict[str, object]:
    added = [header("content-type", _literal(content_type))]
    if behind_api:
        added += [
            header(remapped("server"), BALANCER_SERVER),
            header(remapped("date"), _DATE),
            header(remapped("content-length"), str(len(body.encode()))),
            header(remapped("connection"), "keep-alive"),
        ]
    else:
        added.append(header("server", BALANCER_SERVER))
    response: dict[str, object] = {"status": status}
    if body:
        response["body"] = {"inline_string": body}
    return {"direct_response": response, "response_headers_to_add": added}


def _content_type(content_type: str) -> Message:
    named = {"append": header("content-type", _literal(content_type))}
    return new(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
        mutations={"response_mutations": [named]},
    )


def _literal(value: str) -> str:
    """A value in which Envoy sees no format."""
    return value.replace("%", "%%")
