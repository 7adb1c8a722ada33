from __future__ import annotations

from dataclasses import replace

import pytest

from compile.balancers import balancer, forward, group, listener, project, rule
from compile.gateways import compiled
from gateline.compile.zones import in_zone
from gateline.model.load_balancer import BalancerType, ListenerProtocol, LoadBalancer
from gateline.model.target_group import Target, TargetProtocol

PLAIN = group("db", protocol=TargetProtocol.TCP)
ZONES = ("", "a", "b")
ZONED = replace(
    PLAIN,
    targets=tuple(
        Target(host=f"10.0.0.{at}", port=5432, zone=zone, origin=PLAIN.origin)
        for at, zone in enumerate(ZONES)
    ),
)


@pytest.mark.parametrize(
    ("gateway_zone", "kind", "cross_zone", "used"),
    [
        ("a", BalancerType.NETWORK, None, ["", "a"]),
        ("c", BalancerType.NETWORK, None, [""]),
        ("a", BalancerType.NETWORK, False, ["", "a"]),
        ("a", BalancerType.NETWORK, True, ["", "a", "b"]),
        ("", BalancerType.NETWORK, None, ["", "a", "b"]),
        ("a", BalancerType.APPLICATION, None, ["", "a", "b"]),
    ],
)
def test_a_network_balancer_uses_the_targets_of_its_own_zone(
    gateway_zone: str, kind: BalancerType, cross_zone: bool | None, used: list[str]
) -> None:
    edge = replace(project().edge, availability_zone=gateway_zone)
    made, name = in_zone(replace(ZONED, cross_zone=cross_zone), "targets/db", balancer(type=kind), edge)
    assert [target.zone for target in made.targets] == used
    assert (name == "targets/db") == (used == ["", "a", "b"])


def test_a_group_of_which_all_is_used_stays_the_same_object() -> None:
    edge = replace(project().edge, availability_zone="a")
    made, name = in_zone(PLAIN, "targets/db", balancer(type=BalancerType.NETWORK), edge)
    assert made is PLAIN
    assert name == "targets/db"


def test_two_balancers_may_see_one_group_differently() -> None:
    def leading(name: str, port: int, group_name: str) -> LoadBalancer:
        held = listener(rule(None, forward(**{group_name: 1})), port=port, protocol=ListenerProtocol.TCP)
        return balancer(held, name=name, type=BalancerType.NETWORK)

    everywhere = replace(ZONED, name="all", cross_zone=True)
    made = project(
        leading("one", 1, "db"), leading("two", 2, "all"), groups=(ZONED, everywhere), availability_zone="a"
    )
    resources = compiled(made)
    assert resources.target_groups == {"targets/db zone a": "db", "targets/all": "all"}
    hosts = {(lookup.cluster, lookup.host) for lookup in resources.lookups}
    assert ("targets/db zone a", "10.0.0.2") not in hosts
    assert ("targets/db zone a", "10.0.0.1") in hosts
    assert ("targets/all", "10.0.0.2") in hosts
