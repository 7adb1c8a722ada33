"""target_group_health, slow_start_duration_seconds and algorithms in the project file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateline.model.target_group import Algorithm, MinimumHealthy, TargetGroup

from .conftest import LoadProject, said
from .test_project_stickiness import project


def group(load_project: LoadProject, text: str) -> TargetGroup:
    loaded = load_project(project(text))
    assert loaded.gateway is not None, said(loaded)
    return loaded.gateway.target_groups[0]


@pytest.mark.parametrize(
    ("minimum", "expected"),
    [
        ("{}", MinimumHealthy()),
        ("{count: 3}", MinimumHealthy(count=3)),
        ("{count: 'off', percentage: 40}", MinimumHealthy(percentage=40)),
        ("{count: '2', percentage: off}", MinimumHealthy(count=2)),
    ],
)
def test_a_minimum_arrives(load_project: LoadProject, minimum: str, expected: MinimumHealthy) -> None:
    text = f"{{target_group_health: {{unhealthy_state_routing: {{minimum_healthy_targets: {minimum}}}}}}}"
    assert group(load_project, text).minimum_healthy == expected


def test_a_slow_start_and_an_algorithm_arrive(load_project: LoadProject) -> None:
    assert group(load_project, "{slow_start_duration_seconds: 30}").slow_start == timedelta(seconds=30)
    chosen = group(load_project, "{load_balancing_algorithm: weighted_random}").algorithm
    assert chosen is Algorithm.WEIGHTED_RANDOM
    for word in ("off", "on"):
        text = f"{{load_balancing_algorithm: weighted_random, anomaly_mitigation: '{word}'}}"
        assert group(load_project, text).anomaly_mitigation is (word == "on")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{slow_start_duration_seconds: 29}", "from 30 to 900"),
        ("{slow_start_duration_seconds: 901}", "900"),
        (
            "{slow_start_duration_seconds: 60, load_balancing_algorithm: least_outstanding_requests}",
            "with round_robin",
        ),
        ("{slow_start_duration_seconds: 60, load_balancing_algorithm: weighted_random}", "with round_robin"),
        ("{protocol: TCP, slow_start_duration_seconds: 60}", "application balancer"),
        ("{protocol: TCP, load_balancing_algorithm: weighted_random}", "application balancer"),
        ("{target_group_health: {dns_failover: {minimum_healthy_targets: 1}}}", "off"),
        (
            "{target_group_health: {unhealthy_state_routing: {minimum_healthy_targets: {count: 0}}}}",
            "1 or more",
        ),
        (
            "{target_group_health: {unhealthy_state_routing: {minimum_healthy_targets: {percentage: 101}}}}",
            "100",
        ),
        ("{anomaly_mitigation: 'on'}", "groups with weighted_random"),
        ("{load_balancing_algorithm: weighted_random, anomaly_mitigation: maybe}", "off"),
    ],
)
def test_what_does_not_fit_is_refused(load_project: LoadProject, text: str, word: str) -> None:
    assert any(word in line for line in said(load_project(project(text))))
