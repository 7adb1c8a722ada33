"""What clients get of what functions return: the response contract of api-gateway.md section 11, over HTTP."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from harness.guarded_gateway import Guarded, Json, told
from harness.raw_client import Answer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

PIXEL = bytes(range(256))
PIXEL_TEXT = base64.b64encode(PIXEL).decode()
ERROR = b'{"message": "Internal server error"}'
JSON = [b"application/json"]


def ask(
    guarded: Guarded, *lines: bytes, verb: bytes = b"GET", path: bytes = b"/prod/told", **what: Any
) -> Answer:
    """Send a request to a function that does what it is told."""
    return guarded.send(verb, path, b"Told: " + told(**what), *lines, host=b"proxied.localhost")


def is_error(answer: Answer, status: int) -> bool:
    """Whether it is Amazon's answer when a function failed."""
    named = answer.all(b"x-amzn-errortype") == [b"InternalServerErrorException"]
    return (answer.status, answer.body, named, answer.all(b"content-type")) == (status, ERROR, True, JSON)


GOOD: dict[str, tuple[Json, int, bytes, dict[bytes, list[bytes]]]] = {
    "a status": ({"statusCode": 200}, 200, b"", {b"content-type": JSON}),
    "nothing": ({}, 200, b"", {b"content-type": JSON}),
    "headers only": ({"headers": {"X-A": "1"}}, 200, b"", {b"x-a": [b"1"], b"content-type": JSON}),
    "headers that are null": ({"headers": None, "body": "b"}, 200, b"b", {b"content-type": JSON}),
    "all null": (
        {
            "statusCode": None,
            "headers": None,
            "multiValueHeaders": None,
            "body": None,
            "isBase64Encoded": None,
        },
        200,
        b"",
        {b"content-type": JSON},
    ),
    "a status as text": ({"statusCode": "201"}, 201, b"", {}),
    "no content": ({"statusCode": 204, "body": "dropped"}, 204, b"", {}),
    "an error of the function's own": (
        {"statusCode": 404, "body": "no such order"},
        404,
        b"no such order",
        {},
    ),
    "a server error of its own": ({"statusCode": 503, "body": "later"}, 503, b"later", {}),
    "a redirect": ({"statusCode": 302, "headers": {"Location": "/a b"}}, 302, b"", {b"location": [b"/a b"]}),
    "its own type": (
        {"headers": {"content-type": "text/html"}, "body": "<p>"},
        200,
        b"<p>",
        {b"content-type": [b"text/html"]},
    ),
    "boolean headers": (
        {"headers": {"X-Yes": True, "X-No": False}},
        200,
        b"",
        {b"x-yes": [b"true"], b"x-no": [b"false"]},
    ),
    "number headers": ({"headers": {"X-N": 7, "X-F": 1.5}}, 200, b"", {b"x-n": [b"7"], b"x-f": [b"1.5"]}),
    "several values": (
        {"multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}},
        200,
        b"",
        {b"set-cookie": [b"a=1", b"b=2"]},
    ),
    "both maps": (
        {"headers": {"x-both": "solo"}, "multiValueHeaders": {"X-Both": ["multi"]}},
        200,
        b"",
        {b"x-both": [b"multi", b"solo"]},
    ),
    "text that is not ASCII": ({"body": "grüße"}, 200, "grüße".encode(), {}),
    "base64 for a client that wants text": (
        {"body": PIXEL_TEXT, "isBase64Encoded": True},
        200,
        PIXEL_TEXT.encode(),
        {},
    ),
    "a large body": ({"body": "$BIG"}, 200, b"x" * 5_000_000, {}),
}


@pytest.mark.parametrize(("said", "status", "body", "headers"), GOOD.values(), ids=GOOD)
def test_a_good_answer_becomes_the_response(
    guarded: Guarded, said: Json, status: int, body: bytes, headers: dict[bytes, list[bytes]]
) -> None:
    answer = ask(guarded, say=said, big=5_000_000 if "$BIG" in str(said) else 0)
    assert (answer.status, answer.body) == (status, body)
    assert {name: answer.all(name) for name in headers} == headers
    assert answer.one(b"x-amzn-requestid")
    assert answer.one(b"x-amz-apigw-id")
    assert answer.one(b"x-amzn-trace-id").startswith(b"Root=1-")
    assert answer.all(b"x-amzn-errortype") == []


BAD: dict[str, Any] = {
    "an unknown key": {"statusCode": 200, "boddy": "x"},
    "a status that is no number": {"statusCode": "test"},
    "a status that is true": {"statusCode": True},
    "a status that no response has": {"statusCode": 42},
    "an interim status": {"statusCode": 101},
    "text": "hello",
    "a list": [1],
    "a number": 7,
    "null": None,
    "a body that is an object": {"body": {"a": 1}},
    "a body that is a number": {"body": 7},
    "headers that are a list": {"headers": ["X-A"]},
    "a header that is an object": {"headers": {"X-A": {}}},
    "multi-values that are no list": {"multiValueHeaders": {"h": "v"}},
    "a header that ends another": {"headers": {"X-A": "1\r\nX-B: 2"}},
    "a name that ends a header": {"headers": {"X-A: 1\r\nX-B": "2"}},
    "base64 flag as text": {"body": "x", "isBase64Encoded": "true"},
}


@pytest.mark.parametrize("said", BAD.values(), ids=BAD)
def test_an_answer_outside_the_contract_is_a_bad_gateway(guarded: Guarded, said: Any) -> None:
    answer = ask(guarded, say=said)
    assert is_error(answer, 502), answer.raw
    assert answer.one(b"x-amzn-requestid")


def test_what_a_function_raises_is_a_bad_gateway_and_told_to_the_operator_only(guarded: Guarded) -> None:
    answer = ask(guarded, fault="raise", say={})
    assert is_error(answer, 502)
    assert guarded.gateway.output.wait_for("private words")


@pytest.mark.parametrize("fault", ["exit", "exit at once", "segfault", "close descriptors"])
def test_a_function_that_dies_is_a_bad_gateway(guarded: Guarded, fault: str) -> None:
    assert is_error(ask(guarded, path=b"/prod/faulty", fault=fault), 502)
    assert ask(guarded, path=b"/prod/faulty", say={"body": "whole"}).body == b"whole"


def test_a_function_that_runs_out_of_its_time_is_a_bad_gateway(guarded: Guarded) -> None:
    assert is_error(ask(guarded, path=b"/prod/faulty", fault="sleep"), 502)


def test_an_integration_that_runs_out_of_its_time_is_a_gateway_timeout(guarded: Guarded) -> None:
    release = guarded.folder / "impatient"
    answer = ask(guarded, path=b"/prod/impatient", wait_for=str(release), say={})
    release.touch()
    assert answer.status == 504
    assert answer.body == b'{"message": "Endpoint request timed out"}'
    assert answer.one(b"x-amzn-errortype") == b"InternalServerErrorException"


def test_an_answer_over_lambdas_limit_is_a_bad_gateway(guarded: Guarded) -> None:
    assert is_error(ask(guarded, say={"body": "$BIG"}, big=6_300_000), 502)
    assert ask(guarded, say={"body": "whole"}).body == b"whole"


def test_a_function_that_is_not_asked_by_post_is_an_internal_error(guarded: Guarded) -> None:
    answer = guarded.send(b"GET", b"/prod/by-get", host=b"proxied.localhost")
    assert is_error(answer, 500)
    assert guarded.calls() == []


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        (b"image/png", PIXEL),
        (b"image/webp,text/html", PIXEL),
        (b"application/octet-stream;q=0.5", PIXEL),
        (b"text/html,image/webp", PIXEL_TEXT.encode()),
        (b"*/*", PIXEL_TEXT.encode()),
    ],
)
def test_base64_becomes_bytes_for_a_client_that_asks_for_a_binary_type_first(
    guarded: Guarded, accept: bytes, body: bytes
) -> None:
    said = {"body": PIXEL_TEXT, "isBase64Encoded": True, "headers": {"Content-Type": "image/png"}}
    answer = ask(guarded, b"Accept: " + accept, say=said)
    assert (answer.status, answer.body) == (200, body)


def test_what_is_no_base64_though_it_says_so_is_an_internal_error(guarded: Guarded) -> None:
    answer = ask(guarded, b"Accept: image/png", say={"body": "no base64!", "isBase64Encoded": True})
    assert is_error(answer, 500)


@pytest.mark.parametrize("said", [{"body": "x" * 100}, {"statusCode": 404, "body": "x"}, {}])
def test_a_response_to_head_has_no_body(guarded: Guarded, said: Json) -> None:
    answer = ask(guarded, verb=b"HEAD", say=said)
    assert answer.status == said.get("statusCode", 200)
    assert answer.raw.endswith(b"\r\n\r\n")
    assert guarded.status(b"/prod/sentinel") == 200


def test_an_event_over_lambdas_limit_is_refused_and_nobody_is_called(guarded: Guarded) -> None:
    body = b"x" * (6 * 1024 * 1024)
    answer = guarded.send(b"POST", b"/prod/told", host=b"proxied.localhost", body=body)
    assert answer.status == 413
    assert answer.body == b'{"message": "Request Too Long"}'
    assert guarded.calls() == []


def test_a_body_just_below_the_limit_passes(guarded: Guarded) -> None:
    word = told(say={"body": "got it"})
    body = b"x" * (5 * 1024 * 1024)
    answer = guarded.send(b"POST", b"/prod/told", b"Told: " + word, host=b"proxied.localhost", body=body)
    assert (answer.status, answer.body) == (200, b"got it")


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("Date", "x-amzn-remapped-date"),
        ("Server", "x-amzn-remapped-server"),
        ("Connection", "x-amzn-remapped-connection"),
        ("Content-Length", "x-amzn-remapped-content-length"),
        ("WWW-Authenticate", "x-amzn-remapped-www-authenticate"),
        ("Authorization", "x-amzn-remapped-authorization"),
    ],
)
def test_a_header_that_is_the_gateways_own_is_renamed(guarded: Guarded, said: str, seen: str) -> None:
    answer = ask(guarded, say={"headers": {said: "mine"}, "body": "b"})
    assert (answer.status, answer.body) == (200, b"b")
    assert answer.all(seen.encode()) == [b"mine"]
    assert b"mine" not in answer.all(said.lower().encode())


def test_a_function_cannot_frame_its_response(guarded: Guarded) -> None:
    answer = ask(guarded, say={"headers": {"Transfer-Encoding": "chunked"}, "body": "b"})
    assert (answer.status, answer.body) == (200, b"b")
    assert answer.all(b"transfer-encoding") == []


def test_a_response_has_no_header_that_the_function_did_not_give(guarded: Guarded) -> None:
    answer = ask(guarded, say={"headers": {"X-A": "1"}, "body": "b"})
    assert sorted(name.decode() for name, _ in answer.headers) == [
        "content-length",
        "content-type",
        "date",
        "x-a",
        "x-amz-apigw-id",
        "x-amzn-requestid",
        "x-amzn-trace-id",
    ]


def test_a_function_cannot_forge_the_id_of_its_request(guarded: Guarded) -> None:
    answer = ask(guarded, say={"headers": {"x-amzn-RequestId": "forged", "X-Amzn-Trace-Id": "forged"}})
    [call] = guarded.calls()
    assert answer.one(b"x-amzn-requestid").decode() == call.request_id
    assert answer.all(b"x-amzn-trace-id") == [call.event["headers"]["X-Amzn-Trace-Id"].encode()]
