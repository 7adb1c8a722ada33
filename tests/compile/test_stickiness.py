"""Stickiness on routes and in filter chains; what it does: tests/end_to_end/balancers/test_stickiness.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from compile.balancers import balancer, forward, group, listener, project, rule
from compile.gateways import compiled
from gateline.compile import names
from gateline.compile.resources import LISTENER, SCOPED_ROUTE
from gateline.compile.stickiness import (
    SESSION_FILTER,
    STICKINESS_FILTER,
    stickiness_filters,
    stuck,
    uses_stickiness,
)
from gateline.compile.wire import new, to_dict
from gateline.model.load_balancer import Forward
from gateline.model.target_group import Stickiness, TargetGroup

HOUR = timedelta(hours=1)


def route(action: Forward, *groups: TargetGroup) -> Any:
    plain = new("envoy.config.route.v3.Route", route={"weighted_clusters": {"clusters": [{"name": "a"}]}})
    return to_dict(stuck(plain, action, {each.name: each for each in groups}, names.target_group))


def table(made: Any) -> str:
    text: str = made["typed_per_filter_config"][STICKINESS_FILTER]["filter_context"]["table"]
    return text


def test_a_route_that_is_not_sticky_stays_as_it_is() -> None:
    assert "typed_per_filter_config" not in route(forward(a=1, b=1), group("a"), group("b"))
    alone = replace(forward(a=1, b=0), stickiness=HOUR)  # nothing to choose
    assert "typed_per_filter_config" not in route(alone, group("a"), group("b"))


def test_a_sticky_route_knows_its_groups_and_where_their_shares_begin() -> None:
    sticky = Stickiness(duration=timedelta(seconds=90))
    action = replace(forward(a=3, none=0, b=2), stickiness=HOUR)
    made = route(action, group("a", stickiness=sticky), group("none"), group("b"))
    assert table(made) == "4:36001:21:a9:targets/a9:lb_cookie2:900:1:01:b9:targets/b0:1:00:1:3"
    assert made["route"]["weighted_clusters"]["header_name"] == "x-gl-choice"
    assert made["request_headers_to_remove"] == ["x-gl-target", "x-gl-choice"]
    assert SESSION_FILTER in made["typed_per_filter_config"]


def test_without_stickiness_of_the_forward_the_weights_have_their_own_dice() -> None:
    made = route(forward(a=1, b=1), group("a", stickiness=Stickiness()), group("b"))
    assert "header_name" not in made["route"]["weighted_clusters"]
    assert table(made).startswith("1:0")


@pytest.mark.parametrize("sticky", [None, Stickiness()])
def test_only_a_project_with_stickiness_has_the_filters(sticky: Stickiness | None) -> None:
    whole = project(
        balancer(listener(rule(None, forward(orders=1)))), groups=(group("orders", stickiness=sticky),)
    )
    assert uses_stickiness(whole) is (sticky is not None)
    made = compiled(whole).by_type
    text = str([*map(to_dict, made[LISTENER].values()), *map(to_dict, made[SCOPED_ROUTE].values())])
    assert (STICKINESS_FILTER in text) is (sticky is not None)


def test_the_script_is_told_the_path_of_its_key_and_not_the_key() -> None:
    assert stickiness_filters("") == []
    script, session = stickiness_filters('/a "b\\c')
    assert (script["name"], session["name"]) == (STICKINESS_FILTER, SESSION_FILTER)
    told: Any = script["typed_config"]
    path = "".join(f"\\{each:03d}" for each in b'/a "b\\c')
    assert f'local KEY_FILE = "{path}"'.encode() in told.value
