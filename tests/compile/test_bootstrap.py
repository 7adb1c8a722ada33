"""What an Envoy starts with: no listener, no TCP admin, its control plane on a Unix socket."""

from __future__ import annotations

from typing import Any

from gateline.compile.bootstrap import bootstrap


def made() -> Any:
    """A bootstrap."""
    return bootstrap(node="edge", xds_socket="/run/xds", admin_socket="/run/admin", memory=300_000_000)


def test_admin_is_a_unix_socket_for_its_owner_only() -> None:
    assert made()["admin"]["address"] == {"pipe": {"path": "/run/admin", "mode": 0o600}}


def test_everything_comes_over_delta_ads_on_a_unix_socket() -> None:
    shown = made()
    assert shown["dynamic_resources"]["ads_config"]["api_type"] == "DELTA_GRPC"
    [cluster] = shown["static_resources"]["clusters"]
    [endpoint] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"] == {"pipe": {"path": "/run/xds"}}
    assert "listeners" not in shown["static_resources"]


def test_the_node_says_which_it_is() -> None:
    assert made()["node"] == {"id": "edge", "cluster": "gateline"}


def test_connections_are_bounded() -> None:
    [connections, _] = made()["overload_manager"]["resource_monitors"]
    assert int(connections["typed_config"]["max_active_downstream_connections"]) > 0


def test_memory_is_bounded() -> None:
    [_, heap] = made()["overload_manager"]["resource_monitors"]
    assert int(heap["typed_config"]["max_heap_size_bytes"]) == 300_000_000
    manager = made()["overload_manager"]
    triggers = {each["triggers"][0]["name"] for each in manager["actions"] + manager["loadshed_points"]}
    assert triggers == {heap["name"]}


def test_bodies_over_http1_that_have_begun_end_too_when_memory_is_scarce() -> None:
    [point] = made()["overload_manager"]["loadshed_points"]
    assert point["name"] == "envoy.load_shed_points.http1_server_abort_dispatch"
