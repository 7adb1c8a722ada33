"""Attributes of application balancers and their own answers, over raw sockets (load-balancers.md sections 6, 7, 9)."""

from __future__ import annotations

import re
import socket
from typing import Final

import pytest

from end_to_end.balancers.conftest import Attributed, get
from harness.raw_client import PATIENCE, RawConnection, exchange
from harness.tls_client import TlsConnection

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("balancer attributes")]

TITLES: Final = {
    400: b"400 Bad Request",
    405: b"405 Method Not Allowed",
    408: b"408 Request Time-out",
    414: b"414 Request-URI Too Large",
    463: b"463 Too Many Addresses",
    501: b"501 Not Implemented",
    502: b"502 Bad Gateway",
    503: b"503 Service Temporarily Unavailable",
    504: b"504 Gateway Time-out",
}


STATUSES: Final[dict[str, tuple[bytes, int]]] = {
    "what is no HTTP": (b"\x16\x03\x01 hello\r\n\r\n", 400),
    "no Host": (b"GET /x HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (get(b"Host: other.test"), 400),
    "a header of 16 kB": (get(b"X-Large: " + b"x" * 16_400), 400),
    "headers of 70 kB": (get(*[b"X-Large: " + b"x" * 9000] * 8), 400),
    "101 headers": (get(*[b"X-Many: 1"] * 101), 400),
    "severe: two Content-Lengths": (get(b"Content-Length: 3", b"Content-Length: 4", verb=b"POST"), 400),
    "severe: a Content-Length that is none": (get(b"Content-Length: +3", verb=b"POST"), 400),
    "severe: a null byte in a header": (get(b"X: a\x00b"), 400),
    "severe: a null byte in the URI": (get(target=b"/\x00"), 400),
    "severe: a method that is none": (get(verb=b"G@T"), 400),
    "severe: a version that is none": (get(version=b"http/1.1"), 400),
    "ambiguous: Content-Length and chunks": (
        get(b"Content-Length: 5", b"Transfer-Encoding: chunked", verb=b"POST") + b"0\r\n\r\n",
        400,
    ),
    "ambiguous: a Content-Length twice": (get(*[b"Content-Length: 0"] * 2, verb=b"POST"), 400),
    "ambiguous: a header without a name": (get(b": a"), 400),
    "a space before the colon": (get(b"A : a"), 400),
    "a space in the URI": (get(target=b"/a b"), 400),
    "a chunk that is none": (get(b"Transfer-Encoding: chunked", verb=b"POST") + b"zz\r\n\r\n", 400),
    "CONNECT": (b"CONNECT shop.test:80 HTTP/1.1\r\n" + b"Host: shop.test\r\n\r\n", 400),
    "a target without a slash": (get(target=b"*", verb=b"OPTIONS"), 400),
    "TRACE": (get(verb=b"TRACE"), 405),
    "half a head, then silence": (b"GET /x HTTP/1.1\r\nHo", 408),
    "half a body, then silence": (get(b"Content-Length: 30", verb=b"POST") + b"abc", 408),
    "a URL over 16 kB": (get(target=b"/" + b"x" * 16_400), 414),
    "31 addresses in X-Forwarded-For": (get(b"X-Forwarded-For: " + b",".join([b"192.0.2.1"] * 31)), 463),
    "another Transfer-Encoding": (get(b"Transfer-Encoding: gzip", verb=b"POST"), 501),
    "one more Transfer-Encoding": (get(b"Transfer-Encoding: gzip, chunked", verb=b"POST"), 501),
    "a target that refuses": (get(target=b"/refusing"), 502),
    "a target that hangs up": (get(target=b"/rude"), 502),
    "a target whose answer is no HTTP": (get(target=b"/garbage"), 502),
    "a target that speaks no TLS where it is to": (get(target=b"/speaks-no-tls"), 502),
    "a target whose headers are 35 kB": (get(target=b"/huge"), 502),
    "nobody registered": (get(target=b"/nobody"), 503),
    "a target that says nothing": (get(target=b"/silent"), 504),
    "chunks over HTTP/1.0": (
        get(b"Transfer-Encoding: chunked", verb=b"POST", version=b"HTTP/1.0") + b"0\r\n\r\n",
        400,
    ),
    "a length and chunks over HTTP/1.0": (
        get(b"Content-Length: 5", b"Transfer-Encoding: chunked", verb=b"POST", version=b"HTTP/1.0")
        + b"0\r\n\r\n",
        400,
    ),
    "two lengths over HTTP/1.0": (
        get(b"Content-Length: 3", b"Content-Length: 4", verb=b"POST", version=b"HTTP/1.0"),
        400,
    ),
    "a WebSocket over HTTP/1.0": (
        get(b"Connection: Upgrade", b"Upgrade: websocket", version=b"HTTP/1.0"),
        400,
    ),
}
"""Section 9: what the balancer answers by itself, whatever the mode of desync mitigation is."""


@pytest.mark.parametrize("case", STATUSES)
def test_the_balancers_own_answers_have_its_status_and_page(attributed: Attributed, case: str) -> None:
    huge = b"".join(b"X-%d: %b\r\n" % (each, b"x" * 7000) for each in range(5))
    attributed.target.answers |= {
        b"/rude": b"",
        b"/garbage": b"ICY 200 OK\r\n\r\n",
        b"/huge": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + huge + b"\r\n",
    }
    sent, status = STATUSES[case]
    [answer] = exchange(attributed.ports["PLAIN"], sent)
    assert answer.status == status
    assert answer.body == (
        b"<html>\r\n<head><title>%b</title></head>\r\n<body>\r\n<center><h1>%b</h1></center>\r\n</body>\r\n</html>\r\n"
        % (TITLES[status], TITLES[status])
    )
    assert answer.all(b"server") == [b"awselb/2.0"]
    assert answer.one(b"content-type").startswith(b"text/html")


@pytest.mark.parametrize("mode", ["PLAIN", "PORTED"])
def test_no_mode_lets_a_severe_request_pass(attributed: Attributed, mode: str) -> None:
    severe = get(b"Content-Length: 5", b"Transfer-Encoding: chunked", verb=b"POST") + b"0\r\n\r\n"
    [answer] = exchange(attributed.ports[mode], severe)
    assert answer.status == 400
    assert not [each for each in attributed.target.received() if each.target == b"/x"]


@pytest.mark.parametrize(("length", "body"), [(b"Content-Length: 0", b""), (b"Content-Length: 3", b"abc")])
def test_only_the_strictest_mode_refuses_a_get_with_a_length(
    attributed: Attributed, length: bytes, body: bytes
) -> None:
    answers = {name: exchange(attributed.ports[name], get(length) + body)[0] for name in ("PLAIN", "STRICT")}
    assert {name: answer.status for name, answer in answers.items()} == {"PLAIN": 200, "STRICT": 400}
    assert exchange(attributed.ports["STRICT"], get(length, verb=b"POST") + body)[0].status == 200


def test_large_headers_pass_up_to_16_kb_each(attributed: Attributed) -> None:
    lines = [b"X-Large-%d: " % each + b"x" * 16_000 for each in range(3)]
    assert len(attributed.told("PLAIN", *lines).all(b"x-large-2")[0]) == 16_000


def test_a_connection_on_which_nothing_is_ever_said_is_closed(attributed: Attributed) -> None:
    with RawConnection(attributed.ports["PLAIN"]) as connection:
        assert connection.receive_bytes() == b""


def test_a_tunnel_in_which_nothing_is_said_is_closed(attributed: Attributed) -> None:
    attributed.target.answers[b"/socket"] = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello"
    )
    with RawConnection(attributed.ports["PLAIN"]) as connection:
        connection.send(get(b"Connection: Upgrade", b"Upgrade: websocket", target=b"/socket"))
        came = b"".join(iter(connection.receive_bytes, b""))  # until the balancer, and nobody else, hangs up
    assert came.startswith(b"HTTP/1.1 101 ")
    assert came.endswith(b"hello")


def test_invalid_names_are_dropped_where_that_is_asked_for(attributed: Attributed) -> None:
    lines = [b"X_Under: 1", b"X.Dot: 2", b"X-Fine-9: 3", b"-x: 4", b"X~: 5"]
    assert {b"x_under", b"x.dot", b"x-fine-9", b"-x", b"x~"} <= attributed.told("PLAIN", *lines).names
    names = attributed.told("STRICT", *lines).names
    assert {b"x-fine-9", b"-x"} <= names
    assert names.isdisjoint({b"x_under", b"x.dot", b"x~"})


def test_x_forwarded_for_is_appended_preserved_or_removed(attributed: Attributed) -> None:
    given = b"X-Forwarded-For: 192.0.2.9"
    assert attributed.told("PLAIN", given).all(b"x-forwarded-for") == [b"192.0.2.9, 127.0.0.1"]
    assert attributed.told("STRICT", given).all(b"x-forwarded-for") == []
    with TlsConnection(attributed.ports["PRESERVING"], "shop.test") as connection:
        connection.send(get(given) + get())
        assert [answer.status for _ in range(2) if (answer := connection.receive())] == [200, 200]
    seen = [each for each in attributed.target.received() if each.target == b"/x"]
    assert [each.all(b"x-forwarded-for") for each in seen[-2:]] == [[b"192.0.2.9"], []]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), b"127.0.0.1"),
        ((b"X-Forwarded-For:",), b", 127.0.0.1"),  # an empty element, which a list may have
        ((b"X-Forwarded-For: a, b", b"x-forwarded-for: c"), b"a, b,c, 127.0.0.1"),
        (
            (b"X-Forwarded-For: " + b",".join([b"192.0.2.1"] * 30),),
            b"192.0.2.1," * 29 + b"192.0.2.1, 127.0.0.1",
        ),
    ],
)
def test_the_peer_stands_behind_whatever_a_client_says(
    attributed: Attributed, lines: tuple[bytes, ...], told: bytes
) -> None:
    assert attributed.told("PLAIN", *lines).all(b"x-forwarded-for") == [told]


def test_the_clients_port_is_told_when_asked_for(attributed: Attributed) -> None:
    [appended] = attributed.told("PORTED").all(b"x-forwarded-for")
    assert re.fullmatch(rb"127\.0\.0\.1:[0-9]+", appended)


def test_a_client_of_ipv6_is_judged_and_told_with_its_port(attributed: Attributed) -> None:
    with socket.create_connection(("::1", attributed.ports["SIX"]), timeout=PATIENCE) as client:
        port = client.getsockname()[1]
        client.sendall(get(b"Connection: close"))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    received = attributed.last()
    assert received.all(b"x-forwarded-for") == [b"[::1]:%d" % port]
    assert received.all(b"x-forwarded-port") == [b"81"]


def test_protocol_and_port_are_the_listeners_whatever_a_client_says(attributed: Attributed) -> None:
    lies = (b"X-Forwarded-Proto: https", b"X-Forwarded-Port: 443", b"x-forwarded-port: 444")
    received = attributed.told("STRICT", *lies)
    assert received.all(b"x-forwarded-proto") == [b"http"]
    assert received.all(b"x-forwarded-port") == [b"8080"]


ROOT: Final = b"Root=1-67891233-abcdef012345678912345678"
NEW: Final = rb"=1-[0-9a-f]{8}-[0-9a-f]{24}"
TRACES: Final = {
    b"": b"Root" + NEW,
    ROOT: b"Self" + NEW + b";" + ROOT,
    b"Self=1-old-1;" + ROOT + b";CalledFrom=app": b"Self" + NEW + b";" + ROOT + b";CalledFrom=app",
    b"CalledFrom=app": b"Root" + NEW + b";CalledFrom=app",
}


@pytest.mark.parametrize("given", TRACES)
def test_a_trace_begins_or_goes_on(attributed: Attributed, given: bytes) -> None:
    [told] = attributed.told("PLAIN", b"X-Amzn-Trace-Id: " + given).all(b"x-amzn-trace-id")
    assert re.fullmatch(TRACES[given], told)


def test_a_target_may_answer_with_headers_of_32_kb(attributed: Attributed) -> None:
    large = b"".join(b"X-%d: %b\r\n" % (each, b"x" * 7800) for each in range(4))
    attributed.target.answers[b"/large"] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + large + b"\r\n"
    assert len(attributed.ask("PLAIN", target=b"/large").one(b"x-3")) == 7800


def test_targets_are_told_of_tls_under_names_that_no_client_can_use(attributed: Attributed) -> None:
    lies = (b"X-Amzn-Tls-Version: TLSv9", b"X-Cipher: none", b"x_cipher: none")
    with TlsConnection(attributed.ports["SECURE"], "shop.test") as connection:
        connection.send(get(*lies))
        assert connection.receive() is not None
    received = attributed.last()
    assert received.all(b"x-amzn-tls-version") == [b"TLSv1.3"]
    [cipher] = received.all(b"x-cipher")
    assert cipher.startswith(b"TLS_")
    assert b"x_cipher" not in received.names
    plain = attributed.told("PORTED", b"X-Amzn-Tls-Version: TLSv9")
    assert b"x-amzn-tls-version" not in plain.names


def test_http2_is_offered_only_where_it_is_enabled(attributed: Attributed) -> None:
    offered = ("h2", "http/1.1")
    for name, chosen in (("SECURE", "h2"), ("PRESERVING", "http/1.1")):
        with TlsConnection(attributed.ports[name], "shop.test", protocols=offered) as connection:
            assert connection.protocol == chosen
    [answer] = exchange(attributed.ports["STRICT"], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert answer.status in (400, 505)


INSERTED: Final = {
    b"strict-transport-security": b"max-age=31536000",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"SAMEORIGIN",
    b"content-security-policy": b"default-src 'self' 100%",
    b"access-control-allow-origin": b"https://shop.example.com",
    b"access-control-allow-methods": b"GET,PUT",
    b"access-control-allow-headers": b"X-One,X-Two",
    b"access-control-allow-credentials": b"true",
    b"access-control-expose-headers": b"X-Three",
    b"access-control-max-age": b"600",
}
TOO_LONG: Final = b"/" + b"x" * 20_000
"""What the script refuses by itself, as it answers for logins: no route has a say in it."""


@pytest.mark.parametrize(("target", "status"), [(b"/x", 200), (b"/fixed", 200), (TOO_LONG, 414)])
def test_headers_are_inserted_into_answers_that_lack_them(
    attributed: Attributed, target: bytes, status: int
) -> None:
    answer = attributed.ask("STRICT", target=target)
    assert answer.status == status
    assert {name: answer.one(name) for name in INSERTED} == INSERTED
    assert not set(INSERTED) & {name for name, _ in attributed.ask("PLAIN", target=target).headers}


def test_a_targets_own_headers_win_over_inserted_ones(attributed: Attributed) -> None:
    attributed.target.answers[b"/own"] = (
        b"HTTP/1.1 200 OK\r\nX-Frame-Options: DENY\r\nServer: mine\r\nContent-Length: 0\r\n\r\n"
    )
    answer = attributed.ask("STRICT", target=b"/own")
    assert answer.one(b"x-frame-options") == b"DENY"
    assert answer.all(b"server") == []
    assert attributed.ask("PLAIN", target=b"/own").one(b"server") == b"mine"


@pytest.mark.parametrize(
    "sent", [get(target=b"/fixed"), get(verb=b"TRACE"), get(target=TOO_LONG), b"what is this\r\n\r\n"]
)
def test_no_answer_names_a_server_where_that_is_off(attributed: Attributed, sent: bytes) -> None:
    [answer] = exchange(attributed.ports["STRICT"], sent)
    assert answer.all(b"server") == []
    [answer] = exchange(attributed.ports["PLAIN"], sent)
    assert answer.all(b"server") == [b"awselb/2.0"]


def test_names_keep_their_case_on_their_way(attributed: Attributed) -> None:
    received = attributed.told("PLAIN", b"X-CaseD: 1")
    assert b"\r\nX-CaseD: 1\r\n" in received.raw
