"""The response contract of `aws_proxy`, row by row of api-gateway.md section 11, and what a server can write."""

from __future__ import annotations

import base64
import json
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.integrations.proxy_response import (
    MalformedProxyResponse,
    ProxyResponse,
    read_proxy_response,
)

DEFAULT = ("Content-Type", "application/json")


def read(answer: Any, *, accept: str | None = None, binary: tuple[str, ...] = ()) -> ProxyResponse:
    payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_proxy_response(payload, accept=accept, binary_media_types=binary)


def refused(answer: Any, **circumstances: Any) -> MalformedProxyResponse:
    with pytest.raises(MalformedProxyResponse) as caught:
        read(answer, **circumstances)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"statusCode": 200}, 200),  # [R]
        ({}, 200),  # [R]
        ({"statusCode": "201"}, 201),  # [R]
        ({"statusCode": None}, 200),
        ({"statusCode": 404.0}, 404),
        (
            {"statusCode": 200, "headers": None, "multiValueHeaders": None, "body": None},
            200,
        ),  # [R] headers: null
        ({"isBase64Encoded": None}, 200),
    ],
)
def test_every_field_is_optional_and_the_default_is_an_empty_json_200(answer: Any, status: int) -> None:
    assert read(answer) == ProxyResponse(status=status, headers=(DEFAULT,), body=b"")


@pytest.mark.parametrize(
    "status", ["test", "", " 200", "200 ", "٢٠٠", 99, 100, 101, 199, 600, 2000, 200.5, True, [], {}]
)
def test_a_status_that_is_none_is_a_502(status: Any) -> None:
    assert refused({"statusCode": status}).status == 502  # [R] "test"


def test_an_unknown_key_is_a_502_that_names_it_to_the_operator() -> None:
    fault = refused({"statusCode": 200, "cookies": []})  # [R]
    assert fault.status == 502
    assert "cookies" in str(fault)
    assert refused({"errorMessage": "x", "errorType": "y"}).status == 502  # [R]


@pytest.mark.parametrize(
    "payload",
    [
        b'"text"',
        b"[]",
        b"[{}]",
        b"7",
        b"null",
        b"true",
        b"",
        b"<html>",
        b'{"statusCode": 200',
        b"\xff\xfe",
        b"[" * 99999,
    ],
    ids=["text", "list", "list of one", "number", "null", "true", "empty", "html", "cut", "bytes", "deep"],
)
def test_what_is_no_json_object_is_a_502(payload: bytes) -> None:
    assert refused(payload).status == 502  # [R]


def test_numbers_that_json_does_not_know_are_a_502() -> None:
    assert refused(b'{"headers": {"a": NaN}}').status == 502


def test_headers_alone_are_a_200_with_them() -> None:
    response = read({"headers": {"X-One": "1"}})  # [R]
    assert (response.status, response.headers) == (200, (("X-One", "1"), DEFAULT))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (7, "7"),
        ("", ""),
        ("  padded\t", "padded"),
        ("é", "é"),
    ],  # [R]
)
def test_a_header_value_becomes_text(value: Any, text: str) -> None:
    assert read({"headers": {"h": value}}).headers == (("h", text), DEFAULT)
    assert read({"multiValueHeaders": {"h": [value]}}).headers == (("h", text), DEFAULT)


def test_a_number_stays_as_it_was_written() -> None:
    payload = b'{"headers": {"price": 1.50, "big": ' + b"9" * 5000 + b"}}"
    assert read(payload).headers[:2] == (("price", "1.50"), ("big", "9" * 5000))


def test_a_null_header_is_left_out() -> None:
    assert read({"headers": {"h": None}, "multiValueHeaders": {"i": None, "j": [None]}}).headers == (DEFAULT,)


@pytest.mark.parametrize("value", [{}, [], {"a": 1}, ["a"]])
def test_a_header_value_that_is_no_scalar_is_a_502(value: Any) -> None:
    assert refused({"headers": {"h": value}}).status == 502
    assert refused({"multiValueHeaders": {"h": [value]}}).status == 502


@pytest.mark.parametrize("headers", [[], "a: b", 7, True])
def test_headers_that_are_no_object_are_a_502(headers: Any) -> None:
    assert refused({"headers": headers}).status == 502
    assert refused({"multiValueHeaders": headers}).status == 502


def test_a_multi_value_header_that_is_no_list_is_a_502() -> None:
    assert refused({"multiValueHeaders": {"h": "v"}}).status == 502  # [R]


def test_a_key_of_both_maps_has_the_multi_values_first_under_their_spelling() -> None:
    response = read({"headers": {"H": "solo"}, "multiValueHeaders": {"h": ["multi"]}})  # [R]
    assert response.headers == (("h", "multi"), ("h", "solo"), DEFAULT)


def test_cookies_stay_headers_of_their_own() -> None:
    response = read({"multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}})
    assert response.headers == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), DEFAULT)


@pytest.mark.parametrize("map_name", ["headers", "multiValueHeaders"])
def test_a_content_type_of_the_function_replaces_the_default(map_name: str) -> None:
    value: Any = "text/html" if map_name == "headers" else ["text/html"]
    assert read({map_name: {"content-TYPE": value}}).headers == (("content-TYPE", "text/html"),)


@pytest.mark.parametrize("body", [{}, {"a": 1}, [], 7, 1.5, True])
def test_a_body_that_is_no_text_is_a_502(body: Any) -> None:
    assert refused({"body": body}).status == 502  # [F]


def test_a_body_is_its_text_as_utf_8() -> None:
    assert read({"body": "é\n"}).body == "é\n".encode()
    assert read(b'{"body": "a\\ud800b"}').body == b"a?b"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_gets_none(status: int) -> None:
    assert read({"statusCode": status, "body": "x"}).body == b""


PNG = base64.b64encode(b"\x89PNG").decode()


@pytest.mark.parametrize(
    ("accept", "is_base64", "body"),
    [
        ("image/png", True, b"\x89PNG"),
        ("image/png, */*", True, b"\x89PNG"),
        ("image/png", False, PNG.encode()),
        ("text/html, image/png", True, PNG.encode()),
        ("image/*", True, PNG.encode()),  # [R] section 12
        ("*/*", True, PNG.encode()),  # [R] section 12
        (None, True, PNG.encode()),  # [R] the base64 text itself
    ],
)
def test_base64_is_decoded_for_a_client_that_asks_for_binary_first(
    accept: str | None, is_base64: bool, body: bytes
) -> None:
    answer = {"isBase64Encoded": is_base64, "body": PNG, "headers": {"Content-Type": "text/plain"}}
    response = read(answer, accept=accept, binary=("image/png",))
    assert (response.status, response.body) == (
        200,
        body,
    )  # [R] the response's own Content-Type is irrelevant


@pytest.mark.parametrize("body", ["not base64!", "YQ", "YQ=", "Y Q==", "YQ==\n", "é", "YQ==YQ=="])
def test_bad_base64_is_a_500_for_a_client_that_asks_for_binary(body: str) -> None:
    answer = {"isBase64Encoded": True, "body": body}
    assert refused(answer, accept="image/png", binary=("image/png",)).status == 500  # [R]
    assert read(answer, binary=("image/png",)).body == body.encode()


@pytest.mark.parametrize("value", ["true", 1, [], {}])
def test_a_flag_that_is_no_boolean_is_a_502(value: Any) -> None:
    assert refused({"isBase64Encoded": value, "body": ""}).status == 502


@pytest.mark.parametrize(
    "value", ["a\r\nSet-Cookie: b=1", "a\nb", "a\rb", "a\0b", "\n", "a\x0bb", "a\x1bb", "a\x7f", "a\n folded"]
)
def test_a_value_cannot_end_its_header(value: str) -> None:
    assert refused({"headers": {"h": value}}).status == 502
    assert refused({"multiValueHeaders": {"h": ["good", value]}}).status == 502


@pytest.mark.parametrize("name", ["", "a b", "a:", ":status", "a\r\nb", "é", "a\0", "(a)", "a\t"])
def test_a_name_is_a_token(name: str) -> None:
    assert refused({"headers": {name: "v"}}).status == 502
    assert refused({"multiValueHeaders": {name: ["v"]}}).status == 502


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "content-length",
        "Date",
        "SERVER",
        "Trailer",
        "Upgrade",
        "WWW-Authenticate",
        "Authorization",
    ],
)
def test_a_header_that_is_not_the_functions_to_say_arrives_under_the_name_that_clients_see(name: str) -> None:
    response = read({"headers": {name: "5"}, "body": "x"})  # [R] section 9
    assert response.headers == ((f"x-amzn-Remapped-{name}", "5"), DEFAULT)


def test_transfer_encoding_is_dropped() -> None:
    response = read(
        {"headers": {"Transfer-Encoding": "chunked"}, "multiValueHeaders": {"transfer-encoding": ["a"]}}
    )
    assert response.headers == (DEFAULT,)  # section 9


@pytest.mark.parametrize("name", ["Location", "ETag", "Set-Cookie", "Via", "Cache-Control"])
def test_other_headers_stay_as_they_are(name: str) -> None:
    assert read({"headers": {name: "v"}}).headers == ((name, "v"), DEFAULT)


def test_no_fault_tells_a_value_of_the_answer() -> None:
    for answer in ({"headers": {"h": "s3cret\n"}}, {"body": ["s3cret"]}, {"statusCode": "s3cret"}, b"s3cret"):
        assert "s3cret" not in str(refused(answer))


names = st.one_of(
    st.sampled_from(
        ["Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Trailer", "Set-Cookie"]
    ),
    st.text(max_size=8),
)
values = st.one_of(st.text(max_size=12), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
answers = st.fixed_dictionaries(
    {},
    optional={
        "statusCode": st.one_of(st.integers(min_value=190, max_value=610), st.text(max_size=3)),
        "headers": st.dictionaries(names, values, max_size=3),
        "multiValueHeaders": st.dictionaries(names, st.lists(values, max_size=2), max_size=3),
        "body": st.text(max_size=20),
        "isBase64Encoded": st.booleans(),
    },
)


@given(answer=answers)
def test_whatever_is_not_refused_can_be_written_by_a_strict_http_server(answer: Any) -> None:
    try:
        response = read(answer)
    except MalformedProxyResponse:
        return
    headers = [(name.encode("ascii"), value.encode()) for name, value in response.headers]
    headers.append((b"Content-Length", str(len(response.body)).encode()))
    server, client = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
    asked = client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    server.receive_data(asked or b"")
    server.next_event()
    head = server.send(h11.Response(status_code=response.status, headers=headers, reason=b""))
    client.receive_data(head or b"")
    seen = client.next_event()
    assert isinstance(seen, h11.Response)
    assert seen.status_code == response.status
    assert [(name.lower(), value) for name, value in headers] == list(seen.headers)
