"""Limits and what a client sees of them: api-gateway.md section 4, row by row."""

from __future__ import annotations

from typing import Final

import pytest

from end_to_end.conftest import Served
from harness.raw_client import Answer, RawConnection

pytestmark = pytest.mark.envoy

BODY_LIMIT: Final = 10_485_760
URL_LIMIT: Final = 10_240
TOO_LONG: Final = b"HTTP content length exceeded 10485760 bytes."


def is_plain_413(answer: Answer) -> bool:
    """Whether an answer is the one of the payload limit, captured from the real service."""
    names = {name for name, _ in answer.headers}
    return (
        answer.status == 413
        and answer.body == TOO_LONG
        and answer.all(b"content-type") == [b"text; charset=utf-8"]
        and not names & {b"x-amzn-requestid", b"x-amzn-errortype", b"x-amz-apigw-id"}
    )


@pytest.mark.parametrize("path", [b"/prod/proxied", b"/prod/function"])
def test_a_body_over_ten_megabytes_is_refused_in_plain_text(limited: Served, path: bytes) -> None:
    answer = limited.send(b"POST", path, b"Content-Length: %d" % (BODY_LIMIT + 1))
    assert is_plain_413(answer), answer.raw
    assert limited.backend.received() == []


def test_a_body_of_ten_megabytes_arrives(limited: Served) -> None:
    body = b"a" * BODY_LIMIT
    assert len(limited.reaches(b"POST", b"/prod/proxied", body=body).body) == BODY_LIMIT


def test_a_chunked_body_over_ten_megabytes_is_refused_in_plain_text(limited: Served) -> None:
    head = b"POST /prod/proxied HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    with RawConnection(limited.port) as connection:
        connection.send(head + chunk * 10 + b"1\r\na\r\n0\r\n\r\n")
        answer = connection.receive()
    assert answer is not None
    assert (answer.status, answer.body) == (413, TOO_LONG)
    assert answer.all(b"content-type") == [b"text; charset=utf-8"]
    assert limited.backend.received() == []


def test_an_event_over_six_megabytes_is_refused_as_json(limited: Served) -> None:
    answer = limited.send(b"POST", b"/prod/function", body=b"a" * 6_300_000)
    assert (answer.status, answer.body) == (413, b'{"message": "Request Too Long"}')
    assert answer.one(b"x-amzn-errortype") == b"BadRequestException"
    assert answer.one(b"x-amzn-requestid")


def test_what_escapes_make_of_a_body_counts_for_the_event(limited: Served) -> None:
    answer = limited.send(b"POST", b"/prod/function", body=b'"' * 3_200_000)
    assert (answer.status, answer.body) == (413, b'{"message": "Request Too Long"}')


def test_an_event_below_six_megabytes_is_handed_over(limited: Served) -> None:
    answer = limited.send(b"POST", b"/prod/function", body=b"a" * 6_000_000)
    assert (answer.status, answer.body) == (200, b"6000000")


@pytest.mark.parametrize(
    ("length", "status"), [(URL_LIMIT, 200), (URL_LIMIT + 1, 414), (URL_LIMIT + 9000, 414)]
)
def test_a_url_may_have_10240_characters(limited: Served, length: int, status: int) -> None:
    start = b"/prod/proxied?q="
    assert limited.send(b"GET", start + b"a" * (length - len(start))).status == status


def test_headers_of_10240_bytes_are_taken(limited: Served) -> None:
    lines = [b"X-%d: " % number + b"a" * 1024 for number in range(10)]
    received = limited.reaches(b"GET", b"/prod/proxied", *lines)
    assert sum(len(value) for name, value in received.headers if name.startswith(b"x-")) >= 10_240


def test_headers_of_more_than_32_kilobytes_are_431(limited: Served) -> None:
    lines = [b"X-%d: " % number + b"a" * 1024 for number in range(33)]
    assert limited.send(b"GET", b"/prod/proxied", *lines).status == 431


@pytest.mark.parametrize("path", [b"/prod/late/http-proxy", b"/prod/late/http", b"/prod/late/function"])
def test_an_integration_that_is_late_is_504(limited: Served, path: bytes) -> None:
    answer = limited.send(b"GET", path)
    assert (answer.status, answer.body) == (504, b'{"message": "Endpoint request timed out"}')
    assert answer.one(b"x-amzn-errortype") == b"InternalServerErrorException"
    assert answer.one(b"content-type") == b"application/json"


def test_an_answer_over_six_megabytes_of_a_function_is_an_error(limited: Served) -> None:
    answer = limited.send(b"GET", b"/prod/function?characters=6300000")
    assert (answer.status, answer.body) == (502, b'{"message": "Internal server error"}')
