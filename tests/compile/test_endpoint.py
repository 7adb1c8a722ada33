"""Answers of the name service as endpoints."""

from __future__ import annotations

from typing import Any

from compile.gateways import ORIGIN
from gateline.compile.endpoint import assignments
from gateline.compile.resources import HostLookup
from gateline.compile.wire import to_dict


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


def test_a_host_without_an_answer_leaves_a_cluster_without_endpoints() -> None:
    assert endpoints({lookup("c", "gone"): []}) == []


def test_each_cluster_has_an_assignment_of_its_own() -> None:
    made = assignments({lookup("c", "a"): ["10.0.0.1"], lookup("d", "a"): ["10.0.0.1"]})
    assert set(made) == {"c", "d"}
