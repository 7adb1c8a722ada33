from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_target_group import HealthCheckPart, TargetGroupPart


@pytest.mark.parametrize(
    "written",
    [
        {"interval_seconds": 4},
        {"interval_seconds": 301},
        {"timeout_seconds": 1},
        {"timeout_seconds": 121},
        {"interval_seconds": 10, "timeout_seconds": 10},
        {"healthy_threshold_count": 1},
        {"unhealthy_threshold_count": 11},
        {"protocol": "TCP", "path": "/"},
        {"protocol": "TCP", "matcher": "200"},
    ],
)
def test_a_health_check_keeps_to_amazons_ranges(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HealthCheckPart.model_validate(written)


@pytest.mark.parametrize(
    "written",
    [
        {"targets": ("a:1", "a:1")},
        {"targets": ("169.254.169.254:80",)},
        {"targets": ("a",)},
        {"deregistration_delay_seconds": 3601},
        {"protocol": "TCP", "health_check": {"path": "/healthz"}},
        {"protocol": "TLS", "health_check": {"path": "/healthz"}},
        {"health_check": {"matcher": "200-599"}},
        {"stickiness": {"type": "lb_cookie"}},
        {"preserve_client_ip": True},
        {"protocol": "HTTPS", "proxy_protocol_v2": True},
        {"tls": {"ca": "gateline", "identity": "a"}},
        {"protocol": "UDP", "tls": {"ca": "gateline", "identity": "a"}},
        {"protocol": "UDP", "proxy_protocol_v2": True},
        {"protocol": "TCP_UDP", "proxy_protocol_v2": True},
        {"protocol": "UDP", "health_check": {"protocol": "UDP"}},
    ],
)
def test_target_groups_that_amazon_does_not_take_are_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TargetGroupPart.model_validate(written)


def test_behind_a_network_balancer_any_code_may_say_yes() -> None:
    check = {"protocol": "HTTP", "matcher": "200-599"}
    part = TargetGroupPart.model_validate({"protocol": "TCP", "health_check": check})
    assert part.health_check is not None
    assert part.health_check.matcher == "200-599"


def test_a_short_interval_needs_no_timeout() -> None:
    assert HealthCheckPart.model_validate({"interval_seconds": 5}).interval_seconds == 5


def test_targets_see_gatelines_address_and_a_group_may_say_so() -> None:
    assert not TargetGroupPart.model_validate(
        {"protocol": "TCP", "preserve_client_ip": False}
    ).preserve_client_ip
    with pytest.raises(ValidationError, match="CAP_NET_ADMIN, and routes") as refused:
        TargetGroupPart.model_validate({"protocol": "TCP", "preserve_client_ip": True})
    assert "proxy_protocol_v2: true" in refused.value.errors()[0]["ctx"]["advice"]
