from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from compile.balancers import balancer, forward, group, listener, project, rule
from compile.gateways import compiled, keyring
from gateline.compile import Sockets, compile_gateway
from gateline.compile.balancer_target import TargetsMixed, met_behind, socket_of
from gateline.compile.resources import CLUSTER, LISTENER, SCOPED_ROUTE
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import BalancerType, HttpHeader, ListenerProtocol, LoadBalancer, Scheme
from gateline.model.secret import SecretRef
from gateline.model.target_group import TargetGroup, TargetProtocol, TargetType

INNER = replace(
    group("inner"), protocol=TargetProtocol.TCP, target_type=TargetType.ALB, balancer=("inner", 80)
)
PLAIN = group("plain", ("10.0.0.1", 80), protocol=TargetProtocol.TCP)


def front(**weights: int) -> LoadBalancer:
    """A network balancer of the internet."""
    held = listener(rule(None, forward(**weights)), port=5000, protocol=ListenerProtocol.TCP)
    return balancer(held, name="front", type=BalancerType.NETWORK)


def inner(**fields: Any) -> LoadBalancer:
    """An internal application balancer."""
    return balancer(listener(**fields), name="inner", scheme=Scheme.INTERNAL)


def both(*groups: TargetGroup, **weights: int) -> Gateway:
    return project(front(**weights), inner(), groups=groups)


def test_an_internal_balancer_listens_at_a_socket_for_the_network_balancer_alone() -> None:
    sockets = Sockets(folder="/run/g")
    made = compile_gateway(both(INNER, inner=1), keyring(), sockets=sockets).resources
    assert made is not None
    path = str(PurePath("/run/g", PurePath(socket_of("", "inner", 80)).name))
    name = "balancer/inner:80 behind network"
    assert set(made.by_type[LISTENER]) == {"edge", "balancer/front:5000", name}
    held: Any = made.by_type[LISTENER][name]
    assert (held.address.pipe.path, held.address.pipe.mode) == (path, 0o600)
    assert [each.name for each in held.listener_filters] == ["envoy.filters.listener.proxy_protocol"]
    assert name in made.by_type[SCOPED_ROUTE]
    cluster: Any = made.by_type[CLUSTER]["targets/inner"]
    [endpoints] = cluster.load_assignment.endpoints
    assert endpoints.lb_endpoints[0].endpoint.address.pipe.path == path
    assert cluster.transport_socket.name == "envoy.transport_sockets.upstream_proxy_protocol"
    assert not made.target_groups


def test_a_balancer_that_nobody_leads_to_listens_nowhere() -> None:
    assert set(compiled(both(INNER, PLAIN, plain=1)).by_type[LISTENER]) == {"edge", "balancer/front:5000"}


def test_rules_on_secrets_are_for_integrations_alone() -> None:
    secret = HttpHeader(name="X-Secret", values=(SecretRef("a"),))
    telling = balancer(listener(rule(1, forward(plain=1), secret)), name="inner", scheme=Scheme.INTERNAL)
    made = compile_gateway(project(front(inner=1), telling, groups=(INNER, PLAIN)), keyring())
    assert [each.code.name for each in made.report.diagnostics] == ["GL608"]


def test_requests_of_the_gateway_meet_the_rules_behind() -> None:
    groups = {each.name: each for each in (INNER, PLAIN)}
    balancers = {"inner": inner()}
    network = front(inner=1)
    found, met = met_behind(network, network.listeners[0], groups, balancers)
    assert (found.name, met.port) == ("inner", 80)
    network = front(plain=1, inner=0)
    assert met_behind(network, network.listeners[0], groups, balancers)[0] is network
    assert met_behind(balancers["inner"], met, groups, balancers) == (balancers["inner"], met)
    with pytest.raises(TargetsMixed):
        met_behind(front(plain=1, inner=1), front(plain=1, inner=1).listeners[0], groups, balancers)
