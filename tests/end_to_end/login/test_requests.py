"""Requests of all kinds wait for the login, and lose nothing by it: verbs, bodies, WebSocket, HTTP/2."""

from __future__ import annotations

from typing import Any

import pytest

from end_to_end.login.conftest import Browser, Members
from harness.access_log import logged
from harness.oidc_provider import needs_provider
from harness.tls_client import TlsConnection, tls_http2

pytestmark = [pytest.mark.envoy, needs_provider, pytest.mark.xdist_group("login")]


def one(members: Members) -> Any:
    [received] = members.received()
    return received


@pytest.mark.parametrize("verb", [b"GET", b"HEAD", b"POST", b"DELETE", b"OPTIONS"])
def test_every_verb_waits_for_the_login(members: Members, verb: bytes) -> None:
    answer = members.send(b"/app/x", verb=verb, body=b"x" * 1000 if verb == b"POST" else None)
    assert answer.status == 302
    assert members.received() == []


def test_a_client_of_http_10_that_names_no_host_cannot_log_in(members: Members) -> None:
    with TlsConnection(members.port, None) as connection:
        connection.send(b"GET /app/x HTTP/1.0\r\n\r\n")
        answer = connection.receive()
    assert answer is not None
    assert answer.status == 401


def test_a_body_survives_the_question(members: Members) -> None:
    """Whether the session is known to the worker or not."""
    browser = members.browser()
    browser.log_in("/app/x")
    members.received()
    body = bytes(range(256)) * 8192  # 2 MiB
    before = members.visits()
    assert (
        members.send(b"/deny/body", b"Cookie: " + browser.session.encode(), verb=b"POST", body=body).status
        == 200
    )
    assert members.visits() > before
    assert one(members).body == body
    assert (
        members.send(b"/deny/body", b"Cookie: " + browser.session.encode(), verb=b"POST", body=body).status
        == 200
    )
    assert one(members).body == body


def test_a_websocket_opens_for_a_session_only(members: Members, ada: Browser) -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    members.site.answers[b"/app/socket"] = switched + b"hello over the socket"
    lines = [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"]
    assert members.send(b"/app/socket", *lines).status == 302
    head = [b"GET /app/socket HTTP/1.1", b"Host: 127.0.0.1:%d" % members.port, *lines]
    head.append(b"Cookie: " + ada.session.encode())
    with TlsConnection(members.port, None) as connection:
        connection.send(b"\r\n".join(head) + b"\r\n\r\n")
        data = b""
        while b"hello over the socket" not in data:
            more = connection.receive_bytes()
            assert more, data
            data += more
    assert data.startswith(b"HTTP/1.1 101 ")
    assert one(members).all(b"x-amzn-oidc-identity") == [b"ada"]


def test_cookies_come_in_crumbs_over_http2(members: Members, ada: Browser) -> None:
    crumbs = [(b"cookie", part.encode()) for part in ada.session.split("; ")]
    with tls_http2(members.port, "localhost") as connection:

        def ask(path: bytes, *headers: tuple[bytes, bytes]) -> Any:
            fields = [
                (b":method", b"GET"),
                (b":scheme", b"https"),
                (b":path", path),
                (b":authority", b"127.0.0.1:%d" % members.port),
                *headers,
            ]
            return connection.request(fields)

        assert ask(b"/app/h2", (b"cookie", b"theme=dark"), *crumbs).status == 200
        assert one(members).all(b"x-amzn-oidc-identity") == [b"ada"]
        assert ask(b"/app/h2").status == 302
        assert members.received() == []


@pytest.mark.parametrize(
    ("target", "line", "reason"),
    [
        (b"/deny/x?why=1", b"Cookie: AWSELBAuthSessionCookie-0=1.forged", "AuthInvalidCookie"),
        (b"/oauth2/idpresponse?why=2&code=a&state=forged", b"Accept: */*", "AuthInvalidStateParam"),
        (b"/oauth2/idpresponse?why=3&code=a", b"Accept: */*", "AuthMissingStateParam"),
        (b"/api/x?why=4", b"Authorization: Bearer a.b.c", "JWTInvalid"),
        (b"/app/x?why=5", b"Accept: */*", "-"),
    ],
)
def test_the_access_log_says_why_a_login_failed(
    members: Members, target: bytes, line: bytes, reason: str
) -> None:
    members.send(target, line)
    marker = target.decode().partition("&")[0].partition("?")[2]
    assert logged(members.access_log, marker)["error_reason"] == reason
