"""C: where one message ends and the next begins, HTTP/1.1.

What no filter can see (C3, C4: bare LF, folding) must reach the backend as one canonical message or not at all.
The backend is a pedant: whatever two servers could read in two ways is a fault of what it received.
"""

from __future__ import annotations

import pytest

from attacks.front import Front, request
from harness.raw_client import RawConnection

pytestmark = pytest.mark.envoy

HOST = b"Host: localhost\r\n"
POST = b"POST /prod/x/y HTTP/1.1\r\n" + HOST
GET = b"GET /prod/x/y HTTP/1.1\r\n" + HOST
SMUGGLED = b"GET /prod/admin HTTP/1.1\r\nHost: localhost\r\nX-Smuggled: 1\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"

CONTRADICTIONS = {
    "C1 length and chunked": POST + b"Content-Length: 6\r\n" + CHUNKED + LAST + b"G",
    "C1 chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n" + LAST,
    "C1 chunked and length zero": POST + b"Content-Length: 0\r\n" + CHUNKED + LAST,
    "C1 two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "C1 two equal lengths": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "C1 list of lengths": POST + b"Content-Length: 2, 2\r\n\r\nab",
    "C1 length with a sign": POST + b"Content-Length: +2\r\n\r\nab",
    "C1 length below zero": POST + b"Content-Length: -1\r\n\r\nab",
    "C1 length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\nab",
    "C1 length with a letter": POST + b"Content-Length: 2a\r\n\r\nab",
    "C1 length in two words": POST + b"Content-Length: 2 2\r\n\r\nab",
    "C1 empty length": POST + b"Content-Length:\r\n\r\nab",
    "C1 length over 64 bits": POST + b"Content-Length: 18446744073709551618\r\n\r\nab",
    "C1 length of twenty nines": POST + b"Content-Length: 99999999999999999999\r\n\r\nab",
    "C1 length and a folded coding": POST
    + b"Content-Length: 3\r\n Transfer-Encoding: chunked\r\n\r\n"
    + LAST,
    "C2 space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + LAST,
    "C2 tab before the colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n" + LAST,
    "C2 unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + LAST,
    "C2 identity": POST + b"Transfer-Encoding: identity\r\n\r\n" + LAST,
    "C2 chunked, identity": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + LAST,
    "C2 identity, chunked": POST + b"Transfer-Encoding: identity, chunked\r\n\r\n" + LAST,
    "C2 gzip, chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + LAST,
    "C2 chunked twice": POST + b"Transfer-Encoding: chunked\r\n" + CHUNKED + LAST,
    "C2 chunked and then identity": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
    "C2 chunked with a parameter": POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n" + LAST,
    "C2 chunked in quotes": POST + b'Transfer-Encoding: "chunked"\r\n\r\n' + LAST,
    "C2 vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + LAST,
    "C2 NUL in the name": POST + b"Transfer-Encoding\x00: chunked\r\n\r\n" + LAST,
    "C2 NUL in the value": POST + b"Transfer-Encoding: chunked\x00\r\n\r\n" + LAST,
    "C2 space before the name": POST.removesuffix(HOST) + b" Transfer-Encoding: chunked\r\n" + HOST + b"\r\n",
    "C2 CR before the name": POST + b"Foo: bar\r\n\rTransfer-Encoding: chunked\r\n\r\n" + LAST,
    "C2 HTTP/1.0 with chunked": POST.replace(b"1.1", b"1.0") + CHUNKED + LAST,
    "C5 two hosts": GET + b"Host: evil.example\r\n\r\n",
    "C5 two equal hosts": GET + HOST + b"\r\n",
    "C5 two hosts, one in capitals": GET + b"HOST: localhost\r\n\r\n",
    "C5 no host": b"GET /prod/x/y HTTP/1.1\r\n\r\n",
    "C5 space before the host's colon": b"GET /prod/x/y HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "C5 folded host": b"GET /prod/x/y HTTP/1.1\r\nHost: local\r\n host\r\n\r\n",
    "C3 folded first line": b"GET /prod/x/y HTTP/1.1\r\n X-A: b\r\n" + HOST + b"\r\n",
    "NUL in a value": GET + b"X-A: a\x00b\r\n\r\n",
    "control byte in a value": GET + b"X-A: a\x01b\r\n\r\n",
    "delete in a value": GET + b"X-A: a\x7fb\r\n\r\n",
    "no colon": GET + b"garbage\r\n\r\n",
    "empty name": GET + b": x\r\n\r\n",
    "space in a name": GET + b"X A: 1\r\n\r\n",
    "parenthesis in a name": GET + b"X(A): 1\r\n\r\n",
    "letters of Unicode that upper-case to ASCII": GET + b"X-GW-\xc5\xbfECRET: evil\r\n\r\n",
    "pseudo header :path": GET + b":path: /prod/admin\r\n\r\n",
    "pseudo header :authority": GET + b":authority: evil.example\r\n\r\n",
    "HTTP/1.0": b"GET /prod/x/y HTTP/1.0\r\n" + HOST + b"\r\n",
    "HTTP/1.2": b"GET /prod/x/y HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/1.11": b"GET /prod/x/y HTTP/1.11\r\n" + HOST + b"\r\n",
    "HTTP/2.0 in a request line": b"GET /prod/x/y HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /prod/x/y\r\n",
    "version in small letters": b"GET /prod/x/y http/1.1\r\n" + HOST + b"\r\n",
    "space before the verb": b" GET /prod/x/y HTTP/1.1\r\n" + HOST + b"\r\n",
}

CHUNKS = {
    "C1 size with a prefix": b"0x1\r\nx\r\n0\r\n\r\n",
    "C1 size with a sign": b"+1\r\nx\r\n0\r\n\r\n",
    "C1 size below zero": b"-1\r\nx\r\n0\r\n\r\n",
    "C1 size that is no number": b"g\r\nx\r\n0\r\n\r\n",
    "C1 size with an underscore": b"1_0\r\nx\r\n0\r\n\r\n",
    "C1 space before the size": b" 1\r\nx\r\n0\r\n\r\n",
    "C1 size over 64 bits": b"10000000000000001\r\nx\r\n0\r\n\r\n",
    "C1 size of seventeen digits": b"FFFFFFFFFFFFFFFF1\r\nx\r\n0\r\n\r\n",
    "C1 empty line before the size": b"\r\n1\r\nx\r\n0\r\n\r\n",
    "C1 CR for CRLF": b"1\r\rx\r\n0\r\n\r\n",
    "C4 LF behind the size": b"1\nx\r\n0\r\n\r\n",
    "C4 LF behind an extension": b"1;a\nx\r\n0\r\n\r\n",
    "C4 LF behind the last size": b"1\r\nx\r\n0\n\n",
    "CRLF in a quoted extension": b'1;a="\r\n0\r\n\r\n"\r\nx\r\n0\r\n\r\n',
    "trailer without a colon": b"1\r\nx\r\n0\r\ngarbage\r\n\r\n",
}

ONE_CANONICAL_MESSAGE = {
    "C3 folded value": GET + b"X-A: a\r\n b\r\n\r\n",
    "C3 folded value that looks like a header": GET + b"X-A: a\r\n\tX-Gw-Secret: evil\r\n\r\n",
    "C3 folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + LAST,
    "C4 LF everywhere": b"GET /prod/x/y HTTP/1.1\nHost: localhost\n\n",
    "C4 LF behind one header": GET + b"X-A: a\nX-B: b\r\n\r\n",
    "C4 LF for the empty line": GET + b"\n",
    "C4 CR inside of a value": GET + b"X-A: a\rX-Gw-Secret: evil\r\n\r\n",
    "C4 CR that hides a coding": POST + b"X-A: a\rTransfer-Encoding: chunked\r\n\r\n",
    "C4 LF behind chunk data": POST + CHUNKED + b"1\r\nx\n0\r\n\r\n",
    "C4 LF for the last empty line": POST + CHUNKED + b"1\r\nx\r\n0\r\n\n",
    "bytes behind chunk data": POST + CHUNKED + b"1\r\nxX\r\n0\r\n\r\n",
    "chunk extension": POST + CHUNKED + b"1;a=b\r\nx\r\n0\r\n\r\n",
    "space behind the size": POST + CHUNKED + b"1 \r\nx\r\n0\r\n\r\n",
    "zeros before the size": POST + CHUNKED + b"00000001\r\nx\r\n000\r\n\r\n",
    "coding in capitals": POST + b"Transfer-Encoding: CHUNKED\r\n\r\n" + LAST,
    "tab before the coding": POST + b"Transfer-Encoding:\tchunked\r\n\r\n" + LAST,
    "spaces around the length": POST + b"Content-Length: \t 2 \t\r\n\r\nab",
    "zeros before the length": POST + b"Content-Length: 0000000000002\r\n\r\nab",
    "alias of the coding": POST + b"Transfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\nab",
    "alias of the length": POST + b"Content_Length: 9\r\nContent-Length: 2\r\n\r\nab",
    "double spaces in the request line": b"GET  /prod/x/y  HTTP/1.1\r\n" + HOST + b"\r\n",
    "tabs in the request line": b"GET\t/prod/x/y\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "space behind the request line": b"GET /prod/x/y HTTP/1.1 \r\n" + HOST + b"\r\n",
    "empty lines before the request": b"\r\n\r\n" + GET + b"\r\n",
    "bytes over 127 in a value": GET + b"X-A: \xff\xc3\xa9\r\n\r\n",
    "forbidden trailers": POST + CHUNKED + b"1\r\nx\r\n0\r\nContent-Length: 4\r\nHost: evil.example\r\n\r\n",
}

ANSWERED_EARLY = {
    "unknown stage": b"/nobody/",
    "unknown path": b"/prod/items/1/2/3",
    "forbidden path": b"/prod/x/../admin",
}


@pytest.mark.parametrize("data", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_message_that_contradicts_itself_is_refused_with_all_that_follows(
    front: Front, data: bytes
) -> None:
    front.refuses(data + SMUGGLED)


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_a_malformed_chunk_ends_the_connection_and_no_request_follows(front: Front, chunks: bytes) -> None:
    with RawConnection(front.port) as connection:
        connection.send(POST + CHUNKED + chunks + SMUGGLED)
        answer = connection.receive()
        assert answer is not None
        assert (answer.status, answer.one(b"connection")) == (400, b"close")
        assert [each for each in front.seen() if each.verb] == []  # at most a beginning that was cut off
        assert connection.waiting() == b""


@pytest.mark.parametrize("data", ONE_CANONICAL_MESSAGE.values(), ids=ONE_CANONICAL_MESSAGE)
def test_a_lenient_reading_reaches_the_backend_as_one_canonical_message(front: Front, data: bytes) -> None:
    received = front.reaches(data)
    assert received.target == b"/x/y"
    assert not received.names & {b"x-gw-secret", b"x-smuggled"}
    assert received.body in (b"", b"x", b"ab")
    assert received.trailers == b""


@pytest.mark.parametrize("path", ANSWERED_EARLY.values(), ids=ANSWERED_EARLY)
@pytest.mark.parametrize("missing", [0, 1000], ids=["whole body", "body still to come"])
def test_the_body_of_a_refused_request_is_never_taken_for_a_request(
    front: Front, path: bytes, missing: int
) -> None:
    length = b"Content-Length: %d\r\n\r\n" % (len(SMUGGLED) + missing)
    front.refuses(b"POST " + path + b" HTTP/1.1\r\n" + HOST + length + SMUGGLED)


def test_the_body_of_a_refused_request_that_waited_for_100_is_never_taken_for_a_request(front: Front) -> None:
    lines = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
    front.refuses(b"POST /nobody/ HTTP/1.1\r\n" + HOST + lines + SMUGGLED)


def test_a_body_over_the_limit_is_refused_and_never_taken_for_requests(front: Front) -> None:
    answer = front.refuses(POST + b"Content-Length: 10485761\r\n\r\n" + SMUGGLED)
    assert (answer.status, answer.body) == (413, b"HTTP content length exceeded 10485760 bytes.")


def test_a_get_with_a_body_keeps_its_body(front: Front) -> None:
    received = front.reaches(GET + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    assert received.body == SMUGGLED


def test_pipelined_requests_are_answered_each_in_its_turn(front: Front) -> None:
    with RawConnection(front.port) as connection:
        connection.send(
            request(b"/prod/items/1")
            + request(b"/prod/items/2", verb=b"GET", body=b"GET /prod/admin HTTP/1.1\r\n")
            + request(b"/prod/items/3")
        )
        statuses = [answer.status for _ in range(3) if (answer := connection.receive())]
    assert statuses == [200, 200, 200]
    assert [each.target for each in front.seen()] == [b"/items/1", b"/items/2", b"/items/3"]


def test_a_connection_with_a_garbled_second_request_serves_the_first(front: Front) -> None:
    with RawConnection(front.port) as connection:
        connection.send(request(b"/prod/items/1") + b"\x00garbage\r\n\r\n" + SMUGGLED)
        statuses = [answer.status for _ in range(2) if (answer := connection.receive())]
        assert statuses == [200, 400]
        assert [each.target for each in front.seen()] == [b"/items/1"]
        assert connection.waiting() == b""


@pytest.mark.parametrize("lines", [b"Expect: 100-continue\r\n", b"expect: 100-Continue\r\n"])
def test_a_client_that_waits_for_100_is_told_to_go_on(front: Front, lines: bytes) -> None:
    with RawConnection(front.port) as connection:
        connection.send(POST + lines + b"Content-Length: 2\r\n\r\n")
        assert connection.receive_bytes().startswith(b"HTTP/1.1 100")
        connection.send(b"ab")
        answer = connection.receive()
    assert answer is not None
    assert answer.status == 200
    [received] = front.seen()
    assert b"expect" not in received.names
