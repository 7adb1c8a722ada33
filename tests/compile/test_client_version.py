"""Which clients a target group takes: the matches of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compile.balancers import balancer, forward, group, listener, project, rule
from compile.gateways import ORIGIN, compiled
from gateline.compile.client_version import asks_versions, misfits
from gateline.compile.resources import LISTENER
from gateline.compile.wire import to_dict
from gateline.model.target_group import ProtocolVersion, TargetGroup

OLD = {"name": "x-gl-protocol", "string_match": {"exact": "HTTP/2"}, "invert_match": True}
NOT_POST = {"name": ":method", "string_match": {"exact": "POST"}, "invert_match": True}
RULE = {"prefix": "/", "headers": [{"name": "x-a", "present_match": True}]}


@pytest.mark.parametrize(
    ("version", "conditions"),
    [(ProtocolVersion.HTTP2, [OLD]), (ProtocolVersion.GRPC, [OLD, NOT_POST])],
)
def test_a_new_version_refuses_old_clients_under_the_conditions_of_its_rule(
    version: ProtocolVersion, conditions: list[object]
) -> None:
    assert misfits(RULE, version) == [
        {"prefix": "/", "headers": [{"name": "x-a", "present_match": True}, each]} for each in conditions
    ]


def test_http1_refuses_grpc() -> None:
    assert misfits(RULE, ProtocolVersion.HTTP1) == [{**RULE, "grpc": {}}]


def test_only_a_project_with_such_a_group_tells_routes_what_clients_speak() -> None:
    plain = TargetGroup(name="a", origin=ORIGIN)
    assert not asks_versions([plain])
    assert asks_versions([plain, replace(plain, protocol_version=ProtocolVersion.GRPC)])


@pytest.mark.parametrize("version", ProtocolVersion)
def test_the_listener_writes_the_header_that_routes_ask_for(version: ProtocolVersion) -> None:
    groups = (group("orders", protocol_version=version),)
    made = compiled(project(balancer(listener(rule(None, forward(orders=1)))), groups=groups))
    [found] = [to_dict(each) for name, each in made.by_type[LISTENER].items() if name.startswith("balancer/")]
    assert ("x-gl-protocol" in str(found)) is (version is not ProtocolVersion.HTTP1)
