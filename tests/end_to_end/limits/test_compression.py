"""Compression of answers and decompression of bodies: `minimumCompressionSize`, api-gateway.md section 12."""

from __future__ import annotations

import gzip
import zlib

import pytest

from end_to_end.conftest import Served
from harness.raw_client import Answer

pytestmark = pytest.mark.envoy

HOST = b"zip.localhost"
TAKES_GZIP = b"Accept-Encoding: gzip"


def ok(body: bytes, *lines: bytes) -> bytes:
    """An answer of the backend."""
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *lines, b"", body])


def get(served: Served, path: bytes, *lines: bytes, host: bytes = HOST, verb: bytes = b"GET") -> Answer:
    return served.send(verb, path, *lines, host=host)


@pytest.mark.parametrize(("size", "compressed"), [(999, False), (1000, True), (1001, True)])
def test_answers_of_the_minimum_size_and_more_are_compressed(
    limited: Served, size: int, compressed: bool
) -> None:
    body = b"a" * size
    limited.backend.answers[b"/sized"] = ok(body)
    answer = get(limited, b"/prod/sized", TAKES_GZIP)
    assert answer.all(b"content-encoding") == ([b"gzip"] if compressed else [])
    assert (gzip.decompress(answer.body) if compressed else answer.body) == body
    assert (b"Accept-Encoding" in answer.all(b"vary")) == compressed


def test_a_minimum_of_nothing_compresses_all_that_has_a_body(limited: Served) -> None:
    limited.backend.answers[b"/short"] = ok(b"a")
    limited.backend.answers[b"/empty"] = ok(b"")
    short = get(limited, b"/prod/short", TAKES_GZIP, host=b"zip-all.localhost")
    assert gzip.decompress(short.body) == b"a"
    empty = get(limited, b"/prod/empty", TAKES_GZIP, host=b"zip-all.localhost")
    assert (empty.body, empty.all(b"content-encoding")) == (b"", [])


def test_mocks_and_functions_are_compressed_too(limited: Served) -> None:
    mocked = get(limited, b"/prod/mock", TAKES_GZIP)
    assert gzip.decompress(mocked.body) == b"m" * 1000
    told = get(limited, b"/prod/function?characters=1000", TAKES_GZIP)
    assert gzip.decompress(told.body) == b"x" * 1000


@pytest.mark.parametrize("accepted", [b"", b"identity", b"deflate", b"br", b"gzip;q=0", b"x-gzip"])
def test_who_does_not_take_gzip_gets_the_answer_as_it_is(limited: Served, accepted: bytes) -> None:
    answer = get(limited, b"/prod/mock", *([b"Accept-Encoding: " + accepted] if accepted else []))
    assert (answer.body, answer.all(b"content-encoding")) == (b"m" * 1000, [])


@pytest.mark.parametrize("accepted", [b"gzip", b"gzip, deflate, br", b"deflate, gzip;q=0.5"])
def test_who_takes_gzip_among_others_gets_gzip(limited: Served, accepted: bytes) -> None:
    answer = get(limited, b"/prod/mock", b"Accept-Encoding: " + accepted)
    assert answer.one(b"content-encoding") == b"gzip"


def test_an_answer_that_is_encoded_already_is_passed(limited: Served) -> None:
    body = gzip.compress(b"b" * 100_000, mtime=0)
    limited.backend.answers[b"/encoded"] = ok(body, b"Content-Encoding: gzip")
    answer = get(limited, b"/prod/encoded", TAKES_GZIP)
    assert (answer.body, answer.one(b"content-encoding")) == (body, b"gzip")


def test_every_media_type_is_compressed(limited: Served) -> None:
    limited.backend.answers[b"/image"] = ok(b"c" * 2000, b"Content-Type: image/png")
    answer = get(limited, b"/prod/image", TAKES_GZIP)
    assert (gzip.decompress(answer.body), answer.one(b"content-type")) == (b"c" * 2000, b"image/png")


def test_answers_without_a_body_stay_as_they_are(limited: Served) -> None:
    limited.backend.answers[b"/none"] = b"HTTP/1.1 204 No Content\r\n\r\n"
    none = get(limited, b"/prod/none", TAKES_GZIP)
    assert (none.status, none.body, none.all(b"content-encoding")) == (204, b"", [])
    limited.backend.answers[b"/head"] = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    head = get(limited, b"/prod/head", TAKES_GZIP, verb=b"HEAD")
    assert (head.status, head.body, head.all(b"content-encoding")) == (200, b"", [])


def test_chunked_answers_are_compressed(limited: Served) -> None:
    limited.backend.answers[b"/chunked"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"7d0\r\n" + b"d" * 2000 + b"\r\n0\r\n\r\n"
    )
    answer = get(limited, b"/prod/chunked", TAKES_GZIP)
    assert gzip.decompress(answer.body) == b"d" * 2000


def test_an_api_that_does_not_ask_is_not_compressed(limited: Served) -> None:
    limited.backend.answers[b"/plain"] = ok(b"e" * 5000)
    answer = get(limited, b"/prod/plain", TAKES_GZIP, host=b"localhost")
    assert (answer.body, answer.all(b"content-encoding"), answer.all(b"vary")) == (b"e" * 5000, [], [])


def test_a_compressed_body_arrives_decompressed(limited: Served) -> None:
    body = gzip.compress(b'{"a": 1}' * 100, mtime=0)
    received = limited.reaches(b"POST", b"/prod/in", b"Content-Encoding: gzip", host=HOST, body=body)
    assert received.body == b'{"a": 1}' * 100
    assert received.all(b"content-encoding") == []
    assert received.all(b"content-length") == [b"800"]


def test_a_compressed_body_reaches_a_function_decompressed(limited: Served) -> None:
    body = gzip.compress(b"f" * 5000, mtime=0)
    answer = limited.send(b"POST", b"/prod/function", b"Content-Encoding: gzip", host=HOST, body=body)
    assert answer.body == b"5000"


def test_a_compressed_body_of_an_api_that_does_not_ask_arrives_as_it_is(limited: Served) -> None:
    body = gzip.compress(b"g" * 100, mtime=0)
    received = limited.reaches(b"POST", b"/prod/in", b"Content-Encoding: gzip", body=body)
    assert received.body == body


def test_a_body_counts_for_its_limit_as_it_is_decompressed(limited: Served) -> None:
    body = gzip.compress(b"\0" * 10_485_761, mtime=0)
    answer = limited.send(b"POST", b"/prod/in", b"Content-Encoding: gzip", host=HOST, body=body)
    assert (answer.status, answer.body) == (413, b"HTTP content length exceeded 10485760 bytes.")
    assert limited.backend.received() == []


def test_deflate_is_not_decompressed(limited: Served) -> None:
    body = zlib.compress(b"h" * 100)
    received = limited.reaches(b"POST", b"/prod/in", b"Content-Encoding: deflate", host=HOST, body=body)
    assert received.body == body


CHECKED = (b"Content-Type: application/json", b"Content-Encoding: gzip")


def test_a_compressed_body_is_validated_as_the_backend_gets_it(limited: Served) -> None:
    body = gzip.compress(b'{"name": "Rex"}', mtime=0)
    received = limited.reaches(b"POST", b"/prod/checked", *CHECKED, host=HOST, body=body)
    assert (received.body, received.all(b"content-encoding")) == (b'{"name": "Rex"}', [])


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (gzip.compress(b"{}", mtime=0), 400, b"Invalid request body"),
        (b'{"name": "Rex"}', 415, b"Unsupported Media Type"),
        (gzip.compress(b'{"name": "Rex"}', mtime=0)[:-4], 415, b"Unsupported Media Type"),
    ],
)
def test_no_body_passes_its_model_by_what_it_calls_itself(
    limited: Served, body: bytes, status: int, said: bytes
) -> None:
    answer = limited.send(b"POST", b"/prod/checked", *CHECKED, host=HOST, body=body)
    assert (answer.status, said in answer.body) == (status, True), answer.raw
    assert limited.backend.received() == []
