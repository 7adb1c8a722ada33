"""Tunnels of the project file: what they become, and what does not fit."""

from __future__ import annotations

import pytest

from gateline.model import codes
from gateline.model.diagnostic import Code

from .balancers import Json, gateway_of, project
from .conftest import LoadProject

LINKS: Json = {"address": "10.0.0.1", "port": 9443}


def tunnelled(**more: Json) -> str:
    """A project with the tunnel plant and these parts."""
    return project(**({"gateway": {"links": LINKS}, "tunnels": {"plant": {}}} | more))


def complaints_of(load_project: LoadProject, text: str) -> set[str]:
    """The names of all that is said about a project."""
    return {each.code.name for each in load_project(text).report.diagnostics}


def test_tunnels_and_what_leads_to_them_arrive(load_project: LoadProject) -> None:
    group = {"protocol": "TCP", "targets": ["tunnel:plant/db:5432"]}
    gateway = gateway_of(
        load_project,
        tunnelled(vpc_links={"inner": {"target": {"tunnel": "plant"}}}, target_groups={"databases": group}),
    )
    assert [tunnel.name for tunnel in gateway.tunnels] == ["plant"]
    links = gateway.edge.links
    assert links is not None
    assert (links.address, links.port, links.advertised) == ("10.0.0.1", 9443, "")
    assert [(link.tunnel, link.load_balancer, link.targets) for link in gateway.vpc_links] == [
        ("plant", "", ())
    ]
    (target,) = gateway.target_groups[0].targets
    assert (target.tunnel, target.host, target.port) == ("plant", "db", 5432)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"gateway": {}}, codes.TUNNELS_WITHOUT_LISTENER),
        ({"gateway": {"links": {"address": "0.0.0.0"}}}, codes.LINKS_NOT_ADVERTISED),
        ({"vpc_links": {"inner": {"target": {"tunnel": "plnat"}}}}, codes.TUNNEL_NOT_DECLARED),
        (
            {"target_groups": {"a": {"targets": ["tunnel:lab/a:80"]}}},
            codes.TUNNEL_NOT_DECLARED,
        ),
        (
            {"target_groups": {"a": {"targets": ["tunnel:plant/a:80", "10.0.0.1:80"]}}},
            codes.TUNNEL_TARGETS_MIXED,
        ),
        (
            {
                "target_groups": {
                    "a": {"protocol": "TCP", "proxy_protocol_v2": True, "targets": ["tunnel:plant/a:80"]}
                }
            },
            codes.TUNNEL_TARGETS_MIXED,
        ),
        (
            {"target_groups": {"a": {"protocol": "UDP", "targets": ["tunnel:plant/a:80"]}}},
            codes.TUNNEL_TARGETS_MIXED,
        ),
        (
            {
                "target_groups": {"a": {"targets": ["tunnel:plant/a:80"]}},
                "services": {"s": {"command": ["serve", "{port}"], "target_group": "a"}},
            },
            codes.TUNNEL_TARGETS_MIXED,
        ),
        ({"gateway": {"port": 9443, "links": LINKS, "address": "10.0.0.1"}}, codes.SOCKET_TAKEN),
    ],
)
def test_what_does_not_fit_is_told(load_project: LoadProject, parts: Json, code: Code) -> None:
    assert code.name in complaints_of(load_project, tunnelled(**parts))


def test_a_tunnel_that_nothing_leads_to_is_told(load_project: LoadProject) -> None:
    assert codes.DECLARED_BUT_UNUSED.name in complaints_of(load_project, tunnelled())


def test_an_advertised_name_makes_every_address_fit(load_project: LoadProject) -> None:
    links = {"address": "0.0.0.0", "advertise": "gw.example.com:8443"}
    said = complaints_of(load_project, tunnelled(gateway={"links": links}))
    assert codes.LINKS_NOT_ADVERTISED.name not in said
