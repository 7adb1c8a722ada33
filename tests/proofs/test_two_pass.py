"""Two-pass routing (docs/decisions/0008-two-passes.md): a balancer's rules judge the request after mapping.

Where an integration's uri depends on the request, the script maps it and has the route chosen once more, in a
scope of the balancer whose routes need a mark in filter state. Balancers come with a later issue; this proof puts
such a scope and the second pass around what is compiled today.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from compile.gateways import api, gateway, http_proxy, mapping, method, of_request
from gateline import dataplane
from gateline.dataplane import keys
from harness.raw_client import Answer
from harness.recording_backend import RecordingBackend
from proofs.running_envoy import RunningEnvoy, bootstrap_of, running_envoy
from proofs.test_seal import with_script

BALANCER: Final = "balancer/internal"
MARK: Final = "gl.balancer"
TYPES: Final = "type.googleapis.com/"

SECOND_PASS: Final = f"""
local first_pass = envoy_on_request
function envoy_on_request(h)
  first_pass(h)
  local state = h:streamInfo():filterState()
  if state:get("{keys.ROUTE_STATE}") then
    h:headers():replace("{keys.SCOPE_HEADER}", "{BALANCER}")
    if not h:headers():get("x-forgets-the-mark") then
      state:set("{MARK}", "envoy.string", "internal")
    end
    h:clearRouteCache()
  end
end
"""


def rule(name: str, match: dict[str, Any], status: int) -> dict[str, Any]:
    """A balancer's rule that answers by itself, so that a test sees which one it was."""
    answer = {"status": status, "body": {"inline_string": name}}
    return {"name": name, "match": match, "direct_response": answer}


def balancer_scope() -> dict[str, Any]:
    """A balancer's rules in order, behind the mark; everything else is forbidden."""
    rules = [
        rule(
            "admin by header",
            {"prefix": "/orders", "headers": [{"name": "x-admin", "present_match": True}]},
            211,
        ),
        rule("orders", {"prefix": "/orders"}, 212),
        rule(
            "by query",
            {"prefix": "/", "query_parameters": [{"name": "q", "string_match": {"exact": "1"}}]},
            213,
        ),
        rule("default", {"prefix": "/"}, 404),
    ]
    marked = {
        "name": "marked",
        "typed_config": {"@type": f"{TYPES}envoy.config.route.v3.RouteList", "routes": rules},
    }
    unmarked = {
        "name": "unmarked",
        "typed_config": {
            "@type": f"{TYPES}envoy.config.route.v3.Route",
            **rule("unmarked", {"prefix": "/"}, 403),
        },
    }
    state = f"{TYPES}envoy.extensions.matching.common_inputs.network.v3.FilterStateInput"
    tree = {
        "input": {"name": "mark", "typed_config": {"@type": state, "key": MARK}},
        "exact_match_map": {"map": {"internal": {"action": marked}}},
    }
    host = {
        "name": "balancer",
        "domains": ["*"],
        "matcher": {"matcher_tree": tree, "on_no_match": {"action": unmarked}},
    }
    return {
        "name": BALANCER,
        "key": {"fragments": [{"string_key": BALANCER}]},
        "route_configuration": {"name": BALANCER, "virtual_hosts": [host]},
    }


def two_passes(backend_port: int) -> dict[str, Any]:
    """A compiled project, the balancer's scope beside it and the second pass behind the script."""
    tenant = mapping("path.t", of_request("path.tenant"))
    served = gateway(
        api(
            method("GET", "/{tenant}/list", http_proxy("http://b.test/{t}", tenant)),
            method("GET", "/fixed", http_proxy("http://b.test/orders/all")),
            method(
                "GET",
                "/query",
                http_proxy("http://b.test/x", mapping("querystring.q", of_request("header.x-q"))),
            ),
        ),
        port=0,
    )
    bootstrap = with_script(bootstrap_of(served, backend_port), dataplane.script() + SECOND_PASS)
    [listener] = bootstrap["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    scopes = manager["scoped_routes"]["scoped_route_configurations_list"]["scoped_route_configurations"]
    scopes.append(balancer_scope())
    return bootstrap


@pytest.fixture(scope="module")
def backend() -> Iterator[RecordingBackend]:
    with RecordingBackend() as recording:
        yield recording


@pytest.fixture(scope="module")
def envoy(backend: RecordingBackend) -> Iterator[RunningEnvoy]:
    with running_envoy(two_passes(backend.port)) as running:
        yield running


def rule_of(answer: Answer) -> bytes:
    """The balancer's rule that answered."""
    return answer.body


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("/dev/orders/list", (), b"orders"),  # mapped to /orders
        ("/dev/users/list", (), b"default"),
        ("/dev/orders/list", (b"X-Admin: 1",), b"admin by header"),
        ("/dev/fixed", (), b"orders"),
        ("/dev/query", (b"X-Q: 1",), b"by query"),  # a query that the mapping has added
        ("/dev/query", (b"X-Q: 2",), b"default"),
        ("/dev/orders-and-more/list", (), b"orders"),
    ],
)
def test_rules_judge_what_was_mapped_and_not_what_was_sent(
    envoy: RunningEnvoy, path: str, lines: tuple[bytes, ...], expected: bytes
) -> None:
    assert rule_of(envoy.get(path, *lines)) == expected


@pytest.mark.envoy
@pytest.mark.parametrize(
    "path", ["/orders", "/orders/list", "/", "/balancer/internal/orders", "/dev", "/dev/none/x"]
)
def test_a_request_that_names_the_balancers_path_is_refused_in_the_first_pass(
    envoy: RunningEnvoy, path: str
) -> None:
    answer = envoy.get(path)
    assert answer.status == 403
    assert b"message" in answer.body


@pytest.mark.envoy
@pytest.mark.parametrize("path", ["/orders", "/dev/none", "/dev/users/list", "/dev/orders/list"])
def test_no_header_forges_the_mark_or_moves_a_request_to_another_rule(envoy: RunningEnvoy, path: str) -> None:
    names = (
        keys.SCOPE_HEADER,
        keys.SCOPE_HEADER.upper(),
        MARK,
        "x-gl-balancer",
        "x-gl.balancer",
        "gl",
        "internal",
    )
    values = (BALANCER, "internal", "1")
    honest = envoy.get(path)
    for name in names:
        for value in values:
            forged = envoy.get(path, f"{name}: {value}".encode())
            assert (forged.status, forged.body) == (honest.status, honest.body), (name, value)


@pytest.mark.envoy
def test_in_the_balancers_scope_nothing_matches_without_the_mark(envoy: RunningEnvoy) -> None:
    answer = envoy.get("/dev/orders/list", b"X-Forgets-The-Mark: 1")
    assert (answer.status, answer.body) != (212, b"orders")
    assert answer.status == 403


@pytest.mark.envoy
def test_the_backend_behind_the_first_pass_is_never_reached(
    envoy: RunningEnvoy, backend: RecordingBackend
) -> None:
    backend.clear()
    for path in ("/dev/orders/list", "/dev/users/list", "/dev/fixed", "/dev/query", "/orders"):
        envoy.get(path)
    assert backend.received() == []
