from __future__ import annotations

from datetime import timedelta

import pytest

from gateline.model.origin import Origin
from gateline.model.target_group import Algorithm, HealthCheck, Target, TargetGroup, TargetProtocol
from gateline.sources.project_service import ServicePart
from gateline.sources.target_group_assembly import has_own_group, own_target_group

from .balancers import Json, gateway_of, project
from .conftest import LoadProject


def group_of(load_project: LoadProject, written: Json) -> TargetGroup:
    (group,) = gateway_of(load_project, project(target_groups={"orders": written})).target_groups
    return group


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


def test_every_setting_of_a_group_arrives(load_project: LoadProject) -> None:
    written = {
        "protocol": "HTTPS",
        "health_check": {
            "protocol": "HTTPS",
            "path": "/healthz",
            "port": 9001,
            "interval_seconds": 10,
            "timeout_seconds": 3,
            "healthy_threshold_count": 2,
            "unhealthy_threshold_count": 3,
            "matcher": "200,301-302",
        },
        "load_balancing_algorithm": "least_outstanding_requests",
        "deregistration_delay_seconds": 0,
        "targets": ["10.0.3.7:9000", "[fd00::7]:9000"],
    }
    origin = Origin("gateline.yaml", ("target_groups", "orders"))
    assert group_of(load_project, written) == TargetGroup(
        name="orders",
        protocol=TargetProtocol.HTTPS,
        health_check=HealthCheck(
            protocol=TargetProtocol.HTTPS,
            path="/healthz",
            port=9001,
            interval=seconds(10),
            timeout=seconds(3),
            healthy_threshold=2,
            unhealthy_threshold=3,
            matcher=((200, 200), (301, 302)),
        ),
        algorithm=Algorithm.LEAST_OUTSTANDING_REQUESTS,
        deregistration_delay=seconds(0),
        targets=(
            Target(host="10.0.3.7", port=9000, origin=origin.child("targets", 0)),
            Target(host="fd00::7", port=9000, origin=origin.child("targets", 1)),
        ),
        origin=origin,
    )


@pytest.mark.parametrize(
    ("written", "protocol", "timeout", "matcher"),
    [
        ({}, "HTTP", 5, ((200, 200),)),
        ({"protocol": "HTTPS"}, "HTTP", 5, ((200, 200),)),
        ({"health_check": {"interval_seconds": 5}}, "HTTP", 4, ((200, 200),)),
        ({"protocol": "TCP"}, "TCP", 10, ((200, 399),)),
        ({"protocol": "TCP", "health_check": {"protocol": "HTTP"}}, "HTTP", 6, ((200, 399),)),
        ({"protocol": "TCP", "health_check": {"interval_seconds": 10}}, "TCP", 9, ((200, 399),)),
    ],
)
def test_what_a_check_does_not_say_is_as_at_amazon(
    load_project: LoadProject,
    written: Json,
    protocol: str,
    timeout: int,
    matcher: tuple[tuple[int, int], ...],
) -> None:
    check = group_of(load_project, written).health_check
    assert (check.protocol, check.timeout, check.matcher) == (protocol, seconds(timeout), matcher)
    assert (check.healthy_threshold, check.unhealthy_threshold, check.port) == (5, 2, None)


def test_a_services_own_group_asks_often_and_by_a_connection_only() -> None:
    origin = Origin("gateline.yaml")
    group = own_target_group("cart", origin)
    assert (group.name, group.protocol, group.targets) == ("cart", TargetProtocol.HTTP, ())
    assert group.health_check == HealthCheck(
        protocol=TargetProtocol.TCP,
        interval=seconds(5),
        timeout=seconds(2),
        healthy_threshold=2,
        unhealthy_threshold=2,
    )
    assert group.deregistration_delay == seconds(30)


@pytest.mark.parametrize(
    ("name", "command", "own"),
    [("cart", "x {port}", True), ("cart", "x", False), ("orders", "x {port}", False)],
)
def test_a_group_is_made_for_who_listens_and_has_none(name: str, command: str, own: bool) -> None:
    part = ServicePart.model_validate({"command": command})
    assert has_own_group(name, part, {"orders": None}) is own  # type: ignore[dict-item]  # names only


def test_targets_may_say_their_zones(load_project: LoadProject) -> None:
    targets = ["10.0.0.1:1", {"target": "10.0.0.2:2", "availability_zone": "a"}]
    group = group_of(load_project, {"protocol": "TCP", "targets": targets, "cross_zone": True})
    assert [(target.host, target.zone) for target in group.targets] == [("10.0.0.1", ""), ("10.0.0.2", "a")]
    assert group.cross_zone is True


def test_a_balancer_says_whether_zones_are_crossed_unless_the_group_does(load_project: LoadProject) -> None:
    assert group_of(load_project, {"protocol": "TCP"}).cross_zone is None
    assert group_of(load_project, {"protocol": "TCP", "cross_zone": "false"}).cross_zone is False


def test_an_address_that_comes_back_is_a_matter_of_the_algorithm(load_project: LoadProject) -> None:
    group = group_of(load_project, {"protocol": "TCP", "stickiness": {"enabled": True, "type": "source_ip"}})
    assert (group.algorithm, group.stickiness) == (Algorithm.SOURCE_IP, None)
    off = {"protocol": "TCP", "stickiness": {"enabled": False, "type": "source_ip"}}
    assert group_of(load_project, off).algorithm is Algorithm.ROUND_ROBIN
