"""Transforms in routes and filter chains; over HTTP in tests/end_to_end/balancers/test_rule_transforms.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compile.balancers import balancer, fixed, forward, group, listener, project, rule
from compile.gateways import ORIGIN, api, http_proxy, keyring, method
from gateline.compile import Compiled, compile_gateway
from gateline.compile.resources import LISTENER, SCOPED_ROUTE
from gateline.compile.rule_transform import (
    REWRITE_FILTER,
    TRANSFORM_FILTER,
    transform_fields,
    transform_filters,
)
from gateline.compile.wire import to_dict
from gateline.model import codes
from gateline.model.assertion import Assertion, Binding
from gateline.model.gateway import Gateway, PathMode
from gateline.model.load_balancer import PathPattern, Rule, Scheme
from gateline.model.transform import NO_TRANSFORMS, Rewrite, Transforms

BOTH = Transforms(host=Rewrite("^a$", "b"), url=Rewrite("^/x/(.*)$", "/y/$1"))


def rewriting(transforms: Transforms = BOTH) -> Rule:
    return replace(rule(1, forward(one=1), PathPattern(("/x/*",))), transforms=transforms)


def compiled(of: Rule, *, scheme: Scheme = Scheme.INTERNET_FACING, **stage: Any) -> Compiled:
    inner = replace(balancer(listener(of, rule(None, fixed(404))), scheme=scheme), dns_name="inner.test")
    whole: Gateway = project(inner, groups=(group("one", ("10.0.0.1", 80)),))
    shop = api(method("GET", "/a", http_proxy("http://inner.test/x/a")))
    shop = replace(shop, stages=tuple(replace(each, **stage) for each in shop.stages))
    return compile_gateway(replace(whole, apis=(shop,)), keyring())


def resource(result: Compiled, kind: str, name: str) -> Any:
    assert result.resources is not None, result.report
    return to_dict(result.resources.by_type[kind][name])


def filters_of(shown: Any) -> list[str]:
    [chain] = shown["filter_chains"]
    manager = chain["filters"][-1]["typed_config"]
    return [each["name"] for each in manager["http_filters"]]


def test_a_listener_has_the_filters_only_in_a_project_that_transforms() -> None:
    for name in ("edge", "balancer/public:80"):
        found = filters_of(resource(compiled(rewriting()), LISTENER, name))
        assert found.index("gateline.redirect" if name != "edge" else "envoy.filters.http.lua") < found.index(
            REWRITE_FILTER
        )
        assert found.index(REWRITE_FILTER) + 1 == found.index(TRANSFORM_FILTER)
        assert REWRITE_FILTER not in filters_of(resource(compiled(rewriting(NO_TRANSFORMS)), LISTENER, name))


def test_a_route_before_all_rules_answers_what_could_not_be_transformed() -> None:
    [host] = resource(compiled(rewriting()), SCOPED_ROUTE, "balancer/public:80")["route_configuration"][
        "virtual_hosts"
    ]
    routes = {route["name"].removeprefix("balancer/public:80 "): route for route in host["routes"]}
    names = list(routes)
    assert names.index("transforms") < min(names.index(name) for name in names if name.startswith("rule "))
    assert routes["transforms"]["direct_response"]["status"] == 500
    assert {REWRITE_FILTER, TRANSFORM_FILTER} <= set(routes["rule 1"]["typed_per_filter_config"])
    assert REWRITE_FILTER not in routes["rule default"]["typed_per_filter_config"]


def test_the_script_is_told_what_to_look_at() -> None:
    assert transform_fields(NO_TRANSFORMS, PathMode.STRICT) == {}
    only = transform_fields(Transforms(url=Rewrite("a", "b")), PathMode.AWS)
    shown: Any = to_dict(only[TRANSFORM_FILTER])
    assert shown["filter_context"] == {"url": "1", "host": "0", "strict": "0"}
    rewrites: Any = to_dict(only[REWRITE_FILTER])
    assert [each["header"] for each in rewrites["request_rules"]] == [":path"]


def test_behind_an_integration_the_integrations_host_is_rewritten() -> None:
    result = compiled(rewriting(), scheme=Scheme.INTERNAL)
    scope = resource(result, SCOPED_ROUTE, "orders/dev")
    text = str(scope)
    assert "host_rewrite_literal" not in text
    assert text.count(REWRITE_FILTER) == 1
    only_url = Transforms(url=BOTH.url)
    assert "host_rewrite_literal" in str(
        resource(compiled(rewriting(only_url), scheme=Scheme.INTERNAL), SCOPED_ROUTE, "orders/dev")
    )


def test_a_target_that_was_signed_is_not_rewritten() -> None:
    signed = Assertion(audience="shop", binding=Binding.REQUEST, origin=ORIGIN)
    result = compiled(rewriting(), scheme=Scheme.INTERNAL, assertion=signed)
    assert [each.code for each in result.report.diagnostics] == [codes.TRANSFORM_INVALID]
    only_host = Transforms(host=BOTH.host)
    for other, of in ((replace(signed, binding=Binding.CALLER), BOTH), (signed, only_host)):
        allowed = compiled(rewriting(of), scheme=Scheme.INTERNAL, assertion=other)
        assert not allowed.report.error_count


def test_a_project_without_transforms_has_no_filter() -> None:
    assert transform_filters(project(balancer(listener()))) == []
