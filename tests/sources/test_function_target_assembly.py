from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateline.model.target_group import HealthCheck, TargetType

from .balancers import Json, errors_of, gateway_of, http, listening
from .conftest import LoadProject

FUNCTIONS = {name: {"url": "http://127.0.0.1:9/f"} for name in ("told", "told:live")}
TO_ORDERS = {"type": "forward", "target_group": "orders"}


def shop(group: Json, **parts: Any) -> str:
    """A project of a balancer that leads to this group of a function."""
    groups = {"orders": {"target_type": "lambda", "targets": ["function:told"]} | group}
    held = http(default_actions=[TO_ORDERS])
    return listening(held, target_groups=groups, functions=FUNCTIONS, **parts)


@pytest.mark.parametrize(
    ("written", "function"),
    [
        ("function:told", "told"),
        ("function:told:live", "told:live"),
        ("arn:aws:lambda:us-east-1:123456789012:function:told:other", "told"),
    ],
)
def test_the_declared_function_is_the_target(load_project: LoadProject, written: str, function: str) -> None:
    [group] = gateway_of(load_project, shop({"targets": [written]})).target_groups
    assert (group.target_type, group.function, group.targets) == (TargetType.LAMBDA, function, ())
    assert group.health_check == HealthCheck(
        enabled=False,
        interval=timedelta(seconds=35),
        timeout=timedelta(seconds=30),
        healthy_threshold=5,
        unhealthy_threshold=5,
    )


def test_a_health_check_that_is_wanted_keeps_to_its_interval(load_project: LoadProject) -> None:
    written = {"health_check": {"enabled": True, "interval_seconds": 10, "matcher": "200-299"}}
    [group] = gateway_of(load_project, shop(written)).target_groups
    check = group.health_check
    assert (check.enabled, check.timeout, check.matcher) == (True, timedelta(seconds=9), ((200, 299),))


def test_a_health_check_is_not_wanted_because_its_path_is_written(load_project: LoadProject) -> None:
    [group] = gateway_of(load_project, shop({"health_check": {"path": "/h"}})).target_groups
    assert not group.health_check.enabled


def test_a_function_that_is_not_declared_is_complained_about(load_project: LoadProject) -> None:
    [error] = errors_of(load_project, shop({"targets": ["function:tod"]}))
    assert error == "GL224 /target_groups/orders/targets/0: the function 'tod' is not declared"


def test_a_service_cannot_join_the_group_of_a_function(load_project: LoadProject) -> None:
    services = {"s": {"command": ["x", "{port}"], "target_group": "orders"}}
    [error] = errors_of(load_project, shop({}, services=services))
    assert error.startswith("GL270 /services/s/target_group: the target of 'orders' is a function")


def test_a_network_balancer_leads_to_no_function(load_project: LoadProject) -> None:
    balancer = {"type": "network", "scheme": "internet-facing"}
    held = {"protocol": "TCP", "port": 5432, "default_actions": [TO_ORDERS]}
    groups = {"orders": {"target_type": "lambda", "targets": ["function:told"]}}
    text = listening(held, balancer=balancer, target_groups=groups, functions=FUNCTIONS)
    assert [error[:5] for error in errors_of(load_project, text)] == ["GL234"]


def test_a_function_behind_a_balancer_is_used(load_project: LoadProject) -> None:
    report = load_project(shop({}), environ={}).report
    unused = [each.message for each in report.diagnostics if each.code.name == "GL221"]
    assert "no definition and no target group uses the function 'told'" not in unused
    assert "no definition and no target group uses the function 'told:live'" in unused
