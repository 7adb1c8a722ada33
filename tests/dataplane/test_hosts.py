"""Which API and stage a request names: DESIGN section 3, "Addresses"."""

from __future__ import annotations

from typing import Any

import pytest

from compile.gateways import DEV, ORIGIN, api, compiled, gateway, method
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.model.rest_api import Stage

PROD = Stage(name="prod", origin=ORIGIN)

REFUSED = "403 host"


def envoy_of(**edge: Any) -> SimulatedEnvoy:
    """Three APIs: orders is the default, hidden has no execute-api endpoint."""
    project = gateway(
        api(method("GET", "/a"), stages=(DEV, PROD)),
        api(method("GET", "/a"), name="users", api_id="x1y2z3"),
        api(method("GET", "/a"), name="hidden", execute_api_endpoint=False),
        **edge,
    )
    return SimulatedEnvoy(compiled(project))


@pytest.fixture(scope="module")
def envoy() -> SimulatedEnvoy:
    return envoy_of(hosts=("gw.example.com", "Shop.Example.com"))


def api_at(envoy: SimulatedEnvoy, host: str, path: str = "/dev/a") -> str:
    """The scope that serves a host, or why it is refused."""
    outcome = envoy.request("GET", path, host=host)
    return outcome.scope if outcome.answer is None else outcome.verdict


@pytest.mark.parametrize(
    ("host", "scope"),
    [
        ("orders.localhost", "orders/dev"),
        ("orders.localhost:8080", "orders/dev"),
        ("ORDERS.LocalHost:8080", "orders/dev"),
        ("users.localhost", "users/dev"),
        ("users.localhost.", "users/dev"),
        ("users.execute-api.eu-west-1.amazonaws.com", "users/dev"),
        ("users.execute-api.anything", "users/dev"),
    ],
)
def test_an_apis_own_hosts_reach_it(envoy: SimulatedEnvoy, host: str, scope: str) -> None:
    assert api_at(envoy, host) == scope


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "LOCALHOST",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
        "10.0.0.9",
    ],
)
def test_loopback_names_and_ip_literals_reach_the_default_api(envoy: SimulatedEnvoy, host: str) -> None:
    assert api_at(envoy, host) == "orders/dev"


@pytest.mark.parametrize(
    "host", ["gw.example.com", "GW.example.com:443", "shop.example.com", "gw.example.com."]
)
def test_further_hosts_reach_the_default_api(envoy: SimulatedEnvoy, host: str) -> None:
    assert api_at(envoy, host) == "orders/dev"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "orders",
        "orders.example.com",
        "orders.localhost.evil.example.com",
        "gw.example.com.evil",
        "sub.orders.localhost",
        "nobody.localhost",
        ".localhost",
        "localhost.evil",
        "xn--localhost",
        "orders.execute-api",
        "localhost\t",
        "a b",
        "",
        "1.2.3.4.example.com",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4.5",
        "1..3.4",
        ".1.2.3",
        "1234.1.1.1",
        "1.2.3.x",
        "2130706433",
        "0x7f.0.0.1",
        "[]",
        "[localhost]",
        "[::1g]",
    ],
)
def test_any_other_host_is_forbidden(envoy: SimulatedEnvoy, host: str) -> None:
    assert api_at(envoy, host) == REFUSED


@pytest.mark.parametrize(
    "host",
    [
        "orders.localhost,evil",  # Envoy joins two Host headers with a comma
        "orders.localhost,orders.localhost",
        "orders.localhost:80:80",
        "orders.localhost:port",
        "orders.localhost:123456",
        "orders.localhost:8080@evil",
        "[::1",
        "[::1]evil",
        "[::1].localhost",
        "x" * 256 + ".localhost",
    ],
)
def test_what_is_no_host_at_all_is_a_bad_request(envoy: SimulatedEnvoy, host: str) -> None:
    outcome = envoy.request("GET", "/dev/a", host=host)
    assert outcome.answer is not None
    assert outcome.answer.status in (400, 403)
    assert outcome.why == "host"


def test_a_joined_host_is_always_a_bad_request(envoy: SimulatedEnvoy) -> None:
    assert envoy.request("GET", "/dev/a", host="localhost,localhost").verdict == "400 host"


def test_an_unknown_stage_is_forbidden(envoy: SimulatedEnvoy) -> None:
    for path in ("/test/a", "/", "//", "", "/de", "/devel/a", "/orders/dev/a", "/@entry/a", "/dev%2Fa"):
        if path:
            outcome = envoy.request("GET", path)
            assert outcome.verdict == "403 stage", path
            assert outcome.answer is not None
            assert outcome.answer.body == '{"message":"Forbidden"}'
            assert outcome.answer.headers["x-amzn-errortype"] == "ForbiddenException"


def test_each_stage_has_a_scope_of_its_own(envoy: SimulatedEnvoy) -> None:
    assert api_at(envoy, "localhost", "/prod/a") == "orders/prod"
    assert api_at(envoy, "users.localhost", "/prod/a") == "403 stage"


def test_a_client_cannot_name_the_scope(envoy: SimulatedEnvoy) -> None:
    outcome = envoy.request("GET", "/dev/a", [("x-gl-scope", "users/dev")], host="orders.localhost")
    assert outcome.header("x-gl-scope") == "orders/dev"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/restapis/users/dev/_user_request_/a", "users/dev"),
        ("//restapis/users/dev/_user_request_/a", "users/dev"),
        ("/restapis/orders/prod/_user_request_/a", "orders/prod"),
        ("/restapis/users/dev/_user_request_", "403 no_method"),
        ("/restapis/users/prod/_user_request_/a", "403 stage"),
        ("/restapis/nobody/dev/_user_request_/a", "403 stage"),
        ("/restapis/hidden/dev/_user_request_/a", "403 stage"),
        ("/restapis/users/dev/_user_request_x/a", "403 stage"),
        ("/restapis/users/dev/a", "403 stage"),
        ("/restapis/users/dev", "403 stage"),
        ("/restapis/users", "403 stage"),
        ("/restapis/", "403 stage"),
        ("/restapis//dev/_user_request_/a", "403 stage"),
    ],
)
def test_the_local_form_of_a_path_names_any_api(envoy: SimulatedEnvoy, path: str, expected: str) -> None:
    assert api_at(envoy, "localhost", path) == expected


def test_the_local_form_only_works_on_loopback() -> None:
    envoy = envoy_of(address="0.0.0.0")
    assert api_at(envoy, "localhost", "/restapis/users/dev/_user_request_/a") == "403 stage"
    assert api_at(envoy, "192.0.2.1", "/dev/a") == "orders/dev"
    assert api_at(envoy, "users.localhost", "/restapis/users/dev/_user_request_/a") == "403 stage"


def test_without_an_execute_api_endpoint_an_apis_own_hosts_are_closed(envoy: SimulatedEnvoy) -> None:
    assert api_at(envoy, "hidden.localhost") == "403 stage"
    assert api_at(envoy, "hidden.execute-api.us-east-1.amazonaws.com") == "403 stage"


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_without_an_execute_api_endpoint_a_default_api_keeps_its_other_hosts(address: str) -> None:
    envoy = envoy_of(default_api="hidden", hosts=("gw.example.com",), address=address)
    assert api_at(envoy, "gw.example.com") == "hidden/dev"
    assert api_at(envoy, "localhost") == "hidden/dev"
    assert api_at(envoy, "127.0.0.1") == "hidden/dev"
    assert api_at(envoy, "hidden.localhost") == "403 stage"


def test_without_a_default_api_loopback_names_serve_the_local_form_only() -> None:
    envoy = envoy_of(default_api="")
    assert api_at(envoy, "localhost") == "403 stage"
    assert api_at(envoy, "localhost", "/restapis/users/dev/_user_request_/a") == "users/dev"
    assert api_at(envoy, "users.localhost") == "users/dev"


def test_many_hosts_are_judged_rightly_and_forgotten_again(envoy: SimulatedEnvoy) -> None:
    for number in range(5000):
        assert api_at(envoy, f"h{number}.evil") == REFUSED
    assert api_at(envoy, "users.localhost") == "users/dev"
