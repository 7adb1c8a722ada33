"""The recording backend sees what two servers could read in two ways; the attack tests lean on that."""

from __future__ import annotations

import pytest

from harness.raw_client import RawConnection, exchange
from harness.recording_backend import RecordingBackend, take_request

GOOD = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: h\r\n"

FAULTS = {
    "two versions": b"GET /a HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
    "small verb": b"get /a HTTP/1.1\r\nHost: h\r\n\r\n",
    "LF": b"GET /a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
    "CR": b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
    "NUL": b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\x00\r\n\r\n",
    "folding": b"GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
    "space before the colon": b"GET /a HTTP/1.1\r\nHost : h\r\n\r\n",
    "two hosts": b"GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
    "no host": b"GET /a HTTP/1.1\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "length with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "length and chunked": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunk extension": POST + b"Transfer-Encoding: chunked\r\n\r\n0;a\r\n\r\n",
    "chunk too long": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("data", FAULTS.values(), ids=FAULTS)
def test_a_request_that_is_not_canonical_has_a_fault(data: bytes) -> None:
    request = take_request(data)
    assert request is not None
    assert request.faults


def test_a_canonical_request_is_taken_apart_and_what_follows_is_left() -> None:
    data = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\n\r\n"
    request = take_request(data + GOOD)
    assert request is not None
    assert (request.raw, request.body, request.trailers, request.faults) == (data, b"abc", b"X-T: 1", ())
    assert request.all(b"host") == [b"h"]


@pytest.mark.parametrize("missing", range(1, 20))
def test_a_request_is_taken_only_when_it_is_complete(missing: int) -> None:
    data = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    assert take_request(data[:-missing]) is None


def test_everything_that_arrives_is_recorded_in_order_whole_or_not() -> None:
    with RecordingBackend() as backend, RawConnection(backend.port) as unfinished:
        unfinished.send(b"GET /unfini")
        backend.answers[b"/teapot"] = b"HTTP/1.1 418 Short\r\nContent-Length: 0\r\n\r\n"
        answers = exchange(backend.port, GOOD + GOOD.replace(b"/a", b"/teapot"), responses=2)
        assert [answer.status for answer in answers] == [200, 418]
        first, second, third = backend.received()
        assert (first.target, second.target) == (b"/a", b"/teapot")
        assert (third.raw, third.faults) == (b"GET /unfini", ("incomplete",))
        backend.clear()
        assert backend.received() == []
