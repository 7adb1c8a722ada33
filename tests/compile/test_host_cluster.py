"""The host's cluster."""

from __future__ import annotations

from compile.gateways import api, authorized, compiled, function, gateway, method, token_authorizer
from gateline.compile.host_cluster import host_cluster
from gateline.compile.resources import CLUSTER
from gateline.dataplane import keys


def test_the_host_is_reached_over_its_socket_only() -> None:
    [group] = host_cluster("host", "/run/host.sock").load_assignment.endpoints  # type: ignore[attr-defined]
    [endpoint] = group.lb_endpoints
    assert endpoint.endpoint.address.pipe.path == "/run/host.sock"


def test_it_is_there_when_a_function_may_be_asked() -> None:
    served = api(method("GET", "/a", authorization=authorized()), authorizers=(token_authorizer(),))
    clusters = compiled(gateway(served, functions=(function(),))).by_type[CLUSTER]
    assert {keys.HOST_CLUSTER, keys.FUNCTIONS_CLUSTER} <= set(clusters)  # with bounds of their own
    assert keys.HOST_CLUSTER not in compiled(gateway(api(method("GET", "/a")))).by_type[CLUSTER]
