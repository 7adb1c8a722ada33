"""Actions as fields of a Route: to the balancer's own client, and behind API Gateway."""

from __future__ import annotations

from typing import Any

from compile.balancers import fixed, forward
from gateline.compile.client_version import MISMATCH_SCRIPT
from gateline.compile.rule_action import (
    LOCATION_STATE,
    REDIRECT_FILTER,
    REDIRECT_SCRIPT,
    destination,
    fixed_response_fields,
    page_fields,
    redirect_fields,
    redirect_filter,
    unavailable_fields,
)
from gateline.compile.wire import message_class, new, packed
from gateline.model.load_balancer import ListenerProtocol, Redirect


def route(fields: dict[str, object]) -> Any:
    """The Route, which must be one that Envoy knows."""
    return new("envoy.config.route.v3.Route", match={"prefix": "/"}, **fields)


def headers(fields: dict[str, object]) -> dict[str, str]:
    return {each.header.key: each.header.value for each in route(fields).response_headers_to_add}


def test_one_group_with_weight_is_a_cluster() -> None:
    alone = destination(forward(a=1, b=0), "targets/{}".format)
    assert route({"route": alone}).route.cluster == "targets/a"


def test_another_target_is_asked_only_when_one_got_nothing_of_the_request() -> None:
    policy = route({"route": destination(forward(a=1), "targets/{}".format)}).route.retry_policy
    assert policy.retry_on == "connect-failure,reset-before-request"
    assert policy.num_retries.value == 2


def test_several_groups_share_by_weight() -> None:
    shared = destination(forward(a=3, b=1, c=0), "targets/{}".format)
    assert shared is not None
    clusters = route({"route": shared}).route.weighted_clusters.clusters
    assert [(each.name, each.weight.value) for each in clusters] == [("targets/a", 3), ("targets/b", 1)]


def test_no_weight_at_all_leads_nowhere() -> None:
    assert destination(forward(a=0, b=0), "targets/{}".format) is None
    assert destination(forward(), "targets/{}".format) is None


def test_a_balancers_own_client_is_told_who_answers() -> None:
    fields = fixed_response_fields(fixed(403, "100% no", content_type="text/html"), behind_api=False)
    assert route(fields).direct_response.body.inline_string == "100% no"
    assert headers(fields) == {"content-type": "text/html", "server": "awselb/2.0"}


def test_behind_api_gateway_the_balancers_headers_are_renamed() -> None:
    fields = fixed_response_fields(fixed(403, "caf\u00e9"), behind_api=True)
    told = headers(fields)
    assert told.pop("x-amzn-remapped-date").startswith("%START_TIME(")
    assert told == {
        "content-type": "text/plain",
        "x-amzn-remapped-server": "awselb/2.0",
        "x-amzn-remapped-content-length": "5",
        "x-amzn-remapped-connection": "keep-alive",
    }


def test_an_answer_without_a_body_keeps_its_content_type() -> None:
    made = route(fixed_response_fields(fixed(404), behind_api=False))
    assert not made.direct_response.HasField("body")
    assert list(made.typed_per_filter_config) == ["envoy.filters.http.header_mutation"]


def test_a_redirect_has_its_parts_in_the_scripts_context() -> None:
    redirect = Redirect(protocol="HTTPS", port="443", status_code=301)
    fields = redirect_fields(
        redirect, behind_api=True, listener_protocol=ListenerProtocol.HTTP, listener_port=80, host="in.shop"
    )
    made = route(fields)
    per_route: Any = message_class("envoy.extensions.filters.http.lua.v3.LuaPerRoute")()
    per_route.ParseFromString(made.typed_per_filter_config[REDIRECT_FILTER].value)
    context = {key: value.string_value for key, value in per_route.filter_context.fields.items()}
    assert per_route.name == REDIRECT_SCRIPT
    assert context == {
        "protocol": "https",
        "host": "#{host}",
        "port": "443",
        "path": "/#{path}",
        "query": "#{query}",
        "of_protocol": "http",
        "of_port": "80",
        "of_host": "in.shop",
    }
    assert made.direct_response.status == 301
    assert "<h1>301 Moved Permanently</h1>" in made.direct_response.body.inline_string
    assert headers(fields)["location"] == f"%FILTER_STATE({LOCATION_STATE}:PLAIN)%"


def test_pages_have_the_balancers_words() -> None:
    titles = {
        status: route(page_fields(status)).direct_response.body.inline_string.split("title>")[1][:-2]
        for status in (400, 405, 414, 502, 503, 504)
    }
    assert titles == {
        400: "400 Bad Request",
        405: "405 Method Not Allowed",
        414: "414 Request-URI Too Large",
        502: "502 Bad Gateway",
        503: "503 Service Temporarily Unavailable",
        504: "504 Gateway Time-out",
    }
    assert route(unavailable_fields(behind_api=False)) == route(page_fields(503))


def test_the_redirect_filter_runs_only_where_a_route_names_its_script() -> None:
    filter_ = redirect_filter()
    lua: Any = message_class("envoy.extensions.filters.http.lua.v3.Lua")()
    lua.ParseFromString(filter_["typed_config"].value)  # type: ignore[attr-defined]
    assert packed(lua) == filter_["typed_config"]
    assert {*lua.source_codes} == {REDIRECT_SCRIPT, MISMATCH_SCRIPT}
    assert not lua.HasField("default_source_code")
