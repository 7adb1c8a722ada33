"""What a uri may mean is tested by `test_behind_api.py`; here is what stands behind network balancers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compile.balancers import balancer, forward, group, listener, rule
from gateline.compile.met_listener import Complained, met
from gateline.compile.upstream import Upstream, upstream
from gateline.model.diagnostic import Complaints
from gateline.model.integration import Integration, IntegrationKind
from gateline.model.load_balancer import BalancerType, ListenerProtocol, LoadBalancer, Scheme
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage
from gateline.model.target_group import TargetProtocol, TargetType

PLACE = Origin("gateline.yaml")
INNER = replace(
    group("inner"), protocol=TargetProtocol.TCP, target_type=TargetType.ALB, balancer=("inner", 80)
)
PLAIN = group("plain", ("10.0.0.1", 80), protocol=TargetProtocol.TCP)


def front(**weights: int) -> LoadBalancer:
    held = listener(rule(None, forward(**weights)), protocol=ListenerProtocol.TCP)
    return balancer(held, name="front", type=BalancerType.NETWORK, scheme=Scheme.INTERNAL)


def meeting(network: LoadBalancer, to: Upstream) -> list[str]:
    """Who is met, or what is complained about."""
    complaints = Complaints()
    integration = Integration(kind=IntegrationKind.HTTP_PROXY, origin=PLACE)
    groups = {each.name: each for each in (INNER, PLAIN)}
    inner = balancer(listener(), name="inner", scheme=Scheme.INTERNAL)
    try:
        found, held = met(
            network, network.listeners[0], to, integration, groups, {"inner": inner}, complaints
        )
    except Complained:
        return [f"{each.code.name} {each.message}" for each in complaints.report().diagnostics]
    return [f"{found.name}:{held.port}"]


@pytest.mark.parametrize(
    ("weights", "uri", "told"),
    [
        ({"inner": 1}, "http://inner/", "inner:80"),
        ({"plain": 1}, "http://inner/", "front:80"),
        ({"inner": 1}, "https://inner/", "leads to inner:80, which speaks HTTP"),
        ({"inner": 1, "plain": 1}, "http://inner/", "leads to an application balancer and to other targets"),
    ],
)
def test_an_integration_meets_the_rules_behind_or_is_refused(
    weights: dict[str, int], uri: str, told: str
) -> None:
    [said] = meeting(front(**weights), upstream(uri, Stage(name="prod", origin=PLACE)))
    assert said.endswith(told)
