from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_target_group import TargetGroupPart
from gateline.sources.project_target_type import target_function

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders"


@pytest.mark.parametrize(
    ("written", "function"),
    [
        ("function:orders", "orders"),
        ("function:orders:live", "orders:live"),
        (ARN, "orders"),
        (f"{ARN}:live", "orders:live"),
        ("orders", None),
        ("function:a/b", None),
        ("arn:aws:sqs:eu-central-1:123456789012:orders", None),
        (f"{ARN}/invocations", None),
    ],
)
def test_a_target_names_a_function_or_writes_its_arn(written: str, function: str | None) -> None:
    assert target_function(written) == function


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"target_type": "lambda"}, "one target"),
        ({"target_type": "lambda", "targets": ("function:a", "function:b")}, "one target"),
        ({"target_type": "lambda", "targets": ("10.0.0.1:80",)}, "one target"),
        ({"target_type": "lambda", "targets": ("function:",)}, "function:NAME"),
        ({"target_type": "lambda", "targets": ("function:a",), "protocol": "HTTP"}, "protocol"),
        (
            {"target_type": "lambda", "targets": ("function:a",), "deregistration_delay_seconds": 1},
            "deregistration",
        ),
        (
            {"target_type": "lambda", "targets": ("function:a",), "health_check": {"port": 1}},
            "health_check.port",
        ),
        ({"targets": ("function:a",)}, "target_type: lambda"),
        ({"target_type": "ip", "targets": (ARN,)}, "target_type: lambda"),
        ({"lambda_multi_value_headers": True}, "target_type: lambda"),
        ({"health_check": {"enabled": False}}, "target_type: lambda"),
        ({"cross_zone": True}, "network balancers"),
        ({"unhealthy_connection_termination": False}, "network balancers"),
        ({"protocol": "TCP", "cross_zone": "maybe"}, "cross_zone"),
        ({"targets": ({"availability_zone": "a"},)}, "target"),
        ({"targets": ({"target": "10.0.0.1:80", "availability_zone": "A b"},)}, "zone"),
        ({"targets": ("10.0.0.1:80", {"target": "10.0.0.1:80", "availability_zone": "a"})}, "twice"),
        ({"protocol": "TCP", "connection_termination": True}, "connection_termination: true of a group of"),
        ({"protocol": "TCP_UDP", "connection_termination": True}, "of protocol TCP_UDP is not supported"),
        ({"connection_termination": True}, "of protocol HTTP is not supported"),
        ({"protocol": "TCP", "unhealthy_draining_interval_seconds": 5}, "at once, or not at all"),
        ({"target_type": "gateway"}, "target_type"),
    ],
)
def test_keys_that_do_not_fit_a_target_type_are_refused(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TargetGroupPart.model_validate(written)


@pytest.mark.parametrize("target_type", ["instance", "ip"])
def test_addresses_are_of_two_types_that_mean_the_same(target_type: str) -> None:
    written = {"target_type": target_type, "targets": ("10.0.0.1:80",), "health_check": {"enabled": True}}
    assert TargetGroupPart.model_validate(written).addresses == ("10.0.0.1:80",)


def test_flows_of_datagrams_leave_a_target_that_is_taken_out_and_a_group_may_say_so() -> None:
    """Where they go on: `test_a_flow_of_datagrams_leaves_a_target_that_drains`."""
    for ended in (True, False):
        part = TargetGroupPart.model_validate({"protocol": "UDP", "connection_termination": ended})
        assert part.connection_termination is ended
