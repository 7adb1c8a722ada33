"""Verbs: what is served at all, and answers whose length depends on a verb that the client did not send."""

from __future__ import annotations

import pytest

from attacks.front import Front, pseudo_headers, request
from harness.raw_client import RawConnection

pytestmark = pytest.mark.envoy

REFUSED = {
    "A8 TRACE": b"TRACE",
    "TRACK": b"TRACK",
    "CONNECT": b"CONNECT",
    "DEBUG": b"DEBUG",
    "small letters": b"get",
    "mixed letters": b"Get",
    "PROPFIND, which no API Gateway serves": b"PROPFIND",
    "PURGE, which no API Gateway serves": b"PURGE",
    "M-SEARCH, which no API Gateway serves": b"M-SEARCH",
    "ANY, which is no verb": b"ANY",
    "PRI": b"PRI",
    "a word": b"FOO",
}

BROKEN = {
    "C7 a whole request": b"GET /prod/admin HTTP/1.1\r\nX: ",
    "C7 two words": b"GET /prod/admin",
    "C7 space": b"GET ",
    "C7 tab": b"GET\tX",
    "C7 NUL": b"GET\x00",
    "C7 parenthesis": b"G(T",
    "C7 high byte": b"G\xffT",
    "C7 empty": b"",
}


@pytest.mark.parametrize("verb", REFUSED.values(), ids=REFUSED)
def test_a_verb_that_api_gateway_does_not_know_reaches_no_any_method(front: Front, verb: bytes) -> None:
    front.refuses(request(b"/prod/x/y", verb=verb))


@pytest.mark.parametrize("verb", [*REFUSED.values(), *BROKEN.values()], ids=[*REFUSED, *BROKEN])
def test_a_verb_that_api_gateway_does_not_know_reaches_no_any_method_over_http2(
    front: Front, verb: bytes
) -> None:
    front.http2_refuses(pseudo_headers(b"/prod/x/y", verb=verb))


def test_a8_trace_is_answered_by_the_gateway(front: Front) -> None:
    answer = front.refuses(request(b"/prod/orders", b"Cookie: session=1", verb=b"TRACE"))
    assert answer.status == 405
    assert b"session=1" not in answer.raw


@pytest.mark.parametrize("verb", [b"GET", b"HEAD", b"OPTIONS", b"PATCH", b"POST", b"PUT", b"DELETE"])
def test_an_any_method_serves_the_verbs_of_api_gateway(front: Front, verb: bytes) -> None:
    assert front.reaches(request(b"/prod/x/y", verb=verb), to_head=verb == b"HEAD").verb == verb


def test_an_unserved_verb_of_a_served_path_is_forbidden(front: Front) -> None:
    answer = front.refuses(request(b"/prod/items/7", verb=b"DELETE"))
    assert (answer.status, answer.body) == (403, b'{"message":"Missing Authentication Token"}')


@pytest.mark.parametrize(
    ("verb", "body", "sent"),
    [
        pytest.param(b"GET", b"", b"HEAD", id="GET becomes HEAD"),
        pytest.param(b"PUT", b"body", b"HEAD", id="PUT with a body becomes HEAD"),
        pytest.param(b"POST", b"GET /prod/admin HTTP/1.1\r\n\r\n", b"GET", id="POST with a body becomes GET"),
        pytest.param(b"DELETE", b"", b"POST", id="DELETE without a body becomes POST"),
    ],
)
def test_another_verb_for_the_backend_leaves_the_connections_in_step(
    front: Front, verb: bytes, body: bytes, sent: bytes
) -> None:
    with RawConnection(front.port) as connection:
        connection.send(request(b"/prod/verb", verb=verb, body=body) + request(b"/prod/items/next"))
        first, second = connection.receive(), connection.receive()
        assert first is not None
        assert second is not None
        assert (first.status, second.status, second.body) == (200, 200, b"ok")
    changed, following = front.seen()
    assert (changed.verb, changed.body, changed.faults) == (sent, body, ())
    assert (following.verb, following.target, following.faults) == (b"GET", b"/items/next", ())


def test_a_head_request_gets_no_body_whatever_the_backends_verb(front: Front) -> None:
    with RawConnection(front.port) as connection:
        connection.send(request(b"/prod/verb", verb=b"HEAD") + request(b"/prod/items/next"))
        first, second = connection.receive(to_head=True), connection.receive()
    assert first is not None
    assert second is not None
    assert (first.status, second.status, second.body) == (200, 200, b"ok")
    assert [each.target for each in front.seen()] == [b"/verb", b"/items/next"]


@pytest.mark.parametrize(
    "line",
    [
        b"X-HTTP-Method-Override: DELETE",
        b"X-HTTP-Method: DELETE",
        b"X-Method-Override: DELETE",
        b"X_HTTP_Method_Override: DELETE",
        b"x.http.method.override: DELETE",
    ],
)
def test_d2_no_header_overrides_the_verb(front: Front, line: bytes) -> None:
    received = front.reaches(request(b"/prod/items/7", line))
    assert received.verb == b"GET"
    assert b"DELETE" not in received.raw
