"""Stickiness in Envoy's terms: clients come back to their target and to their target group (docs/decisions/0025).

`stickiness.lua` reads and writes the cookies. What it found out it tells Envoy, on the routes that are sticky:

- a target, in TARGET_HEADER, to the stateful session filter, which leads there while it is registered and healthy;
- a target group, in CHOICE_HEADER, as the dice of the weighted route.

A route that is not sticky has nothing of this, and a project without any has no filter of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any, Final

from google.protobuf.message import Message

from gateline import dataplane
from gateline.compile.lua_filter import lua_filter, lua_route
from gateline.compile.route import header
from gateline.compile.table import Table, table_id
from gateline.compile.wire import extension, new, packed
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Forward
from gateline.model.target_group import TargetGroup

STICKINESS_FILTER: Final = "gateline.stickiness"
STICKINESS_SCRIPT: Final = "stickiness.lua"
SESSION_FILTER: Final = "envoy.filters.http.stateful_session"

GROUP_HEADER: Final = "x-gl-group"  # of an answer: the cluster that gave it
SERVED_HEADER: Final = "x-gl-served"  # of an answer: the target that gave it
TARGET_HEADER: Final = "x-gl-target"  # of a request: the target that is wanted, in base64
CHOICE_HEADER: Final = "x-gl-choice"  # of a request: a number among the weights


def is_sticky(forward: Forward, groups: Mapping[str, TargetGroup]) -> bool:
    """Whether clients come back to a target, or to a target group, of this forward."""
    weighted = [groups[each.name] for each in forward.target_groups if each.weight]
    chooses = forward.stickiness is not None and len(weighted) > 1
    return chooses or any(group.stickiness for group in weighted)


def uses_stickiness(gateway: Gateway) -> bool:
    """Whether any route of the project may be sticky: then listeners have the filters for it."""
    groups = any(group.stickiness for group in gateway.target_groups)
    actions = (rule.action for rule in gateway.rules)
    return groups or any(isinstance(each, Forward) and each.stickiness is not None for each in actions)


def stickiness_filters(key_file: str) -> list[dict[str, object]]:
    """The HTTP filters, in order; they stand before whatever changes what rules are judged by.

    Args:
        key_file: where the key lies with which cookies are sealed; "": there is no stickiness, and no filter.

    """
    if not key_file:
        return []
    return [
        lua_filter(STICKINESS_FILTER, {STICKINESS_SCRIPT: dataplane.stickiness_script(key_file)}),
        extension(SESSION_FILTER, "envoy.extensions.filters.http.stateful_session.v3.StatefulSession"),
    ]


def stuck(
    route: Message,
    forward: Forward,
    groups: Mapping[str, TargetGroup],
    cluster_of: Callable[[str], str],
) -> Message:
    """The route with stickiness, if the forward that it performs has some.

    Args:
        route: a Route that leads to the forward's clusters.
        forward: the rule's action.
        groups: target groups by name.
        cluster_of: the cluster of a target group.

    """
    if not is_sticky(forward, groups):
        return route
    table = _table(forward, groups, cluster_of)
    script = lua_route(STICKINESS_SCRIPT, {"id": table_id(table), "table": table})
    made: Any = new("envoy.config.route.v3.Route")
    made.CopyFrom(route)
    made.MergeFrom(
        new(
            "envoy.config.route.v3.Route",
            request_headers_to_remove=[TARGET_HEADER, CHOICE_HEADER],
            response_headers_to_add=[
                header(GROUP_HEADER, "%UPSTREAM_CLUSTER_RAW%"),
                header(SERVED_HEADER, "%UPSTREAM_HOST%"),
            ],
            typed_per_filter_config={STICKINESS_FILTER: script, SESSION_FILTER: packed(_session())},
        )
    )
    if made.route.HasField("weighted_clusters") and forward.stickiness is not None:
        made.route.weighted_clusters.header_name = CHOICE_HEADER
    return made  # type: ignore[no-any-return]


def _session() -> Message:
    by_header = extension(
        "envoy.http.stateful_session.header",
        "envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState",
        name=TARGET_HEADER,
    )
    return new(
        "envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute",
        stateful_session={"session_state": by_header},
    )


def _table(forward: Forward, groups: Mapping[str, TargetGroup], cluster_of: Callable[[str], str]) -> str:
    """What the script knows of a route: each group with the number at which its share of the weights begins."""
    weighted = [each for each in forward.target_groups if each.weight]
    begins = accumulate((each.weight for each in weighted), initial=0)
    chooses = forward.stickiness is not None and len(weighted) > 1
    table = Table()
    table.put(int(forward.stickiness.total_seconds()) if forward.stickiness and chooses else 0)
    table.put(len(weighted))
    for each, begin in zip(weighted, begins, strict=False):
        sticky = groups[each.name].stickiness
        table.put(each.name, cluster_of(each.name), sticky.type if sticky else "")
        table.put(int(sticky.duration.total_seconds()) if sticky else 0)
        table.put(sticky.cookie_name if sticky else "", begin)
    return table.text
