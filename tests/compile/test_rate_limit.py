"""Which buckets there are, how they fill, and what names them; over HTTP in tests/end_to_end/keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from compile.gateways import ORIGIN, api, compiled, gateway, method
from dataplane.keyed import keyed, plan
from gateline.compile import Memory, compile_gateway
from gateline.compile.listener import edge_listener
from gateline.compile.rate_limit import (
    MOST_KEYS,
    is_throttled,
    mark_throttled,
    throttle_filters,
    throttled_by_plans,
)
from gateline.compile.resources import SCOPED_ROUTE
from gateline.compile.route import CleanedHeaders
from gateline.compile.wire import message_class, new, to_dict
from gateline.model.gateway import Gateway, Keyring
from gateline.model.rest_api import Stage
from gateline.model.usage_plan import MethodThrottle, PlanStage, Throttle

FIVE = Throttle(rate_limit=5, burst_limit=10)
ONE = Throttle(rate_limit=1, burst_limit=2)
NONE = Throttle(rate_limit=0, burst_limit=0)


def only(path: str, verb: str, throttle: Throttle = ONE) -> MethodThrottle:
    """A throttle of one method."""
    return MethodThrottle(path=path, verb=verb, throttle=throttle)


def project(*plans: Any, **stage: Any) -> Gateway:
    """One API with one stage."""
    served = Stage(name="dev", origin=ORIGIN, **stage)
    one = api(keyed("GET", "/a"), method("POST", "/a"), keyed("ANY", "/b/{id}"), stages=(served,))
    return replace(gateway(one), usage_plans=plans)


def filter_of(given: Gateway) -> dict[str, Any]:
    """The filter's configuration."""
    [found] = throttle_filters(given)
    found_config: Any = found["typed_config"]
    made = message_class("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit")()
    made.ParseFromString(found_config.value)
    return to_dict(made)


def buckets(given: Gateway) -> dict[str, dict[str, Any]]:
    """The buckets by what names them; `*` is every value."""
    return {
        ", ".join(f"{entry['key']}={entry.get('value', '*')}" for entry in each["entries"]): each[
            "token_bucket"
        ]
        for each in filter_of(given)["descriptors"]
    }


def told(given: Gateway) -> dict[str, dict[str, str]]:
    """What routes say of themselves to the filter."""
    scope: Any = compiled(given).by_type[SCOPED_ROUTE]["orders/dev"]
    found = {}
    for action in scope.route_configuration.virtual_hosts[
        0
    ].matcher.matcher_tree.exact_match_map.map.values():
        route: Any = message_class("envoy.config.route.v3.Route")()
        route.ParseFromString(action.action.typed_config.value)
        if "gl" in route.metadata.filter_metadata:
            fields = route.metadata.filter_metadata["gl"].fields
            found[route.name] = {name: value.string_value for name, value in fields.items()}
    return found


def test_where_nothing_is_throttled_there_is_no_filter_and_no_route_says_anything() -> None:
    given = project(plan())
    assert throttle_filters(given) == []
    assert told(given) == {}
    listener = str(to_dict(edge_listener(given, CleanedHeaders(), None)))
    assert "local_ratelimit" not in listener


def test_a_plan_has_a_bucket_for_each_key_and_its_routes_say_nothing() -> None:
    given = project(plan(throttle=FIVE))
    assert buckets(given) == {
        "plan=gold, key=*": {"max_tokens": 10, "tokens_per_fill": 5, "fill_interval": "1s"}
    }
    assert told(given) == {}


def test_a_plan_may_throttle_single_methods() -> None:
    stage = PlanStage(api="orders", stage="dev", throttles=(only("/b/{id}", "ANY"), only("/gone", "GET")))
    given = project(plan(stages=(stage,)))
    assert list(buckets(given)) == ["plan=gold, method=orders/dev ANY /b/{id}, key=*"]
    assert told(given) == {"orders/dev ANY /b/{id}": {"method": "orders/dev ANY /b/{id}"}}
    assert is_throttled(given.usage_plans[0])
    assert [scope for scope, _ in throttled_by_plans(given)] == ["orders/dev"] * 2


def test_a_plans_throttle_of_all_methods_gives_way_to_one_of_a_method() -> None:
    stage = PlanStage(api="orders", stage="dev", throttles=(only("*", "*", FIVE), only("/a", "GET")))
    found = buckets(project(plan(stages=(stage,))))
    assert {name: each["max_tokens"] for name, each in found.items()} == {
        "plan=gold, method=orders/dev GET /a, key=*": 2,
        "plan=gold, method=orders/dev POST /a, key=*": 10,
        "plan=gold, method=orders/dev ANY /b/{id}, key=*": 10,
    }


def test_a_stages_throttle_is_for_each_method_but_those_that_have_their_own() -> None:
    given = project(throttle=FIVE, method_throttles=(only("/a", "GET"),))
    assert list(buckets(given)) == ["stage=orders/dev, method=*", "alone=orders/dev GET /a"]
    assert told(given) == {
        "orders/dev GET /a": {"alone": "orders/dev GET /a"},
        "orders/dev POST /a": {"stage": "orders/dev", "method": "orders/dev POST /a"},
        "orders/dev ANY /b/{id}": {"stage": "orders/dev", "method": "orders/dev ANY /b/{id}"},
    }


def test_a_throttle_of_nothing_takes_more_than_there_ever_is() -> None:
    given = project(plan(throttle=NONE), throttle=FIVE, method_throttles=(only("/a", "GET", NONE),))
    found = buckets(given)
    assert list(found) == [
        "closed plan=gold, closed key=*",
        "stage=orders/dev, method=*",
        "closed alone=orders/dev GET /a",
    ]
    assert found["closed alone=orders/dev GET /a"]["max_tokens"] == 1
    hits = [rule.get("hits_addend", {}).get("number", 1) for rule in filter_of(given)["rate_limits"]]
    assert [int(each) for each in hits] == [2, 1, 2]


@pytest.mark.parametrize(
    ("rate", "tokens", "interval"),
    [
        (1, 1, "1s"),
        (10_000, 10_000, "1s"),
        (0.5, 1, "2s"),
        (2.5, 5, "2s"),
        (0.001, 1, "1000s"),
        (0.3333333, 1, "3s"),
        (0.0001, 1, "10000s"),
        (1e-12, 1, "31536000s"),
    ],
)
def test_rates_may_be_fractions(rate: float, tokens: int, interval: str) -> None:
    [bucket] = buckets(project(plan(throttle=Throttle(rate_limit=rate, burst_limit=1)))).values()
    assert (bucket["tokens_per_fill"], bucket["fill_interval"]) == (tokens, interval)


def test_what_names_a_bucket_is_read_of_the_script_and_the_route_and_never_of_a_header() -> None:
    stage = PlanStage(api="orders", stage="dev", throttles=(only("/a", "GET"),))
    found = filter_of(project(plan(stages=(stage,), throttle=FIVE), throttle=FIVE))
    assert found["max_dynamic_descriptors"] == MOST_KEYS
    assert found["always_consume_default_token_bucket"] is False
    assert "token_bucket" not in found
    for rule in found["rate_limits"]:
        for action in rule["actions"]:
            assert list(action) == ["metadata"]
            read = action["metadata"]
            # Without one of its parts a bucket has no name: half a name would be another bucket's.
            assert "skip_if_absent" not in read
            assert "default_value" not in read
            assert read["metadata_key"]["key"] == "gl"
            script_says = read["descriptor_key"] in ("plan", "key")
            assert read.get("source", "DYNAMIC") == ("DYNAMIC" if script_says else "ROUTE_ENTRY")


def test_routes_are_compiled_anew_when_a_plan_throttles_their_method() -> None:
    memory = Memory()
    before = project(plan())
    stage = PlanStage(api="orders", stage="dev", throttles=(only("/a", "GET"),))
    after = replace(before, usage_plans=(plan(stages=(stage,)),))
    first = compile_gateway(before, Keyring(), memory=memory).resources
    second = compile_gateway(after, Keyring(), memory=memory).resources
    assert first is not None
    assert second is not None
    assert first.by_type[SCOPED_ROUTE]["orders/dev"] != second.by_type[SCOPED_ROUTE]["orders/dev"]


def test_each_rule_of_a_balancer_behind_a_method_says_the_same() -> None:
    given = project(throttle=FIVE)
    rules = new("envoy.config.route.v3.RouteList", routes=[{"name": "one"}, {"name": "two"}])
    [one] = given.apis
    mark_throttled(rules, given, "orders", one.stages[0], one.methods[0])
    told_by = [each["metadata"]["filter_metadata"]["gl"] for each in to_dict(rules)["routes"]]  # type: ignore[attr-defined]
    assert told_by == [{"stage": "orders/dev", "method": "orders/dev GET /a"}] * 2
