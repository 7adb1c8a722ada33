"""The order of filters is what keeps an injected header from being taken away and a body from being read early."""

from __future__ import annotations

from dataclasses import replace

from compile.gateways import gateway
from dataplane.keyed import THROTTLED, plan
from gateline.compile.chain import http_filters
from gateline.compile.rate_limit import throttle_filters


def test_the_filters_stand_in_the_order_that_their_reasons_demand() -> None:
    assert [f["name"] for f in http_filters(redirects=False)] == [
        "envoy.filters.http.lua",
        "gateline.body_limit",
        "envoy.filters.http.header_mutation",
        "envoy.filters.http.router",
    ]


def test_what_the_script_remembers_outlives_a_change_of_the_listener() -> None:
    script = http_filters(redirects=False)[0]["typed_config"]
    assert b"gateline" in script.SerializeToString()  # type: ignore[attr-defined]


def test_whoever_is_throttled_is_turned_away_before_anything_is_done() -> None:
    project = replace(gateway(), usage_plans=(plan(throttle=THROTTLED),))
    names = [f["name"] for f in http_filters(redirects=True, throttles=throttle_filters(project))]
    assert names[:3] == ["envoy.filters.http.lua", "envoy.filters.http.local_ratelimit", "gateline.redirect"]


def test_redirects_of_balancers_are_made_behind_the_script_where_there_are_any() -> None:
    names = [f["name"] for f in http_filters(redirects=True)]
    assert names[1] == "gateline.redirect"
    assert [*names[:1], *names[2:]] == [f["name"] for f in http_filters(redirects=False)]
