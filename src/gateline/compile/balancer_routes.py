"""The routes of a listener of an application balancer of the internet: what comes before its rules, and its rules.

They are a scope of their own, which the listener's early mutation names, so an edited rule is one resource and
holds at once, also for connections that are open. What must be refused is refused by Envoy itself; only a target
of an unusual form is looked at by `balancer.lua`, which lets it on to the rules or leaves it where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, assert_never

from google.protobuf.message import Message

from gateline.compile import rule_action
from gateline.compile.access_log import action_name, rule_metadata
from gateline.compile.balancer_headers import balancer_headers
from gateline.compile.balancer_login import guarded, is_closed, login_paths
from gateline.compile.client_version import misfits
from gateline.compile.entry import LUA_FILTER, PLAIN_TARGET, scoped
from gateline.compile.lua_filter import lua_route
from gateline.compile.route import CleanedHeaders
from gateline.compile.rule_match import match_of
from gateline.compile.rule_pattern import path_patterns
from gateline.compile.rule_transform import transform_fields, untransformed
from gateline.compile.stickiness import is_sticky, stuck
from gateline.compile.table import Table, table_id
from gateline.compile.wire import new
from gateline.dataplane import keys
from gateline.model.balancer_attributes import DesyncMode
from gateline.model.gateway import PathMode
from gateline.model.load_balancer import (
    Action,
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    PathPattern,
    Redirect,
    Rule,
)
from gateline.model.target_group import TargetGroup

UNUSUAL: Final = "unusual form"
"""The name of the route for targets of an unusual form, by which `balancer.lua` knows it."""

JUDGED: Final = "judged"
"""The dynamic metadata with which `balancer.lua` lets such a target on."""

MOST_FORWARDED: Final = 30
"""Addresses in X-Forwarded-For; one more is 463 (load-balancers.md section 6)."""

_LABEL: Final = "[A-Za-z0-9_-]+"
_AUTHORITY: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{0,5}})?"
"""A name of labels, with a last dot at most, or an address: what has one reading only as a host."""

_VERB: Final = "[A-Z_-]{1,40}"
"""As rules can name them: nobody else refuses others."""

_ANYTHING: Final = {"safe_regex": {"regex": r"\C*"}}
_NO_TIMEOUT: Final = timedelta(0)  # the listener's idle timeout ends what says nothing


def balancer_scope(
    scope: str,
    balancer: LoadBalancer,
    listener: Listener,
    *,
    paths: PathMode,
    cleaned: CleanedHeaders,
    cluster_of: Callable[[str], str],
    groups: Mapping[str, TargetGroup],
) -> Message:
    """The ScopedRouteConfiguration of a listener.

    Args:
        scope: its name, the listener's.
        balancer: an application balancer of the internet.
        listener: one of its listeners, no rule of which names a secret.
        paths: how odd path forms are treated.
        cleaned: names of headers that carry secrets, which no answer may show.
        cluster_of: the cluster of a target group.
        groups: the target groups by name.

    """
    rules = [
        route
        for rule in listener.rules
        for route in (
            *_mismatches(scope, rule, groups),
            *(
                _stuck(each, rule.action, groups, cluster_of)
                for each in _logged(
                    balancer,
                    rule,
                    guarded(_rule(scope, rule, listener, paths, cluster_of), balancer, listener, rule),
                )
            ),
        )
    ]
    if any(rule.transforms for rule in listener.rules):
        rules.insert(0, untransformed(f"{scope} transforms", behind_api=False))
    before = [*_refusals(balancer, listener, paths), *login_paths(scope, balancer, listener)]
    return scoped(
        scope,
        virtual_hosts=[
            {"name": "balancer", "domains": ["*"], "routes": [*before, *rules]},
        ],
        **balancer_headers(balancer, listener, cleaned),
    )


def _refusals(balancer: LoadBalancer, listener: Listener, paths: PathMode) -> list[dict[str, object]]:
    """What is answered before any rule is asked."""
    too_many = rf"(?:[^,]*,){{{MOST_FORWARDED},}}\C*"
    return [
        _refusal("TRACE", 405, _if(":method", "TRACE")),
        _refusal("verb", 400, _if(":method", _VERB, fits=False)),
        _refusal("host", 400, _if(":authority", _AUTHORITY, fits=False)),
        # Over HTTP/1 Envoy itself takes no other bytes; over HTTP/2 it would.
        _refusal("target", 400, _if(":path", "/[!-~]*", fits=False)),
        _refusal("X-Forwarded-For", 463, _if("x-forwarded-for", too_many)),
        *_desync(balancer.attributes.desync_mitigation_mode),
        _unusual(listener, paths),
    ]


def _if(name: str, regex: str, *, fits: bool = True) -> dict[str, object]:
    return {
        "name": name,
        "string_match": {"safe_regex": {"regex": regex}},
        "invert_match": not fits,
    }


def _desync(mode: DesyncMode) -> list[dict[str, object]]:
    """What is left of ambiguous requests where Envoy has parsed one; it refuses the others in every mode.

    Chunks of a GET are not seen here any more.
    """
    if mode is not DesyncMode.STRICTEST:
        return []
    length = {"name": "content-length", "present_match": True}
    return [_refusal("length without a body", 400, _if(":method", "GET|HEAD"), length)]


def _refusal(name: str, status: int, *conditions: Mapping[str, object]) -> dict[str, object]:
    return {
        "name": name,
        "match": {**_ANYTHING, "headers": list(conditions)},
        **rule_action.page_fields(status),
    }


def _unusual(listener: Listener, paths: PathMode) -> dict[str, object]:
    table = Table()
    table.put(int(paths is PathMode.STRICT))
    table.put_all(
        dict.fromkeys(
            value
            for rule in listener.rules
            for condition in rule.conditions
            if isinstance(condition, PathPattern)
            for value in path_patterns(condition)
        )
    )
    judged = {
        "filter": keys.NAMESPACE,
        "path": [{"key": JUDGED}],
        "value": {"string_match": {"exact": "1"}},
        "invert": True,
    }
    return {
        "name": UNUSUAL,
        "match": {
            **_ANYTHING,
            "headers": [_if(":path", PLAIN_TARGET, fits=False)],
            "dynamic_metadata": [judged],
        },
        **rule_action.page_fields(400),
        "typed_per_filter_config": {
            LUA_FILTER: lua_route(context={"id": table_id(table.text), "table": table.text})
        },
    }


def _logged(
    balancer: LoadBalancer, rule: Rule, routes: Sequence[dict[str, object]]
) -> Iterator[dict[str, object]]:
    """The routes of a rule, with what the access log tells of it, where there is one."""
    asked = ["authenticate"] if rule.authentication is not None else []
    for route in routes:
        if balancer.access_log:
            actions = asked if is_closed(route) else [*asked, action_name(rule.action)]
            yield {**route, "metadata": rule_metadata(rule.priority, actions, beside=route.get("metadata"))}
        else:
            yield route


def _mismatches(scope: str, rule: Rule, groups: Mapping[str, TargetGroup]) -> Iterator[dict[str, object]]:
    """The routes of a rule's requests that its target groups cannot take; all of them speak the same."""
    forwarded = rule.action.target_groups if isinstance(rule.action, Forward) else ()
    if forwarded:
        for match in misfits(match_of(rule.conditions), groups[forwarded[0].name].protocol_version):
            name = f"{scope} rule {rule.label} mismatch"
            yield {"name": name, "match": match, **rule_action.mismatch_fields()}


def _rule(
    scope: str, rule: Rule, listener: Listener, paths: PathMode, cluster_of: Callable[[str], str]
) -> dict[str, object]:
    return {
        "name": f"{scope} rule {rule.label}",
        "match": match_of(rule.conditions),
        **_action(rule, listener, paths, cluster_of),
    }


def _stuck(
    route: dict[str, object],
    action: Action,
    groups: Mapping[str, TargetGroup],
    cluster_of: Callable[[str], str],
) -> Message | dict[str, object]:
    """The route with its forward's stickiness; who waits for a login is not sent anywhere yet."""
    if not isinstance(action, Forward) or "route" not in route or not is_sticky(action, groups):
        return route
    return stuck(new("envoy.config.route.v3.Route", **route), action, groups, cluster_of)


def _action(
    rule: Rule, listener: Listener, paths: PathMode, cluster_of: Callable[[str], str]
) -> dict[str, object]:
    match rule.action:
        case Forward() as forward:
            destination = rule_action.destination(forward, cluster_of)
            if destination is None:
                return rule_action.unavailable_fields(behind_api=False)
            return {
                "route": {**destination, "timeout": _NO_TIMEOUT},
                "typed_per_filter_config": transform_fields(rule.transforms, paths),
            }
        case FixedResponse() as fixed:
            return rule_action.fixed_response_fields(fixed, behind_api=False)
        case Redirect() as redirect:
            return rule_action.redirect_fields(
                redirect,
                behind_api=False,
                listener_protocol=listener.protocol,
                listener_port=listener.port,
            )
        case action:
            assert_never(action)
