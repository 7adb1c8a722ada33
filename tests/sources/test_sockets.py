from __future__ import annotations

import pytest

from .balancers import Json, errors_of, http, listening
from .conftest import LoadProject

FACING: Json = {"scheme": "internet-facing"}


@pytest.mark.parametrize(
    ("gateway", "bind"),
    [
        ({"port": 8080}, "127.0.0.1:8081"),
        ({"port": 8080}, "127.0.0.2:8080"),
        ({"port": 8080}, "[::1]:8080"),
        ({"address": "0.0.0.0", "port": 8080}, "[::]:8080"),
        ({"port": 0}, "127.0.0.1:8080"),
    ],
)
def test_sockets_that_do_not_meet_are_opened(load_project: LoadProject, gateway: Json, bind: str) -> None:
    assert errors_of(load_project, listening(http(bind=bind), balancer=FACING, gateway=gateway)) == []


@pytest.mark.parametrize(
    ("gateway", "bind"),
    [
        ({"port": 8080}, "127.0.0.1:8080"),
        ({"address": "0.0.0.0", "port": 8080}, "127.0.0.1:8080"),
        ({"port": 8080}, "0.0.0.0:8080"),
        ({"address": "::1", "port": 8080}, "[::]:8080"),
    ],
)
def test_nobody_listens_where_the_gateway_does(load_project: LoadProject, gateway: Json, bind: str) -> None:
    (said,) = errors_of(load_project, listening(http(bind=bind), balancer=FACING, gateway=gateway))
    assert said.startswith(
        "GL232 /load_balancers/b/listeners/0: port 80 of the load balancer 'b' would listen at"
    )
    assert said.endswith("where the gateway listens")


def test_the_admin_address_is_a_socket_too(load_project: LoadProject) -> None:
    both = listening(http(), gateway={"port": 9901, "admin": {}})
    assert errors_of(load_project, both) == [
        "GL232 /gateway/admin: gateway.admin would listen at port 9901 of 127.0.0.1, where the gateway listens"
    ]


def test_an_internal_balancer_opens_no_socket(load_project: LoadProject) -> None:
    assert errors_of(load_project, listening(http(port=8080), gateway={"port": 8080})) == []


def test_an_ipv4_address_is_written_as_one(load_project: LoadProject) -> None:
    says = "must be the IPv4 address 127.0.0.1 itself, not mapped into IPv6"
    mapped = listening(http(bind="[::ffff:127.0.0.1]:8081"), balancer=FACING, gateway={"port": 8080})
    (said,) = errors_of(load_project, mapped)
    assert says in said
    (said,) = errors_of(load_project, listening(http(), gateway={"address": "::ffff:127.0.0.1"}))
    assert says in said


@pytest.mark.parametrize(
    ("protocols", "taken"),
    [(("TCP", "UDP"), False), (("TCP", "TCP_UDP"), True), (("UDP", "TCP_UDP"), True), (("UDP", "UDP"), True)],
)
def test_connections_and_datagrams_do_not_meet(
    load_project: LoadProject, protocols: tuple[str, str], taken: bool
) -> None:
    listeners = [
        {
            "protocol": protocol,
            "port": port,
            "bind": "127.0.0.1:53",
            "default_actions": [{"type": "forward", "target_group": "g"}],
        }
        for port, protocol in enumerate(protocols, 1)
    ]
    groups = {"g": {"protocol": "TCP_UDP"}}
    text = listening(*listeners, balancer={"type": "network", **FACING}, target_groups=groups)
    said = [line[:5] for line in errors_of(load_project, text)]
    assert said == (["GL232"] if taken else [])
