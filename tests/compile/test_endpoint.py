"""Answers of the name service as endpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from compile.gateways import ORIGIN
from gateline.compile.endpoint import ONE_IS_ENOUGH, REGISTERED, assignments, enough
from gateline.compile.resources import HostLookup
from gateline.compile.wire import to_dict
from gateline.model.target_group import MinimumHealthy, Registration


def lookup(cluster: str, host: str, port: int = 80) -> HostLookup:
    """A host to be resolved."""
    return HostLookup(cluster=cluster, host=host, port=port, origin=ORIGIN)


def endpoints(answers: dict[HostLookup, list[str]], cluster: str = "c") -> list[dict[str, Any]]:
    """The endpoints of a cluster."""
    shown: Any = to_dict(assignments(answers)[cluster])
    return [e["endpoint"] for locality in shown.get("endpoints", []) for e in locality["lb_endpoints"]]


def address(text: str, port: int = 80) -> dict[str, Any]:
    """An address as Envoy writes it."""
    return {"socket_address": {"address": text, "port_value": port}}


def test_every_address_of_every_host_of_a_cluster_is_an_endpoint() -> None:
    found = endpoints({lookup("c", "a"): ["10.0.0.1", "10.0.0.2"], lookup("c", "b", 81): ["10.0.0.3"]})
    assert found == [
        {"address": address("10.0.0.1")},
        {"address": address("10.0.0.2")},
        {"address": address("10.0.0.3", 81)},
    ]


def test_localhost_is_one_endpoint_on_two_addresses() -> None:
    [found] = endpoints({lookup("c", "localhost"): ["127.0.0.1", "::1"]})
    assert found["address"] == address("127.0.0.1")
    assert found["additional_addresses"] == [{"address": address("::1")}]


def test_a_loopback_address_beside_another_is_no_localhost() -> None:
    assert len(endpoints({lookup("c", "x"): ["127.0.0.1", "10.0.0.1"]})) == 2


def test_two_loopback_addresses_of_a_family_are_two_servers() -> None:
    assert len(endpoints({lookup("c", "x"): ["127.0.0.1", "127.0.0.2"]})) == 2


def test_a_host_without_an_answer_leaves_a_cluster_without_endpoints() -> None:
    assert endpoints({lookup("c", "gone"): []}) == []


def test_each_cluster_has_an_assignment_of_its_own() -> None:
    made = assignments({lookup("c", "a"): ["10.0.0.1"], lookup("d", "a"): ["10.0.0.1"]})
    assert set(made) == {"c", "d"}


def targets(
    *registrations: Registration, answers: dict[HostLookup, list[str]] | None = None
) -> list[dict[str, Any]]:
    """The lb_endpoints of the cluster `c` of the target group `g`."""
    shown: Any = to_dict(assignments(answers or {}, {"c": "g"}, registrations)["c"])
    return [each for locality in shown.get("endpoints", []) for each in locality["lb_endpoints"]]


def may_be_asked(target: dict[str, Any]) -> bool:
    """Whether a target is in the subset that gets requests."""
    registered: bool = target.get("metadata", {}).get("filter_metadata", {}).get("envoy.lb") == REGISTERED
    return registered


def test_the_cluster_of_a_target_group_has_an_assignment_without_any_target() -> None:
    shown: Any = to_dict(assignments({}, {"c": "g"})["c"])
    assert shown == {"cluster_name": "c", "policy": {"overprovisioning_factor": ONE_IS_ENOUGH}}


def test_tasks_are_targets_of_every_cluster_of_their_group() -> None:
    one, other = Registration("g", address="127.0.0.1", port=4711), Registration("h", socket="/s")
    made = assignments({}, {"c": "g", "d": "g", "e": "h"}, (one, other))
    assert "4711" in str(made["c"])
    assert str(made["c"]).replace('"c"', '"d"') == str(made["d"])
    assert "4711" not in str(made["e"])


def test_a_target_is_asked_by_its_address_whether_it_is_well() -> None:
    static = lookup("c", "orders.internal")
    elsewhere = replace(static, host="x", port=81, health_port=9)
    task = Registration("g", address="::1", port=4711)
    socket = Registration("g", socket="/s")
    found = targets(task, socket, answers={static: ["10.0.0.1"], elsewhere: ["10.0.0.2"]})
    assert [each["endpoint"]["health_check_config"] for each in found] == [
        {"hostname": "10.0.0.1:80"},
        {"hostname": "10.0.0.2:9", "port_value": 9},
        {"hostname": "[::1]:4711"},
        {"hostname": "localhost"},
    ]
    assert found[-1]["endpoint"]["address"] == {"pipe": {"path": "/s"}}
    assert all(may_be_asked(each) for each in found)


def test_who_drains_stays_known_and_may_not_be_asked() -> None:
    [found] = targets(Registration("g", socket="/s", draining=True))
    assert found["health_status"] == "DRAINING"
    assert not may_be_asked(found)


def test_other_clusters_know_nothing_of_health() -> None:
    [found] = endpoints({lookup("d", "a"): ["10.0.0.1"]}, "d")
    assert "health_check_config" not in found


def test_weights_and_priorities_of_registrations_arrive_and_priorities_have_no_gap() -> None:
    found: Any = to_dict(
        assignments(
            {},
            {"c": "orders"},
            [
                Registration("orders", "10.0.0.1", 80, weight=5, priority=10),
                Registration("orders", "10.0.0.2", 80, priority=10),
                Registration("orders", "10.0.0.3", 80, priority=30, health_port=9001),
            ],
        )["c"]
    )
    first, second = found["endpoints"]
    assert (first.get("priority", 0), second["priority"]) == (0, 1)
    assert [each.get("load_balancing_weight") for each in first["lb_endpoints"]] == [5, None]
    checked = second["lb_endpoints"][0]["endpoint"]["health_check_config"]
    assert checked == {"hostname": "10.0.0.3:9001", "port_value": 9001}


def test_each_place_is_an_endpoint_once_and_who_is_served_there_does_not_drain() -> None:
    found: Any = to_dict(
        assignments(
            {lookup("c", "a"): ["10.0.0.1"]},
            {"c": "orders"},
            [
                Registration("orders", "10.0.0.1", 80, draining=True),
                Registration("orders", "10.0.0.2", 80, draining=True),
                Registration("orders", "10.0.0.2", 80),
            ],
        )["c"]
    )
    listed = found["endpoints"][0]["lb_endpoints"]
    assert [each["endpoint"]["address"] for each in listed] == [address("10.0.0.1"), address("10.0.0.2")]
    assert [each.get("health_status") for each in listed] == [None, None]


@pytest.mark.parametrize("registered", [1, 2, 3, 4, 7, 10, 33, 99])
@pytest.mark.parametrize(
    "minimum",
    [
        MinimumHealthy(count=2),
        MinimumHealthy(count=5),
        MinimumHealthy(count=3, percentage=50),
        *(MinimumHealthy(percentage=percentage) for percentage in (1, 33, 50, 67, 100)),
    ],
)
def test_envoys_arithmetic_is_full_exactly_from_the_minimum_on(
    minimum: MinimumHealthy, registered: int
) -> None:
    factor = enough(minimum, registered)
    for healthy in range(registered):  # when all are healthy there is nobody else to ask
        short = healthy < minimum.count or healthy * 100 < minimum.percentage * registered
        assert (factor * healthy // registered < 100) is short
