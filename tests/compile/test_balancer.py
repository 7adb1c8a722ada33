"""Balancers of the internet as resources."""

from __future__ import annotations

import pytest

from compile.balancers import balancer, fixed, forward, group, listener, project, rule
from compile.gateways import compiled, keyring
from gateline.compile import compile_gateway
from gateline.compile.resources import CLUSTER, LISTENER, SCOPED_ROUTE
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import (
    BalancerType,
    HttpHeader,
    ListenerProtocol,
    PathPattern,
    Scheme,
)
from gateline.model.secret import SecretRef


def shop(*, scheme: Scheme = Scheme.INTERNET_FACING) -> Gateway:
    rules = (
        rule(10, forward(orders=1), PathPattern(("/orders*",))),
        rule(None, forward(web=3, orders=1)),
    )
    groups = (group("orders", ("10.0.0.1", 9000)), group("web"), group("unused"))
    return project(balancer(listener(*rules), scheme=scheme), groups=groups)


def test_a_balancer_of_the_internet_is_a_listener_a_scope_and_the_clusters_of_its_groups() -> None:
    resources = compiled(shop())
    assert set(resources.by_type[LISTENER]) == {"edge", "balancer/public:80"}
    assert "balancer/public:80" in resources.by_type[SCOPED_ROUTE]
    assert set(resources.by_type[CLUSTER]) == {"targets/orders", "targets/web"}
    assert resources.target_groups == {"targets/orders": "orders", "targets/web": "web"}
    assert [(lookup.cluster, lookup.host) for lookup in resources.lookups] == [("targets/orders", "10.0.0.1")]
    assert {"balancer/public:80", "targets/orders", "targets/web"} <= resources.origins.keys()


def test_an_internal_balancer_opens_nothing() -> None:
    resources = compiled(shop(scheme=Scheme.INTERNAL))
    assert set(resources.by_type[LISTENER]) == {"edge"}
    assert not resources.by_type[CLUSTER]


def test_an_edited_rule_leaves_the_listener_as_it_is() -> None:
    before = compiled(project(balancer(listener(rule(None, fixed(404))))))
    after = compiled(project(balancer(listener(rule(None, fixed(403))))))
    name = "balancer/public:80"
    assert before.by_type[LISTENER][name] == after.by_type[LISTENER][name]
    assert before.by_type[SCOPED_ROUTE][name] != after.by_type[SCOPED_ROUTE][name]


def test_a_network_balancer_hands_connections_on() -> None:
    tcp = listener(rule(None, forward(orders=1)), port=5432, protocol=ListenerProtocol.TCP)
    resources = compiled(
        project(balancer(tcp, type=BalancerType.NETWORK), groups=(group("orders", ("10.0.0.1", 5432)),))
    )
    made = str(resources.by_type[LISTENER]["balancer/public:5432"])
    assert "TcpProxy" in made
    assert "targets/orders" in made
    assert "balancer/public:5432" not in resources.by_type[SCOPED_ROUTE]


@pytest.mark.parametrize("allowed", [frozenset[str](), frozenset({"GL608"})])
def test_a_secret_in_a_rule_of_the_internet_is_refused_whatever_is_allowed(allowed: frozenset[str]) -> None:
    guarded = rule(10, fixed(200), HttpHeader("X-Proof", ("plain", SecretRef("Proof"))))
    gateway = project(balancer(listener(guarded, rule(None, fixed(403)))))
    result = compile_gateway(gateway, keyring("Proof"), allowed=allowed)
    assert result.resources is None
    assert [each.code.name for each in result.report.diagnostics] == ["GL608"]
    assert "rule 10 of public:80" in result.report.diagnostics[0].message
