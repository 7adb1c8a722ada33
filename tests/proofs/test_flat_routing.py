"""Flat routing (docs/decisions/0007-flat-routing.md): the last of many routes is found as the first one is.

The script's share is counted in instructions (tests/dataplane/test_cost.py); here is Envoy's: one exact map per
scope, keyed by what the script has said, however many routes there are and under whatever prefix they lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from compile.gateways import api, compiled, gateway, http_proxy, mapping, method, of_request
from gateline.compile.resources import SCOPED_ROUTE, Resources
from gateline.model.gateway import Gateway
from harness.recording_backend import RecordingBackend
from proofs.running_envoy import RunningEnvoy, bootstrap_of, running_envoy

SIZE = 2_000


def tenants(size: int) -> Gateway:
    """As many routes under one leading parameter, and one that takes the rest."""
    methods = [
        method("GET", f"/{{tenant}}/r{number}/{{id}}", http_proxy(f"http://b.test/{number}/{{t}}", tenant))
        for number in range(size)
        for tenant in [mapping("path.t", of_request("path.tenant"))]
    ]
    rest = method("GET", "/{tenant}/{rest+}", http_proxy("http://b.test/rest"))
    return gateway(api(*methods, rest), port=0)


@pytest.fixture(scope="module")
def backend() -> Iterator[RecordingBackend]:
    with RecordingBackend() as recording:
        yield recording


@pytest.fixture(scope="module")
def envoy(backend: RecordingBackend) -> Iterator[RunningEnvoy]:
    with running_envoy(bootstrap_of(tenants(SIZE), backend.port)) as running:
        yield running


@pytest.mark.envoy
@pytest.mark.parametrize("number", [0, SIZE // 2, SIZE - 1])
def test_any_of_many_routes_under_one_parameter_is_served(
    envoy: RunningEnvoy, backend: RecordingBackend, number: int
) -> None:
    backend.clear()
    assert envoy.get(f"/dev/acme/r{number}/7").status == 200
    assert [each.target for each in backend.received()] == [f"/{number}/acme".encode()]


@pytest.mark.envoy
def test_a_request_falls_back_to_the_greedy_route(envoy: RunningEnvoy, backend: RecordingBackend) -> None:
    backend.clear()
    for path in ("/dev/acme/r0", "/dev/acme/r0/7/8", f"/dev/acme/r{SIZE}/7"):
        assert envoy.get(path).status == 200
    assert [each.target for each in backend.received()] == [b"/rest"] * 3


def depth(value: Any) -> int:
    """How deeply the messages of a value are nested."""
    if hasattr(value, "ListFields"):
        return 1 + max((depth(child) for _, child in value.ListFields()), default=0)
    if hasattr(value, "values"):
        return max((depth(value[key]) for key in value), default=0)
    if not isinstance(value, str | bytes) and hasattr(value, "__len__"):
        return max((depth(child) for child in value), default=0)
    return 0


def scope_of(resources: Resources) -> Any:
    """The one stage's scope."""
    return resources.by_type[SCOPED_ROUTE]["orders/dev"]


def test_a_scope_is_one_map_whose_shape_does_not_depend_on_the_number_of_routes() -> None:
    few, many = (scope_of(compiled(tenants(size))) for size in (10, 1_000))
    assert depth(few) == depth(many)
    for scope, size in ((few, 10), (many, 1_000)):
        [host] = scope.route_configuration.virtual_hosts
        assert len(host.routes) == 0
        assert len(host.matcher.matcher_tree.exact_match_map.map) == size + 1
