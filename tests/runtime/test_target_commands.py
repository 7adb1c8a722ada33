"""Targets as commands are told of them; with a real Envoy: tests/end_to_end/balancers/test_target_states.py."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from compile.balancers import group, project
from gateline.errors import GatelineError
from gateline.model.gateway import Gateway
from gateline.model.target_group import TargetType
from gateline.runtime.target_commands import TargetCommands, targets

WELL: dict[str, Any] = {"eds_health_status": "HEALTHY"}


def host(port: int, health: dict[str, Any] = WELL, *, active: int = 0) -> dict[str, Any]:
    return {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "health_status": health,
        "stats": [{"type": "GAUGE", "name": "rq_active", "value": str(active)}],
    }


def listed(gateway: Gateway, **clusters: list[dict[str, Any]]) -> list[tuple[str, str, str, int]]:
    told = {
        "cluster_statuses": [
            {"name": f"targets/{name.replace('_', ' ')}", "host_statuses": hosts}
            for name, hosts in clusters.items()
        ]
    }
    return [(row["target"], row["state"], row["reason"], row["requests"]) for row in targets(gateway, told)]


@pytest.mark.parametrize(
    ("health", "state", "reason"),
    [
        (WELL, "healthy", ""),
        ({"failed_active_health_check": True}, "unhealthy", "Target.FailedHealthChecks"),
        (
            {"failed_active_health_check": True, "pending_active_hc": True},
            "initial",
            "Elb.InitialHealthChecking",
        ),
        ({"failed_active_health_check": True, "active_hc_timeout": True}, "unhealthy", "Target.Timeout"),
        ({"eds_health_status": "DRAINING"}, "draining", "Target.DeregistrationInProgress"),
    ],
)
def test_each_state_has_amazons_name_and_reason(health: dict[str, Any], state: str, reason: str) -> None:
    found = listed(project(groups=(group("orders"),)), orders=[host(80, health, active=2)])
    assert found == [("127.0.0.1:80", state, reason, 2)]


def test_who_is_left_out_for_its_failures_is_healthy_and_described() -> None:
    told = {
        "cluster_statuses": [
            {"name": "targets/orders", "host_statuses": [host(80, {"failed_outlier_check": True})]}
        ]
    }
    [row] = targets(project(groups=(group("orders"),)), told)
    assert (row["state"], row["description"]) == (
        "healthy",
        "It failed many requests, and gets none for a while",
    )


def test_a_target_that_is_used_in_two_ways_is_as_well_as_in_the_worse_one() -> None:
    ill = {"failed_active_health_check": True}
    found = listed(
        project(groups=(group("orders"), group("order"))),
        orders=[host(80, active=1)],
        orders_behind_api=[host(80, ill, active=2)],
    )
    assert found == [("127.0.0.1:80", "unhealthy", "Target.FailedHealthChecks", 3)]


def test_nobody_leads_to_an_unused_group_and_a_host_without_address_is_registering() -> None:
    gateway = project(groups=(group("unused", ("a.test", 80)), group("lost", ("b.test", 81))))
    assert listed(gateway, lost=[]) == [
        ("a.test:80", "unused", "Target.NotInUse", 0),
        ("b.test:81", "initial", "Elb.RegistrationInProgress", 0),
    ]


def test_places_that_are_no_ports_and_functions_are_told_too() -> None:
    pipe = {**host(0), "address": {"pipe": {"path": "/run/one.sock"}}}
    inner = {"envoy_internal_address": {"server_listener_name": "tunnel/t", "endpoint_id": "db:5432"}}
    six = {**host(0), "address": {"socket_address": {"address": "::1", "port_value": 9}}}
    function = replace(group("resize"), target_type=TargetType.LAMBDA, function="resize")
    gateway = project(groups=(group("orders"), function))
    found = listed(gateway, orders=[pipe, {**host(0), "address": inner}, six], resize=[host(0)])
    assert [(target, state) for target, state, *_ in found] == [
        ("/run/one.sock", "healthy"),
        ("tunnel/t/db:5432", "unavailable"),
        ("[::1]:9", "healthy"),
        ("resize", "unavailable"),
    ]


@dataclass
class Served:
    """What serves."""

    served: Any


@dataclass
class Tells:
    """An Envoy that says this, or nothing."""

    body: bytes | None

    async def clusters(self, names: str) -> bytes:
        assert "targets/" in names
        if self.body is None:
            raise OSError("nobody")
        return self.body


@dataclass
class Candidate:
    """What was compiled."""

    gateway: Gateway


def ask(served: Any, body: bytes | None, action: str = "list") -> dict[str, Any]:
    commands = TargetCommands(Served(served), Tells(body))
    return asyncio.run(commands({"do": "targets", "action": action}))


def test_the_command_answers_with_all_targets() -> None:
    served = Candidate(project(groups=(group("orders"),)))
    body = json.dumps({"cluster_statuses": [{"name": "targets/orders", "host_statuses": [host(80)]}]})
    [row] = ask(served, body.encode())["targets"]
    assert (row["group"], row["target"], row["state"]) == ("orders", "127.0.0.1:80", "healthy")


@pytest.mark.parametrize(
    ("served", "body", "action"),
    [
        (None, b"{}", "list"),
        ("gateway", None, "list"),
        ("gateway", b"<html>", "list"),
        ("gateway", b"{}", "drop"),
    ],
)
def test_what_cannot_be_told_is_said_so(served: str | None, body: bytes | None, action: str) -> None:
    with pytest.raises(GatelineError):
        ask(Candidate(project()) if served else None, body, action)
