"""Nobody moves a request to another rule than the one that its own path, verb and headers name (attacks.md B, D)."""

from __future__ import annotations

import pytest

from .conftest import PROOF, Balanced


@pytest.mark.parametrize(
    "path",
    [
        b"/all/%61dmin",
        b"/all/a%64min/users",
        b"/all/blue/..%2fadmin",
        b"/all/blue/%2e%2e/admin",
        b"/all/blue/../admin",
        b"/all//admin",
        b"/all/%2fadmin",
        b"/all/;x/admin",
        b"/all/;/admin",
        b"/all/%2561dmin",
        b"/all/.;/admin",
        b"/all/admin%00",
        b"/all/b%6cue",
        b"/all/blu%65;x=1",
        b"/item/%61dmin",
        b"/item/;admin",
        b"/query-path?q=a%25dmin",
        b"/two?b=admin",
        b"/two/admin",
        b"/two?a=admin&b=x",
        b"/middle/;v",
        b"/middle?x=",
        b"/literal/secret",
        b"/all/b1/vault",
        b"/all/b1%2Fvault/x",
        b"/all/b%31/vault",
        b"/all//b1/vault",
        b"/all/b1;x/vault",
        b"/all/b1/vault%3Fx",
        b"/all/b1/v%2561ult",
    ],
)
def test_a_path_that_decoding_would_take_to_another_rule_reaches_nobody(
    balanced: Balanced, path: bytes
) -> None:
    answer = balanced.send(path)
    assert answer.status in (400, 403, 404), answer.raw
    assert balanced.seen() == []


def test_a_value_that_is_absent_stays_a_placeholder_and_opens_no_rule(balanced: Balanced) -> None:
    _, request = balanced.reaches(b"/middle")
    assert request.target == b"/b/{x}/data"


@pytest.mark.parametrize(
    "path",
    [
        b"/all/blue%20sky",
        b"/all/blue/;v=1",
        b"/all/blue//x",
        b"/all/orders/a%2Fb",
        b"/all/b1/x%20y",
        b"/all/b12/x;v%61ult",
    ],
)
def test_an_odd_path_that_every_reading_takes_to_the_same_rule_passes_byte_for_byte(
    balanced: Balanced, path: bytes
) -> None:
    group, request = balanced.reaches(path)
    assert group == "blue"
    assert request.target == path.removeprefix(b"/all")


@pytest.mark.parametrize(
    "line",
    [
        b"gl.route: shop/prod GET /static",
        b"X-Gl-Scope: shop/prod",
        b"X-Gl-Rid: shop/prod GET /static",
        b"X-Envoy-Original-Path: /blue",
        b"X-Original-URL: /blue",
        b"X-Rewrite-URL: /blue",
        b"X-HTTP-Method-Override: PATCH",
        b"X-Forwarded-Host: a.tenants.test",
        b"X-Forwarded-For: 10.0.0.1",
        b"Forwarded: host=a.tenants.test",
        b"X-Proof: " + PROOF.encode(),
        b"x_proof: " + PROOF.encode(),
        b"X.Proof: " + PROOF.encode(),
    ],
)
def test_no_header_but_one_that_a_rule_names_moves_a_request(balanced: Balanced, line: bytes) -> None:
    assert balanced.reaches(b"/static", line)[0] == "blue"
    for backend in balanced.backends.values():
        backend.clear()
    assert balanced.send(b"/all/elsewhere", line).status == 404
    assert balanced.send(b"/denied", line).status == 403
    assert balanced.send(b"/unmapped", line).status == 404
    assert balanced.seen() == []


def test_a_parameter_that_the_gateway_writes_is_no_clients(balanced: Balanced) -> None:
    group, request = balanced.reaches(b"/role?colour=green&a=1")
    assert (group, request.target) == ("blue", b"/blue?a=1&colour=prod")


@pytest.mark.parametrize(
    "host", [b"a.tenants.test:x", b"a.tenants.test:80:80", b"a.tenants.test..", b"[a.tenants.test"]
)
def test_a_mapped_host_has_one_reading(balanced: Balanced, host: bytes) -> None:
    assert balanced.send(b"/tenants?host=" + host).status == 400
    assert balanced.seen() == []


def test_a_client_does_not_choose_the_host_that_rules_judge(balanced: Balanced) -> None:
    group, request = balanced.reaches(b"/static", b"X-Host: a.tenants.test")
    assert group == "blue"
    assert request.all(b"host") == [b"inner.test"]


def test_a_balancers_name_as_the_host_reaches_no_balancer(balanced: Balanced) -> None:
    for host in (b"inner.test", b"wire.test:9000", b"a.tenants.test"):
        answers = balanced.raw(b"GET /blue HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert [answer.status for answer in answers] == [403]
    assert balanced.seen() == []


def test_an_internal_balancer_opens_no_socket(balanced: Balanced) -> None:
    assert balanced.listening() == {balanced.gateway.port}
