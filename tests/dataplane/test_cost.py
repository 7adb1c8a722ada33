"""What a route costs does not depend on how many there are: counted in Lua instructions, not in time.

The JIT is off in the script, so the count is the work. C functions count as one, and each of those that the
script calls is bounded by the length of the request.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from compile.gateways import routes
from dataplane.simulated_envoy import SimulatedEnvoy

SIZES = (10, 1_000, 10_000)


def paths(size: int, prefix: str, tail: str) -> list[str]:
    """As many routes of the same length."""
    return [f"GET {prefix}/r{number:05}{tail}" for number in range(size)]


def cost(envoy: SimulatedEnvoy, path: str) -> int:
    """The instructions of a request: the least of several.

    The first one reads a table, and the first one of a second renews the trace id's prefix.
    """
    found = []
    for _ in range(4):
        before = envoy.instructions
        envoy.request("GET", path)
        found.append(envoy.instructions - before)
    return min(found)


def costs(lines: list[str], requests: Sequence[str]) -> list[int]:
    """The instructions of each of these requests, all of them served."""
    envoy = SimulatedEnvoy(routes(*lines), count=True)
    assert all(envoy.request("GET", path).sealed for path in requests)
    return [cost(envoy, path) for path in requests]


@pytest.mark.parametrize(
    ("prefix", "tail", "request_prefix", "request_tail"),
    [
        ("", "", "", ""),
        ("/{tenant}", "", "/acme", ""),
        ("/{tenant}", "/{id}", "/acme", "/7"),
        ("", "/{rest+}", "", "/a/b"),
    ],
)
def test_the_first_and_the_last_of_any_number_of_routes_cost_the_same(
    prefix: str, tail: str, request_prefix: str, request_tail: str
) -> None:
    found = set()
    for size in SIZES:
        ends = [f"/dev{request_prefix}/r{number:05}{request_tail}" for number in (0, size - 1)]
        found.update(costs(paths(size, prefix, tail), ends))
    assert len(found) == 1, found


def test_a_request_that_falls_back_costs_no_more_among_many_routes() -> None:
    found = set()
    for size in SIZES:
        lines = [*paths(size, "/{tenant}", "/edit"), "GET /{tenant}/{rest+}"]
        found.update(costs(lines, ["/dev/acme/r00000/other", "/dev/acme/none"]))
    assert max(found) - min(found) < 100, found


def test_a_request_without_any_route_costs_no_more_among_many_routes() -> None:
    found = set()
    for size in SIZES:
        envoy = SimulatedEnvoy(routes(*paths(size, "/{tenant}", "/edit")), count=True)
        assert envoy.request("GET", "/dev/acme/r00000/none").verdict == "403 no_method"
        found.add(cost(envoy, "/dev/acme/r00000/none"))
    assert len(found) == 1, found


def test_a_usual_request_takes_few_instructions() -> None:
    """A guard against a loop per character on the hot path: 1,000 is twice what it takes."""
    short, long = costs(
        ["GET /orders/{id}"], ["/dev/orders/7?page=2", "/dev/orders/" + "x" * 2000 + "?page=2"]
    )
    assert short < 1_000
    assert long == short
