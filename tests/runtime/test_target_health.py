from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gateline.compile import names
from gateline.model.target_group import Registration
from gateline.runtime.target_health import CLUSTERS, View, read_view

PORT = Registration("orders", address="127.0.0.1", port=9000)
SOCKET = Registration("orders", socket="/sockets/s")


def host(address: dict[str, Any], *, active: int = 0, pending: int = 0, **health: Any) -> dict[str, Any]:
    """A host as Envoy 1.40 tells of it: zeros are left out, other counts are text."""
    gauges = {"cx_active": 7, "rq_active": active, "rq_pending_active": pending}
    return {
        "address": address,
        "stats": [
            {"name": "rq_total", "value": "9"},
            *(
                {"type": "GAUGE", "name": name} | ({"value": str(count)} if count else {})
                for name, count in gauges.items()
            ),
        ],
        "health_status": {"eds_health_status": "HEALTHY", **health},
        "weight": 1,
    }


def at_port(**told: Any) -> dict[str, Any]:
    return host({"socket_address": {"address": "127.0.0.1", "port_value": 9000}}, **told)


def at_socket(**told: Any) -> dict[str, Any]:
    return host({"pipe": {"path": "/sockets/s"}}, **told)


def view(clusters: dict[str, list[dict[str, Any]]]) -> View:
    statuses = [
        {"name": name, **({"host_statuses": hosts} if hosts else {})} for name, hosts in clusters.items()
    ]
    return read_view(json.dumps({"cluster_statuses": statuses} if statuses else {}).encode())


def test_a_target_is_well_when_no_check_has_failed() -> None:
    seen = view({"targets/orders": [at_port(), at_socket()]})
    assert seen.healthy(PORT) is True
    assert seen.healthy(SOCKET) is True


@pytest.mark.parametrize(
    "flag", ["failed_active_health_check", "pending_active_hc", "pending_dynamic_removal"]
)
def test_a_target_with_a_flag_is_not_well(flag: str) -> None:
    seen = view({"targets/orders": [at_port(**{flag: True}), at_socket()]})
    assert seen.healthy(PORT) is False
    assert seen.healthy(SOCKET) is True


def test_a_target_must_be_well_in_every_cluster_of_its_group() -> None:
    behind = names.target_group_through_network("orders", "https", "a.example", verified=False)
    others = {"targets/orders2": [at_port(failed_active_health_check=True)]}
    assert view({"targets/orders": [at_port()], behind: [at_port()], **others}).healthy(PORT) is True
    ill = at_port(failed_active_health_check=True)
    assert view({"targets/orders": [at_port()], behind: [ill]}).healthy(PORT) is False


@pytest.mark.parametrize(
    "clusters",
    [{}, {"targets/orders": []}, {"targets/orders": [at_port()], "targets/orders behind api": [at_socket()]}],
)
def test_a_target_that_a_cluster_does_not_know_yet_is_neither_well_nor_ill(
    clusters: dict[str, list[dict[str, Any]]],
) -> None:
    assert view(clusters).healthy(PORT) is None


def test_requests_in_flight_and_those_that_wait_are_counted_over_all_clusters_of_the_group() -> None:
    seen = view(
        {
            "targets/orders": [at_port(active=1), at_socket(active=20)],
            "targets/orders behind api": [at_port(active=2, pending=4)],
            "targets/orders2": [at_port(active=100)],
        }
    )
    assert seen.in_flight(PORT) == 7
    assert seen.in_flight(SOCKET) == 20
    assert seen.in_flight(Registration("orders", address="127.0.0.1", port=1)) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b'{"cluster_statuses": [{}]}', b'{"cluster_statuses": 3}'])
def test_what_cannot_be_read_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_view(body)


def test_the_clusters_that_are_asked_for_are_those_of_target_groups() -> None:
    assert re.match(CLUSTERS, names.target_group("orders"))
    assert re.match(CLUSTERS, names.target_group_behind_api("orders"))
    assert not re.match(CLUSTERS, names.host_cluster("http", "targets", 80, verified=True))
