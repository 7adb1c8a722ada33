"""Rules of a balancer behind integrations: load-balancers.md sections 2, 3 and 16, folded or judged on the way."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from .conftest import PROOF, Balanced

PAGE_503 = (
    b"<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    b"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"
)


def test_a_known_path_chooses_the_rule(balanced: Balanced) -> None:
    group, request = balanced.reaches(b"/static")
    assert (group, request.target) == ("blue", b"/blue/static")
    assert request.all(b"host") == [b"inner.test"]


def test_scheme_and_port_of_the_uri_choose_the_listener(balanced: Balanced) -> None:
    group, request = balanced.reaches(b"/tls")
    assert (group, request.target) == ("green", b"/whatever")
    assert request.all(b"x-forwarded-proto") == [b"https"]
    assert request.all(b"x-forwarded-port") == [b"443"]


def test_the_listener_says_what_it_speaks(balanced: Balanced) -> None:
    _, request = balanced.reaches(b"/static", b"X-Forwarded-Proto: https", b"X-Forwarded-Port: 443")
    assert request.all(b"x-forwarded-proto") == [b"http"]
    assert request.all(b"x-forwarded-port") == [b"80"]


def test_the_trace_gets_a_self_before_its_root(balanced: Balanced) -> None:
    _, request = balanced.reaches(b"/static")
    [trace] = request.all(b"x-amzn-trace-id")
    assert re.match(rb"Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-[0-9a-f]{8}-[0-9a-f]{24};", trace)


def test_a_trace_that_comes_keeps_its_fields_and_loses_another_self(balanced: Balanced) -> None:
    root = b"Root=1-67891233-abcdef012345678912345678"
    _, request = balanced.reaches(
        b"/static", b"X-Amzn-Trace-Id: Self=1-67891234-12456789abcdef012345678;" + root
    )
    [trace] = request.all(b"x-amzn-trace-id")
    assert trace.count(b"Self=") == 1
    assert b"12456789abcdef012345678;" not in trace
    assert root in trace


@pytest.mark.parametrize(
    ("path", "status", "content_type", "body"),
    [
        (b"/nobody", 404, b"text/plain", b"nobody"),
        (b"/denied", 403, b"application/json", b'{"denied":true}'),
        (b"/all/admin/users", 403, b"application/json", b'{"denied":true}'),
        (b"/all/elsewhere", 404, b"text/plain", b"nobody"),
    ],
)
def test_a_fixed_response_looks_like_a_backends(
    balanced: Balanced, path: bytes, status: int, content_type: bytes, body: bytes
) -> None:
    answer = balanced.send(path)
    assert (answer.status, answer.body) == (status, body)
    assert answer.one(b"content-type") == content_type
    assert answer.one(b"x-amzn-remapped-server") == b"awselb/2.0"
    assert answer.all(b"x-amzn-requestid")
    assert balanced.seen() == []


def test_a_rule_on_a_secret_header_holds_for_the_mapping_of_that_secret_alone(balanced: Balanced) -> None:
    group, request = balanced.reaches(b"/proven")
    assert group == "blue"
    assert request.all(b"x-proof") == [PROOF.encode()]
    for path in (b"/unproven", b"/unmapped"):
        balanced.backends["blue"].clear()
        assert balanced.send(path, b"X-Proof: " + PROOF.encode()).status == 404
        assert balanced.seen() == []


@pytest.mark.parametrize(
    ("path", "group"),
    [
        (b"/gold", "green"),
        (b"/tier?tier=GOLD-2", "green"),
        (b"/tier?tier=silver", "blue"),
        (b"/tier", "blue"),
        (b"/patch", "green"),
        (b"/tenant", "green"),
        (b"/tenants?host=b.Tenants.test", "green"),
        (b"/tenants?host=b.tenants.test:8080", "green"),
        (b"/tenants?host=tenants.test", "blue"),
        (b"/static?colour=GREEN", "green"),
        (b"/static?a=1&Colour=gr%65en", "green"),
        (b"/static?colour=greeen", "blue"),
        (b"/static?xcolour=green", "blue"),
        (b"/peer", "blue"),
        (b"/linked", "green"),
        (b"/linked-inner", "blue"),
        (b"/all/blue/1", "blue"),
        (b"/all/orders", "blue"),
        (b"/b/7", "blue"),
    ],
)
def test_each_condition_chooses(balanced: Balanced, path: bytes, group: str) -> None:
    assert balanced.reaches(path)[0] == group


@pytest.mark.parametrize(("verb", "group"), [(b"GET", "blue"), (b"PATCH", "green"), (b"DELETE", "green")])
def test_the_verb_of_any_is_the_clients(balanced: Balanced, verb: bytes, group: str) -> None:
    found, request = balanced.reaches(b"/all/blue", verb=verb)
    assert (found, request.verb) == (group, verb)


def test_a_clients_header_chooses_only_where_a_rule_asks_for_it(balanced: Balanced) -> None:
    assert balanced.reaches(b"/static", b"X-Tier: Gold")[0] == "green"
    balanced.backends["green"].clear()
    assert balanced.reaches(b"/static", b"X-Tier: old gold")[0] == "blue"


def test_paths_count_with_letter_case_and_a_pattern_with_a_slash_needs_it(balanced: Balanced) -> None:
    assert balanced.send(b"/all/Blue").status == 404
    assert balanced.send(b"/all/b").status == 404


def test_a_redirect_is_made_of_what_the_integration_sent(balanced: Balanced) -> None:
    answer = balanced.send(b"/moved?y=2")
    assert answer.status == 301
    assert answer.one(b"location") == b"http://inner.test:8443/new/moved/a/b?x=1&y=2"
    assert answer.one(b"x-amzn-remapped-server") == b"awselb/2.0"
    assert answer.all(b"server") == []


def test_a_redirect_takes_a_path_that_only_the_request_knows(balanced: Balanced) -> None:
    answer = balanced.send(b"/all/moved/c%20d?q=%26")
    assert answer.one(b"location") == b"http://inner.test:8443/new/moved/c%20d?q=%26"


def test_weights_share_requests(balanced: Balanced) -> None:
    for _ in range(40):
        assert balanced.send(b"/split").status == 200
    counts = Counter(name for name, _ in balanced.seen())
    assert sum(counts.values()) == 40
    assert min(counts["blue"], counts["green"]) >= 5


@pytest.mark.parametrize("path", [b"/empty", b"/weightless", b"/all/empty/x"])
def test_nobody_registered_is_503_as_the_balancer_says_it(balanced: Balanced, path: bytes) -> None:
    answer = balanced.send(path)
    assert (answer.status, answer.body) == (503, PAGE_503)
    assert answer.one(b"content-type") == b"text/html"
    assert answer.one(b"x-amzn-remapped-server") == b"awselb/2.0"
    assert answer.all(b"x-amzn-requestid")
    assert answer.all(b"x-amzn-errortype") == []


def test_a_target_that_refuses_is_502_though_nobody_else_is_well(balanced: Balanced) -> None:
    answer = balanced.send(b"/refusing")
    assert answer.status == 502
    assert b"<h1>502 Bad Gateway</h1>" in answer.body


def test_a_network_balancer_hands_on_what_the_integration_says(balanced: Balanced) -> None:
    group, request = balanced.reaches(b"/wired/7")
    assert (group, request.target) == ("blue", b"/w/7")
    assert request.all(b"host") == [b"orders.wire.test:9000"]
    assert b"x-forwarded-port" in request.names
    [trace] = request.all(b"x-amzn-trace-id")
    assert trace.startswith(b"Root=")


def test_a_network_balancer_is_reached_by_its_name_too(balanced: Balanced) -> None:
    assert balanced.reaches(b"/wire")[1].target == b"/direct"


@pytest.mark.parametrize(
    ("path", "lines", "group"),
    [
        (b"/all/b1/x", (), "blue"),
        (b"/all/b1/x", (b"X-Like: A1",), "green"),
        (b"/all/b1/x", (b"X-Like: a", b"X-Like: a2"), "green"),
        (b"/all/b1/x", (b"X-Like: a12",), "blue"),
    ],
)
def test_expressions_judge_the_mapped_request(
    balanced: Balanced, path: bytes, lines: tuple[bytes, ...], group: str
) -> None:
    found, _ = balanced.reaches(path, *lines)
    assert found == group
