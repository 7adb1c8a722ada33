"""Where integrations lead when a balancer stands there; over HTTP in tests/end_to_end/behind_balancers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from compile.gateways import ORIGIN, api, gateway, http_proxy, keyring, mapping, method, of_request
from gateline.compile import Compiled, compile_gateway
from gateline.compile.resources import CLUSTER, SCOPED_ROUTE
from gateline.compile.wire import to_dict
from gateline.model.integration import ConnectionType, Integration, VpcLink
from gateline.model.load_balancer import (
    Action,
    BalancerType,
    Condition,
    FixedResponse,
    Forward,
    Listener,
    ListenerProtocol,
    LoadBalancer,
    PathPattern,
    Rule,
    WeightedTargetGroup,
)
from gateline.model.target_group import ProtocolVersion, Target, TargetGroup, TargetProtocol

TO_BLUE = Forward((WeightedTargetGroup("blue"),))
BEHIND = "targets/blue behind api"


def rule(priority: int | None, action: Action, *conditions: Condition) -> Rule:
    return Rule(priority=priority, conditions=conditions, action=action, origin=ORIGIN)


def balancer(
    *rules: Rule,
    kind: BalancerType = BalancerType.APPLICATION,
    protocol: ListenerProtocol = ListenerProtocol.HTTP,
    port: int = 80,
) -> LoadBalancer:
    listener = Listener(protocol=protocol, port=port, rules=rules, origin=ORIGIN)
    return LoadBalancer(name="inner", type=kind, dns_name="inner.test", listeners=(listener,), origin=ORIGIN)


def compiled(
    integration: Integration,
    behind: LoadBalancer,
    protocol: TargetProtocol = TargetProtocol.HTTP,
    **group: Any,
) -> Compiled:
    target = Target(host="10.0.0.1", port=8000, origin=ORIGIN)
    whole = replace(
        gateway(api(method("GET", "/a/{id}", integration))),
        load_balancers=(behind,),
        target_groups=(
            TargetGroup(name="blue", protocol=protocol, targets=(target,), origin=ORIGIN, **group),
        ),
        vpc_links=(VpcLink(name="link", load_balancer="inner", origin=ORIGIN),),
    )
    return compile_gateway(whole, keyring())


def route(result: Compiled) -> dict[str, Any]:
    """What the method's entry leads to: a Route, or a RouteList."""
    assert result.resources is not None
    scope: Any = to_dict(result.resources.by_type[SCOPED_ROUTE]["orders/dev"])
    matcher = scope["route_configuration"]["virtual_hosts"][0]["matcher"]
    [entry] = matcher["matcher_tree"]["exact_match_map"]["map"].values()
    found: dict[str, Any] = entry["action"]["typed_config"]
    return found


def test_a_dot_behind_the_host_does_not_lead_around_the_rules() -> None:
    denied = rule(1, FixedResponse(status_code=403), PathPattern(("/orders",)))
    result = compiled(http_proxy("http://INNER.test./orders"), balancer(denied, rule(None, TO_BLUE)))
    assert route(result)["direct_response"]["status"] == 403


@pytest.mark.parametrize("version", [ProtocolVersion.HTTP2, ProtocolVersion.GRPC])
def test_a_group_that_a_gateway_cannot_speak_with_is_refused_where_requests_may_come_to_it(
    version: ProtocolVersion,
) -> None:
    asked = http_proxy("http://inner.test/orders")
    result = compiled(asked, balancer(rule(None, TO_BLUE)), protocol_version=version)
    assert [each.code.name for each in result.report.diagnostics] == ["GL267"]
    shut = rule(1, FixedResponse(status_code=403))
    result = compiled(asked, balancer(shut, rule(None, TO_BLUE)), protocol_version=version)
    assert not result.report.diagnostics


def test_a_rule_that_always_applies_is_the_methods_route() -> None:
    result = compiled(
        http_proxy("http://inner.test/orders"),
        balancer(rule(1, TO_BLUE, PathPattern(("/orders",))), rule(None, FixedResponse(status_code=404))),
    )
    assert route(result)["route"]["cluster"] == BEHIND
    assert result.resources is not None
    assert result.resources.target_groups == {BEHIND: "blue"}
    assert [(each.cluster, each.host) for each in result.resources.lookups] == [(BEHIND, "10.0.0.1")]
    [row] = result.resources.routes
    assert (row.rule, row.target_groups) == ("inner:80 rule 1", ("blue",))


def test_open_rules_are_a_list_that_ends_without_a_condition() -> None:
    in_path = mapping("path.id", of_request("path.id"))
    result = compiled(
        http_proxy("http://inner.test/{id}", in_path),
        balancer(rule(1, TO_BLUE, PathPattern(("/orders",))), rule(None, FixedResponse(status_code=404))),
    )
    routes = route(result)["routes"]
    assert [each["match"] for each in routes] == [{"path": "/orders"}, {"prefix": "/"}]
    assert routes[0]["route"]["cluster"] == BEHIND
    assert routes[1]["direct_response"]["status"] == 404
    assert result.resources is not None
    assert result.resources.routes[0].rule == "inner:80 rules 1, default"


def test_nothing_is_left_of_a_group_that_no_request_can_reach() -> None:
    result = compiled(
        http_proxy("http://inner.test/users"),
        balancer(rule(1, TO_BLUE, PathPattern(("/orders",))), rule(None, FixedResponse(status_code=404))),
    )
    assert result.resources is not None
    assert BEHIND not in result.resources.by_type[CLUSTER]


def test_a_network_balancer_leaves_tls_to_the_integration() -> None:
    integration = replace(
        http_proxy("https://orders.test/x"), connection_type=ConnectionType.VPC_LINK, connection_id="link"
    )
    wire = balancer(rule(None, TO_BLUE), kind=BalancerType.NETWORK, protocol=ListenerProtocol.TCP, port=443)
    result = compiled(integration, wire, TargetProtocol.TCP)
    name = "targets/blue through network https://orders.test"
    assert route(result)["route"]["cluster"] == name
    assert result.resources is not None
    assert "transport_socket" in str(to_dict(result.resources.by_type[CLUSTER][name]))


def test_a_uri_without_a_listener_is_an_error() -> None:
    result = compiled(http_proxy("https://inner.test/"), balancer(rule(None, TO_BLUE)))
    assert result.resources is None
    assert [each.code.name for each in result.report.diagnostics] == ["GL605"]
