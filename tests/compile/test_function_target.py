from __future__ import annotations

from dataclasses import replace

from compile.balancers import balancer, forward, group, listener, project, rule
from compile.gateways import compiled, keyring
from gateline.compile import compile_gateway
from gateline.compile.resources import CLUSTER
from gateline.model.function import Function, FunctionKind
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import PathPattern
from gateline.model.target_group import HealthCheck, TargetType

PLACE = group("x").origin


def shop(*, asked: bool = False) -> Gateway:
    """Two groups of functions, one of which nothing leads to, beside one of servers."""
    check = HealthCheck(enabled=asked)
    groups = tuple(
        group(name, target_type=TargetType.LAMBDA, function=name, health_check=check)
        for name in ("orders", "unused")
    )
    rules = (rule(1, forward(orders=1, web=2), PathPattern(("/o",))), rule(None, forward(web=1)))
    functions = tuple(
        Function(name=name, kind=FunctionKind.PYTHON, handler="a.b", origin=PLACE)
        for name in ("orders", "unused")
    )
    made = project(balancer(listener(*rules)), groups=(*groups, group("web", ("10.0.0.1", 80))))
    return replace(made, functions=functions)


def test_a_function_is_a_cluster_at_the_host_and_no_endpoint_is_delivered_to_it() -> None:
    resources = compiled(shop())
    assert {"targets/orders", "targets/web"} <= set(resources.by_type[CLUSTER])
    assert resources.target_groups == {"targets/web": "web"}
    made = resources.by_type[CLUSTER]["targets/orders"]
    assert b"host.sock" in made.SerializeToString()
    assert not made.health_checks  # type: ignore[attr-defined] # a message of the descriptors


def test_why_a_function_fails_is_kept_where_there_is_a_log_and_taken_from_answers_anyway() -> None:
    gateway = shop()
    logged = tuple(replace(each, access_log="/var/log/shop.log") for each in gateway.load_balancers)
    for made, kept in ((gateway, False), (replace(gateway, load_balancers=logged), True)):
        cluster = compiled(made).by_type[CLUSTER]["targets/orders"].SerializeToString()
        assert (b"envoy_on_response" in cluster, b"targetgroup/orders/" in cluster) == (kept, kept)
        assert b"x-gl-reason" in cluster


def test_the_host_is_told_of_the_functions_that_requests_may_reach() -> None:
    hosting = compile_gateway(shop(), keyring()).hosting
    assert [function.name for function in hosting.functions] == ["orders"]
    [target] = hosting.targets
    assert (target.group, target.function) == ("orders", "orders")
    assert target.function_arn == "arn:aws:lambda:us-east-1:123456789012:function:orders"
    assert target.arn.startswith("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/orders/")


def test_a_function_is_asked_whether_it_is_well_only_where_that_is_wanted() -> None:
    [check] = compiled(shop(asked=True)).by_type[CLUSTER]["targets/orders"].health_checks  # type: ignore[attr-defined]
    assert [each.header.key for each in check.http_health_check.request_headers_to_add] == ["x-gl-target"]
