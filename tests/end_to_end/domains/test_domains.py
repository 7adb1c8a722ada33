"""Hosts, base paths and what they lead to, through a real gateway (DESIGN section 3, "Addresses")."""

from __future__ import annotations

import json

import pytest

from harness.guarded_gateway import Guarded, allow, policy, told

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("domains")]

SHOP = b"api.example.com"


def reached(plain: Guarded, host: bytes, path: bytes) -> str:
    """The API, the stage and the path that the backend was asked for, or the status of a refusal."""
    answer = plain.send(b"GET", path, host=host)
    if answer.status != 200:
        return f"{answer.status} {json.loads(answer.body)['message']}"
    [received] = plain.backend.received()
    assert not received.faults
    [api], [stage] = received.all(b"x-reached"), received.all(b"x-stage")
    return b" ".join((api, stage, received.target)).decode()


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        (b"api.example.com", b"/x", "orders prod /x"),
        (b"API.Example.com.:8443", b"/v2/x/y?q=1", "orders next /x/y?q=1"),
        (b"api.example.com", b"/v2", "orders next /"),
        (b"api.example.com", b"/v2x", "orders prod /v2x"),
        (b"api.example.com", b"/orders/v2/x", "users prod /x"),
        (b"api.example.com", b"/orders/x", "orders prod /orders/x"),
        (b"api.example.com", b"//v2//x", "orders next /x"),
        (b"api.example.com", b"/prod/x", "orders prod /prod/x"),
        (b"api.example.com", b"/a%20b", "orders prod /a%20b"),
        (b"api.example.com", b"/%76%32/x", "400 Bad Request"),
        (b"api.example.com", b"/v2;a/x", "400 Bad Request"),
        (b"api.example.com", b"/v2%2Fx", "400 Bad Request"),
        (b"api.example.com", b"/orders//v2/x", "400 Bad Request"),
        (b"any.example.com", b"/users/x", "users prod /x"),
        (b"any.example.com", b"/x", "403 Forbidden"),
        (b"any.example.com", b"/", "403 Forbidden"),
        (b"a.any.example.com", b"/users/x", "403 Forbidden"),
        (b"example.com", b"/users/x", "403 Forbidden"),
        (b"localhost", b"/prod/x", "orders prod /x"),
        (b"127.0.0.1:80", b"/next/x", "orders next /x"),
        (b"[::1]", b"/prod/x", "orders prod /x"),
        (b"gw.example.net", b"/prod/x", "orders prod /x"),
        (b"orders.localhost", b"/prod/x", "orders prod /x"),
        (b"orders.execute-api.us-east-1.amazonaws.com", b"/prod/x", "orders prod /x"),
        (b"localhost", b"/restapis/orders/next/_user_request_/x", "orders next /x"),
        (b"localhost", b"/v2/x", "403 Forbidden"),
        # an API that a domain leads to has no endpoint of its own unless it says so
        (b"users.localhost", b"/prod/x", "403 Forbidden"),
        (b"users.execute-api.us-east-1.amazonaws.com", b"/prod/x", "403 Forbidden"),
        (b"localhost", b"/restapis/users/prod/_user_request_/x", "403 Forbidden"),
        (b"evil.example", b"/prod/x", "403 Forbidden"),
    ],
)
def test_a_host_and_the_beginning_of_a_path_choose_the_stage(
    plain: Guarded, host: bytes, path: bytes, expected: str
) -> None:
    assert reached(plain, host, path) == expected


def test_a_backend_is_told_the_path_with_its_base_path_and_the_domain(plain: Guarded) -> None:
    answer = plain.send(b"GET", b"/orders/v2/x?q=1", host=b"api.example.com:8443")
    assert answer.status == 200
    [received] = plain.backend.received()
    assert received.all(b"x-path") == [b"/orders/v2/x"]
    assert received.all(b"x-domain") == [b"api.example.com"]
    assert received.all(b"x-prefix") == [b"api"]


def test_functions_are_told_the_path_with_its_base_path_and_a_policy_is_judged_without(
    plain: Guarded,
) -> None:
    caller = b"Told: " + told(say=policy(allow("*/prod/GET/x/*")))
    answer = plain.send(b"GET", b"/functions/told/x/y", caller, host=SHOP)
    assert answer.status == 502, answer.raw  # the function did as it was told, and a policy is no answer
    guard, proxied = (call.event for call in plain.calls())
    for event in (guard, proxied):
        assert event["path"] == "/functions/told/x/y"
        assert event["requestContext"]["path"] == "/functions/told/x/y"
        assert event["requestContext"]["domainName"] == "api.example.com"
        assert event["requestContext"]["domainPrefix"] == "api"
        assert event["resource"] == "/{rest+}"
        assert event["pathParameters"] == {"rest": "x/y"}
    assert guard["methodArn"].endswith(":told/prod/GET/x/y")


def test_where_domains_are_reached_is_printed(plain: Guarded) -> None:
    assert plain.gateway.output.wait_for(f"http://api.example.com:{plain.port}/orders/v2").split() == [
        f"http://api.example.com:{plain.port}/orders/v2",
        "is",
        "users/prod",
    ]
