"""Headers to the backend and to the client, and the gateway's own answers: api-gateway.md sections 4, 5.1, 9 and 19.

The columns for http_proxy and mock, row by row.
"""

from __future__ import annotations

import re

import pytest

from harness.recording_backend import OK

from .conftest import Served

DROPPED = {
    b"Content-MD5": b"digest",
    b"Expect": b"nothing",
    b"Max-Forwards": b"5",
    b"Proxy-Authenticate": b"Basic",
    b"Server": b"client",
    b"TE": b"trailers",
    b"Trailer": b"X-T",
    b"Upgrade": b"h2c",
    b"WWW-Authenticate": b"Basic",
    b"Via": b"1.1 client",
    b"Content-Encoding": b"gzip",
    b"Keep-Alive": b"timeout=5",
    b"Proxy-Connection": b"keep-alive",
}
KEPT = {
    b"Accept-Encoding": b"br",
    b"Accept-Language": b"de",
    b"Authorization": b"Bearer token",
    b"Cookie": b"a=1; b=2",
    b"Content-Type": b"text/csv",
    b"Date": b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"Range": b"bytes=0-1",
    b"Referer": b"http://x.test/",
    b"Age": b"1",
    b"Pragma": b"no-cache",
    b"X-Api-Key": b"k",
    b"X-Request-Id": b"mine",
    b"Origin": b"http://x.test",
    b"If-None-Match": b'"e"',
}
REMAPPED = (
    b"Authorization",
    b"Content-MD5",
    b"Date",
    b"Expect",
    b"Host",
    b"Max-Forwards",
    b"Proxy-Authenticate",
    b"Server",
    b"User-Agent",
    b"WWW-Authenticate",
    b"x-amzn-requestid",
)
UNTOUCHED = {
    b"Accept-Ranges": b"bytes",
    b"Age": b"3",
    b"Cache-Control": b"no-store",
    b"Content-Type": b"text/csv",
    b"ETag": b'"e"',
    b"Location": b"http://elsewhere.test/x",
    b"Pragma": b"no-cache",
    b"Referer": b"r",
    b"Via": b"1.1 backend",
    b"Access-Control-Allow-Origin": b"*",
    b"X-Custom": b"kept",
    b"Content-Encoding": b"identity",
}
INTERNAL = b'{"message": "Internal server error"}'


def lines(headers: dict[bytes, bytes]) -> list[bytes]:
    """Header lines."""
    return [name + b": " + value for name, value in headers.items()]


def answering(served: Served, *header_lines: bytes, status: bytes = b"200 OK", body: bytes = b"ok") -> None:
    """Let the backend answer /any with these headers."""
    head = [b"HTTP/1.1 " + status, *header_lines, b"Content-Length: %d" % len(body)]
    served.backend.answers[b"/any"] = b"\r\n".join(head) + b"\r\n\r\n" + body


@pytest.mark.envoy
def test_headers_that_never_reach_a_backend(served: Served) -> None:
    received = served.reaches(
        b"GET", b"/prod/any", *lines(DROPPED), b"Connection: close, x-nominated", b"X-Nominated: 1"
    )
    assert not received.names & {name.lower() for name in DROPPED}
    assert b"connection" not in received.names or received.all(b"connection") == [b"close"]


@pytest.mark.envoy
def test_all_other_headers_reach_it_as_they_are(served: Served) -> None:
    received = served.reaches(b"GET", b"/prod/any", *lines(KEPT))
    for name, value in KEPT.items():
        assert received.all(name.lower()) == [value], name


@pytest.mark.envoy
def test_a_body_reaches_it_whole(served: Served) -> None:
    body = bytes(range(256)) * 1000
    received = served.reaches(b"POST", b"/prod/any", b"Content-Type: application/octet-stream", body=body)
    assert received.body == body


@pytest.mark.envoy
def test_what_the_gateway_adds(served: Served) -> None:
    received = served.reaches(b"GET", b"/prod/any")
    backend = f"127.0.0.1:{served.backend.port}".encode()
    assert received.all(b"host") == [backend]
    assert received.all(b"user-agent") == [b"AmazonAPIGateway_a1b2c3d4e5"]
    assert received.all(b"accept") == [b"application/json"]
    assert received.all(b"x-amzn-apigateway-api-id") == [b"a1b2c3d4e5"]
    assert received.all(b"x-forwarded-for") == [b"127.0.0.1"]
    assert received.all(b"x-forwarded-proto") == [b"http"]
    assert received.all(b"x-forwarded-port") == [str(served.port).encode()]
    [trace] = received.all(b"x-amzn-trace-id")
    assert re.fullmatch(rb"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", trace)
    assert b"content-type" not in received.names


@pytest.mark.envoy
def test_nothing_of_our_own_reaches_a_backend(served: Served) -> None:
    received = served.reaches(b"GET", b"/prod/any")
    ours = [name for name in received.names if name.startswith((b"x-gl", b"x-envoy"))]
    assert ours == []
    assert received.names <= {
        b"host",
        b"user-agent",
        b"accept",
        b"x-amzn-apigateway-api-id",
        b"x-amzn-trace-id",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-forwarded-port",
    }


@pytest.mark.envoy
def test_a_clients_own_agent_and_accept_are_kept(served: Served) -> None:
    received = served.reaches(b"GET", b"/prod/any", b"User-Agent: curl/8", b"Accept: text/html, */*")
    assert received.all(b"user-agent") == [b"curl/8"]
    assert received.all(b"accept") == [b"text/html, */*"]


@pytest.mark.envoy
def test_mapped_headers_are_sent_or_dropped_even_if_mapped(served: Served) -> None:
    received = served.reaches(b"GET", b"/prod/mapped", b"User-Agent: curl/8", b"Accept: */*", b"Date: mine")
    assert not received.names & {b"via", b"te", b"expect", b"proxy-authenticate"}
    sent = {
        b"content-encoding": b"gzip",
        b"max-forwards": b"7",
        b"content-md5": b"digest",
        b"www-authenticate": b"Basic",
        b"server": b"mine",
        b"user-agent": b"mapped/1",
        b"accept": b"text/html",
        b"date": b"today",
    }
    for name, value in sent.items():
        assert received.all(name) == [value], name


@pytest.mark.envoy
def test_dropped_headers_are_no_source_of_a_mapping_and_the_host_is_one(served: Served) -> None:
    received = served.reaches(
        b"GET", b"/prod/mapped", *lines(DROPPED), b"Connection: te", host=b"orders.localhost:80", body=b""
    )
    assert not received.names & {b"x-connection", b"x-length", b"x-te", b"x-expect", b"x-max"}
    assert received.all(b"x-host") == [b"orders.localhost:80"]


@pytest.mark.envoy
def test_a_mapped_host_is_the_host_that_the_backend_sees(served: Served) -> None:
    assert served.reaches(b"GET", b"/prod/host").all(b"host") == [b"tenant.example.com"]


@pytest.mark.envoy
def test_a_backends_own_headers_are_remapped(served: Served) -> None:
    answering(served, *(name + b": of-the-backend" for name in REMAPPED))
    answer = served.send(b"GET", b"/prod/any")
    for name in REMAPPED:
        assert answer.all(b"x-amzn-remapped-" + name.lower()) == [b"of-the-backend"], name
        assert b"of-the-backend" not in answer.all(name.lower()), name
    assert answer.all(b"x-amzn-remapped-content-length") == [b"2"]


@pytest.mark.envoy
def test_a_backends_connection_is_remapped_and_not_obeyed(served: Served) -> None:
    answering(served, b"Connection: close", b"X-Custom: kept")
    answer = served.send(b"GET", b"/prod/any")
    assert answer.all(b"x-amzn-remapped-connection") == [b"close"]
    assert answer.all(b"x-custom") == [b"kept"]


@pytest.mark.envoy
def test_a_backends_other_headers_are_not_touched(served: Served) -> None:
    answering(served, *lines(UNTOUCHED), b"Set-Cookie: a=1", b"Set-Cookie: b=2")
    answer = served.send(b"GET", b"/prod/any")
    for name, value in UNTOUCHED.items():
        assert answer.all(name.lower()) == [value], name
    assert answer.all(b"set-cookie") == [b"a=1", b"b=2"]
    assert answer.body == b"ok"


@pytest.mark.envoy
@pytest.mark.parametrize(
    "status", [b"201 Created", b"302 Found", b"401 Unauthorized", b"404 None", b"500 Error", b"503 Later"]
)
def test_a_backends_status_passes_and_redirects_are_not_followed(served: Served, status: bytes) -> None:
    answering(served, b"Location: /prod/none", status=status, body=b"its own")
    answer = served.send(b"GET", b"/prod/any")
    assert (answer.status, answer.body) == (int(status[:3]), b"its own")
    assert b"x-amzn-errortype" not in dict(answer.headers)
    assert answer.one(b"x-amzn-requestid")


@pytest.mark.envoy
def test_a_client_gets_ids_and_no_trace_of_envoy(served: Served) -> None:
    answer = served.send(b"GET", b"/prod/any")
    rid = answer.one(b"x-amzn-requestid")
    assert re.fullmatch(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", rid)
    assert answer.one(b"x-amz-apigw-id") == rid[:15] + b"="
    assert not [
        name for name, _ in answer.headers if name.startswith((b"x-envoy", b"x-gl")) or name == b"server"
    ]
    assert b"x-amzn-trace-id" not in dict(answer.headers)  # not for http_proxy, mock and errors
    assert answer.one(b"date")


@pytest.mark.envoy
def test_each_request_has_an_id_of_its_own_and_no_client_chooses_it(served: Served) -> None:
    forged = (b"x-gl-rid: forged", b"x-amzn-requestid: forged", b"x-request-id: forged")
    ids = {served.send(b"GET", b"/prod/any", *forged).one(b"x-amzn-requestid") for _ in range(3)}
    assert len(ids) == 3
    assert b"forged" not in ids


@pytest.mark.envoy
def test_an_answer_without_a_content_type_is_json(served: Served) -> None:
    answering(served)
    assert served.send(b"GET", b"/prod/any").one(b"content-type") == b"application/json"


@pytest.mark.envoy
def test_a_head_gets_the_backends_headers_and_no_body(served: Served) -> None:
    served.backend.answers[b"/any"] = OK
    answer = served.send(b"HEAD", b"/prod/any")
    assert (answer.status, answer.body) == (200, b"")
    [received] = served.backend.received()
    assert received.verb == b"HEAD"


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        (b"/prod/silent", 504, b'{"message": "Endpoint request timed out"}'),
        (b"/prod/closed", 504, b'{"message": "Network error communicating with endpoint"}'),
        (b"/prod/no-tls", 504, b'{"message": "Network error communicating with endpoint"}'),
        (b"/prod/no-host", 500, INTERNAL),
        (b"/prod/illegal", 500, INTERNAL),
    ],
)
def test_what_goes_wrong_with_an_endpoint(served: Served, path: bytes, status: int, body: bytes) -> None:
    answer = served.send(b"GET", path)
    assert (answer.status, answer.body) == (status, body)
    assert answer.one(b"x-amzn-errortype") == b"InternalServerErrorException"
    assert answer.one(b"content-type") == b"application/json"
    assert re.fullmatch(rb"[0-9a-f-]{36}", answer.one(b"x-amzn-requestid"))
    assert re.fullmatch(rb"[0-9a-f-]{15}=", answer.one(b"x-amz-apigw-id"))
    assert not [name for name, _ in answer.headers if name.startswith(b"x-envoy") or name == b"server"]


@pytest.mark.envoy
def test_a_backend_that_hangs_up_is_a_network_error(served: Served) -> None:
    served.backend.answers[b"/any"] = b""
    answer = served.send(b"POST", b"/prod/any", body=b"x")
    assert (answer.status, answer.body) == (504, b'{"message": "Network error communicating with endpoint"}')


@pytest.mark.envoy
def test_a_url_over_the_limit_is_refused(served: Served) -> None:
    answer = served.send(b"GET", b"/prod/any?" + b"x" * 10240)
    assert (answer.status, answer.body) == (414, b'{"message":"Request URI too long"}')
    assert served.backend.received() == []


@pytest.mark.envoy
def test_a_preflight_mock_answers_with_its_static_headers(served: Served) -> None:
    answer = served.send(
        b"OPTIONS", b"/prod/preflight", b"Origin: http://x.test", b"Access-Control-Request-Method: GET"
    )
    assert answer.status == 204
    assert answer.one(b"access-control-allow-origin") == b"*"
    assert answer.one(b"access-control-allow-methods") == b"GET,OPTIONS"
    assert served.backend.received() == []


@pytest.mark.envoy
def test_a_mock_answers_with_its_body_status_and_headers(served: Served) -> None:
    answer = served.send(b"POST", b"/prod/mock", b"Content-Type: application/json", body=b"{}")
    assert (answer.status, answer.body) == (201, b'{"created": "100%"}')
    assert answer.one(b"content-type") == b"application/json"
    assert answer.one(b"x-percent") == b"100% %REQ(x)%"
    assert answer.one(b"x-amzn-remapped-server") == b"mine"
    assert answer.one(b"x-amzn-requestid")
    assert b"x-amzn-trace-id" not in dict(answer.headers)
    assert b"x-amzn-errortype" not in dict(answer.headers)


@pytest.mark.envoy
def test_a_mock_may_say_that_something_is_too_large_in_its_own_words(served: Served) -> None:
    answer = served.send(b"GET", b"/prod/mock/large")
    assert (answer.status, answer.body) == (413, b'{"mine": true}')
    assert answer.one(b"content-type") == b"application/json"


@pytest.mark.envoy
def test_a_mock_without_a_template_answers_nothing_of_length_zero(served: Served) -> None:
    answer = served.send(b"GET", b"/prod/mock/empty")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.one(b"content-length") == b"0"
    assert answer.one(b"content-type") == b"application/json"


@pytest.mark.envoy
def test_a_mock_refuses_a_media_type_without_a_template(served: Served) -> None:
    answer = served.send(b"POST", b"/prod/mock", b"Content-Type: text/plain", body=b"x")
    assert (answer.status, answer.body) == (415, b'{"message": "Unsupported Media Type"}')
    assert answer.one(b"x-amzn-errortype") == b"BadRequestException"
