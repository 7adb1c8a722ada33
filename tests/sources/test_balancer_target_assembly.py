from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateline.model.target_group import TargetGroup, TargetProtocol, TargetType

from .balancers import Json, errors_of, gateway_of, http, project
from .conftest import LoadProject

TCP = {"protocol": "TCP", "port": 5432, "default_actions": [{"type": "forward", "target_group": "inner"}]}


def shop(target: str, *listeners: Json, **group: Any) -> str:
    """A network balancer of the internet before an internal application balancer."""
    return project(
        target_groups={"inner": {"target_type": "alb", "protocol": "TCP", "targets": [target], **group}},
        load_balancers={
            "front": {"type": "network", "scheme": "internet-facing", "listeners": [TCP]},
            "inner": {"listeners": list(listeners or [http()])},
        },
    )


def group_of(load_project: LoadProject, text: str) -> TargetGroup:
    return next(each for each in gateway_of(load_project, text).target_groups if each.name == "inner")


@pytest.mark.parametrize("target", ["balancer:inner", "balancer:inner:80"])
def test_the_listener_that_is_meant_is_found(load_project: LoadProject, target: str) -> None:
    group = group_of(load_project, shop(target))
    assert (group.target_type, group.balancer, group.targets) == (TargetType.ALB, ("inner", 80), ())


def test_it_is_asked_over_http_with_the_numbers_of_network_balancers(load_project: LoadProject) -> None:
    check = group_of(load_project, shop("balancer:inner", health_check={"path": "/h"})).health_check
    assert (check.protocol, check.path, check.timeout) == (TargetProtocol.HTTP, "/h", timedelta(seconds=6))
    assert check.matcher == ((200, 399),)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("balancer:iner", "GL227 /target_groups/inner/targets/0: the load balancer 'iner' is not declared"),
        ("balancer:inner:81", "GL271 /target_groups/inner/targets/0: 'inner' has no listener at port 81"),
        ("balancer:front", "GL271 /target_groups/inner/targets/0: 'front' is a network balancer"),
    ],
)
def test_what_is_no_listener_is_complained_about(load_project: LoadProject, target: str, told: str) -> None:
    [error] = errors_of(load_project, shop(target))
    assert error.startswith(told)


def test_of_several_listeners_one_must_be_named(load_project: LoadProject) -> None:
    [error] = errors_of(load_project, shop("balancer:inner", http(), http(port=81)))
    assert error == "GL271 /target_groups/inner/targets/0: 'inner' has several listeners"


def test_an_encrypted_listener_that_is_reached_needs_certificates(load_project: LoadProject) -> None:
    https = http(protocol="HTTPS", port=443)
    [error] = errors_of(load_project, shop("balancer:inner", https))
    assert error == "GL231 /load_balancers/inner/listeners/0: an HTTPS listener needs certificates"
    certified = shop("balancer:inner", https | {"certificates": [{"self_signed": True}]})
    assert [each.name for each in gateway_of(load_project, certified).certificates] == [
        "balancer/inner:443/0"
    ]


def test_an_internal_balancer_that_is_reached_is_used_and_its_attributes_have_an_effect(
    load_project: LoadProject,
) -> None:
    held = http(attributes={"routing.http.response.server.enabled": False})
    report = load_project(shop("balancer:inner", held), environ={}).report
    said = [each.message for each in report.diagnostics]
    assert not any("load balancer 'inner'" in each or "no effect" in each for each in said), said


@pytest.mark.parametrize(
    "changed",
    [
        {"protocol": "TLS"},
        {"targets": ["10.0.0.1:80"]},
        {"targets": ["balancer:inner", "balancer:front"]},
        {"proxy_protocol_v2": True},
        {"health_check": {"protocol": "TCP"}},
        {"health_check": {"port": 80}},
        {"target_type": "ip"},
    ],
)
def test_keys_that_do_not_fit_are_refused(load_project: LoadProject, changed: Json) -> None:
    errors = errors_of(load_project, shop("balancer:inner", **changed))
    assert any(error.startswith("GL207 /target_groups/inner") for error in errors), errors
