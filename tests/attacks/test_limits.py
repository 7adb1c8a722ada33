"""C8, C9: too much of everything: headers, segments, parameters, bodies, connections."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from attacks.front import Front, pseudo_headers, request
from harness.http2_client import Http2Connection
from harness.raw_client import RawConnection

pytestmark = pytest.mark.envoy

URL_LIMIT = 10240
BODY_LIMIT = 10485760
MEGABYTE = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
CHUNKED = request(b"/prod/x/y", b"Transfer-Encoding: chunked", verb=b"POST")

TOO_MANY_HEADERS = {
    "C9 a header of 64 KB": [b"X-Big: " + b"a" * 65536],
    "C9 a header over 32 KB": [b"X-Big: " + b"a" * 33000],
    "C9 many headers of 1 KB": [b"X-%d: " % number + b"a" * 1000 for number in range(64)],
    "C9 a name of 64 KB": [b"X" * 65536 + b": a"],
    "C9 101 headers": [b"X-%d: a" % number for number in range(101)],
    "C9 101 times one header": [b"X-A: a"] * 101,
    "C9 10,000 headers": [b"a:1"] * 10000,
    "C9 101 cookies": [b"Cookie: a=b"] * 101,
    "C9 a value of 64 KB in folded lines": [b"X-Big: a" + b"\r\n a" * 22000],
}

LONG = {
    "C8 slashes": b"/",
    "C8 segments": b"/a",
    "C8 hidden segments": b"/.a",
    "C8 parameters": b"/a;b",
    "C8 empty parameters": b";",
    "C8 encoded letters": b"%41",
    "C8 encoded slashes": b"%2f",
    "C8 encoded slashes twice": b"%252f",
    "C8 letters encoded twice": b"%2541",
    "C8 dots and parameters": b"/.a;",
    "C8 encoded dots": b"/%2e%2ea",
    "C8 all of it": b"/%2561;%2f//",
}

LONG_QUERIES = {
    "C8 ampersands": b"&",
    "C8 semicolons": b";",
    "C8 names": b"a&",
    "C8 equals signs": b"=",
    "C8 the mapped name": b"q&",
    "C8 the mapped name, encoded": b"%71=&",
    "C8 spaces": b"+&",
    "C8 percents": b"%&",
    "C8 one value": b"a",
}


def filled(start: bytes, pattern: bytes) -> bytes:
    """A request target of exactly the longest length."""
    room = URL_LIMIT - len(start)
    return start + (pattern * (room // len(pattern))).ljust(room, b"a")


@pytest.mark.parametrize("lines", TOO_MANY_HEADERS.values(), ids=TOO_MANY_HEADERS)
def test_too_many_or_too_large_headers_are_refused(front: Front, lines: list[bytes]) -> None:
    assert front.refuses(request(b"/prod/x/y", *lines)).status == 431


def test_c9_an_url_over_the_limit_is_refused(front: Front) -> None:
    answer = front.refuses(request(filled(b"/prod/x/", b"a") + b"a"))
    assert (answer.status, answer.body) == (414, b'{"message":"Request URI too long"}')
    assert front.refuses(request(filled(b"/prod/x/y?", b"a") + b"a")).status == 414


@pytest.mark.parametrize("pattern", LONG.values(), ids=LONG)
def test_the_longest_paths_are_judged_within_the_budget(
    front: Front, aws_front: Front, pattern: bytes
) -> None:
    target = filled(b"/prod/x/", pattern)
    assert front.send(request(target)).status in (200, 400, 403)
    assert aws_front.send(request(target)).status in (200, 400, 403)


@pytest.mark.parametrize("pattern", LONG_QUERIES.values(), ids=LONG_QUERIES)
def test_the_longest_queries_are_mapped_within_the_budget(front: Front, pattern: bytes) -> None:
    assert front.send(request(filled(b"/prod/mapped/7?", pattern))).status in (200, 400)


def test_c9_a_body_over_the_limit_is_refused_though_its_length_is_not_told(front: Front) -> None:
    with RawConnection(front.port) as connection:
        connection.send(CHUNKED + MEGABYTE * 10 + b"1\r\na\r\n0\r\n\r\n")
        answer = connection.receive()
    assert answer is not None
    assert (answer.status, answer.body) == (413, b"HTTP content length exceeded 10485760 bytes.")
    assert front.seen() == []


def test_c9_a_body_at_the_limit_arrives_whole(front: Front) -> None:
    assert len(front.reaches(CHUNKED + MEGABYTE * 10 + b"0\r\n\r\n").body) == BODY_LIMIT
    front.backend.clear()
    assert len(front.reaches(request(b"/prod/x/y", verb=b"POST", body=b"a" * BODY_LIMIT)).body) == BODY_LIMIT


@pytest.mark.parametrize("length", [b"10485761", b"99999999", b"010485761", b"9223372036854775807"])
def test_c9_a_length_over_the_limit_is_refused_before_the_body_is_read(front: Front, length: bytes) -> None:
    data = request(b"/prod/x/y", b"Content-Length: " + length, verb=b"POST")
    assert front.refuses(data).status == 413


def test_c9_a_length_over_the_limit_is_refused_over_http2(front: Front) -> None:
    headers = [*pseudo_headers(b"/prod/x/y", verb=b"POST"), (b"content-length", b"10485761")]
    with Http2Connection(front.port) as connection:
        stream = connection.new_stream()
        connection.send_header_block(stream, connection.encode(headers), end_stream=False)
        assert connection.outcome(stream).status == 413
    assert front.seen() == []


def test_c8_connections_that_never_finish_a_request_hold_up_nobody(front: Front) -> None:
    unfinished = [
        b"",
        b"G",
        b"GET /prod/x/y HTTP/1.1\r\nHost: localhost\r\nX-Slow: a",
        b"POST /prod/x/y HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\na",
        b"POST /prod/x/y HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
    with ExitStack() as stack:
        for data in unfinished * 50:
            stack.enter_context(RawConnection(front.port)).send(data)
        assert front.send(request(b"/prod/sentinel")).status == 200


def test_c8_a_thousand_hosts_and_paths_of_nobody_leave_the_known_ones_served(front: Front) -> None:
    with RawConnection(front.port) as connection:
        for number in range(5000):
            connection.send(request(b"/prod/x/y", host=b"host-%d.evil.example" % number))
            answer = connection.receive()
            assert answer is not None
            assert answer.status == 403
    assert front.reaches(request(b"/prod/admin")).target == b"/real/admin"
