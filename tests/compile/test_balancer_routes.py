"""A balancer's scope: refusals first, then the rules in their order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from compile.balancers import balancer, fixed, forward, group, listener, project, rule
from compile.gateways import compiled
from gateline.compile.balancer_routes import UNUSUAL
from gateline.compile.resources import SCOPED_ROUTE
from gateline.compile.wire import message_class
from gateline.model.gateway import PathMode
from gateline.model.load_balancer import ListenerProtocol, PathPattern, Redirect, Rule

REFUSALS = ["TRACE", "verb", "host", "target", "X-Forwarded-For", UNUSUAL]


def scope(*rules: Rule, paths: PathMode = PathMode.STRICT, **fields: Any) -> Any:
    groups = (group("orders"), group("web"))
    resources = compiled(project(balancer(listener(*rules, **fields)), groups=groups, paths=paths))
    [name] = [each for each in resources.by_type[SCOPED_ROUTE] if each.startswith("balancer/")]
    return resources.by_type[SCOPED_ROUTE][name]


def routes(*rules: Rule, **fields: Any) -> Any:
    [host] = scope(*rules, **fields).route_configuration.virtual_hosts
    return host.routes


def named(name: str) -> Any:
    [found] = [route for route in routes() if route.name == name]
    return found


def test_rules_stand_in_order_behind_what_is_refused() -> None:
    made = routes(
        rule(5, fixed(200), PathPattern(("/a",))),
        rule(7, Redirect(status_code=301, port="443"), PathPattern(("/b",))),
        rule(9, forward(orders=1), PathPattern(("/c",))),
        rule(None, fixed(404)),
    )
    rules = [f"balancer/public:80 rule {told}" for told in (5, 7, "9 mismatch", 9, "default")]
    assert [route.name for route in made] == [*REFUSALS, *rules]
    assert made[-2].route.cluster == "targets/orders"
    assert made[-2].route.timeout.ToTimedelta().total_seconds() == 0


def test_a_forward_without_weight_is_503() -> None:
    made = routes(rule(None, forward(orders=0, web=0)))
    assert made[-1].direct_response.status == 503


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        ("TRACE", 405),
        ("verb", 400),
        ("host", 400),
        ("target", 400),
        ("X-Forwarded-For", 463),
        (UNUSUAL, 400),
    ],
)
def test_each_refusal_has_its_status(refusal: str, status: int) -> None:
    assert named(refusal).direct_response.status == status


def refuses(refusal: str, value: str) -> bool:
    [header] = named(refusal).match.headers
    fits = re.fullmatch(header.string_match.safe_regex.regex.replace(r"\C", "(?s:.)"), value) is not None
    return fits is not bool(header.invert_match)


def test_verbs_are_those_that_rules_can_name() -> None:
    assert [refuses("verb", verb) for verb in ("GET", "X-Y_Z", "A" * 40)] == [False] * 3
    assert [refuses("verb", verb) for verb in ("get", "Put", "trace", "G1", "A" * 41, "")] == [True] * 6


@pytest.mark.parametrize("host", ["shop.test", "shop.test:80", "shop_a.test.", "[::1]:80", "127.0.0.1", "x:"])
def test_hosts_that_are_taken(host: str) -> None:
    assert not refuses("host", host)


ODD_HOSTS = [
    "a.test..",
    "a..test",
    ".a.test",
    ".",
    "~a.test",
    "[a.test",
    "a.test]",
    "a.test:80x",
    "a.test%2e",
]


@pytest.mark.parametrize(
    "host", ["", "a,b", "a.test:x", "a b", "a:1:2", "a/b", "a@b", "[::1", "a:123456", *ODD_HOSTS]
)
def test_hosts_that_are_refused(host: str) -> None:
    assert refuses("host", host)


def test_thirty_addresses_are_taken_and_one_more_is_not() -> None:
    assert not refuses("X-Forwarded-For", ",".join(["10.0.0.1"] * 30))
    assert refuses("X-Forwarded-For", ", ".join(["10.0.0.1"] * 31))


def test_an_unusual_target_is_refused_unless_the_script_has_let_it_on() -> None:
    match = named(UNUSUAL).match
    [judged] = match.dynamic_metadata
    assert judged.invert
    assert refuses(UNUSUAL, "/a%20b")
    assert not refuses(UNUSUAL, "/a/b?c=%20")


@pytest.mark.parametrize(("paths", "told"), [(PathMode.STRICT, "1:1"), (PathMode.AWS, "1:0")])
def test_the_script_is_told_every_pattern_once(paths: PathMode, told: str) -> None:
    made = routes(
        rule(1, fixed(200), PathPattern(("/a", "/b"))),
        rule(2, fixed(201), PathPattern(("/b",))),
        rule(None, fixed(404)),
        paths=paths,
    )
    [unusual] = [route for route in made if route.name == UNUSUAL]
    per_route: Any = message_class("envoy.extensions.filters.http.lua.v3.LuaPerRoute")()
    per_route.ParseFromString(unusual.typed_per_filter_config["envoy.filters.http.lua"].value)
    assert per_route.filter_context.fields["table"].string_value == f"{told}1:22:/a2:/b"


def test_targets_are_told_of_the_listener() -> None:
    configuration = scope(port=443, protocol=ListenerProtocol.HTTPS, certificates=()).route_configuration
    added = {each.header.key: each.header.value for each in configuration.request_headers_to_add}
    assert added["x-forwarded-proto"] == "https"
    assert added["x-forwarded-port"] == "443"
    assert "x-gl-scope" in configuration.request_headers_to_remove
