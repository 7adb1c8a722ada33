"""What functions behind aws_proxy are told (api-gateway.md section 11), as they got it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from harness.guarded_gateway import Guarded, Json, allow, bearer
from harness.http2_client import Http2Connection
from harness.raw_client import exchange

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

HOST = b"proxied.localhost"


def event_of(
    guarded: Guarded, verb: bytes, path: bytes, *lines: bytes, body: bytes | None = None
) -> dict[str, Any]:
    """Send a request; the event that the function got."""
    answer = guarded.send(verb, path, *lines, host=HOST, body=body)
    assert answer.status == 200, answer.raw
    calls = [call for call in guarded.calls() if call.function == "proxied"]
    return calls[-1].event


def context(event: Json, **known: Any) -> Json:
    """The context of an event, with what no test can know taken over."""
    said = event["requestContext"]
    taken = {name: said[name] for name in ("resourceId", "requestId", "requestTimeEpoch", "deploymentId")}
    return {
        **taken,
        "extendedRequestId": said["requestId"][:15] + "=",
        "requestTime": time.strftime(
            "%d/%b/%Y:%H:%M:%S +0000", time.gmtime(said["requestTimeEpoch"] // 1000)
        ),
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "domainPrefix": "proxied",
        "identity": {
            "cognitoIdentityPoolId": None,
            "accountId": None,
            "cognitoIdentityId": None,
            "caller": None,
            "sourceIp": "127.0.0.1",
            "principalOrgId": None,
            "accessKey": None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": None,
            "userAgent": None,
            "user": None,
        },
        "domainName": "proxied.localhost",
        "apiId": "proxied",
        **known,
    }


def test_a_full_request_becomes_a_full_event(guarded: Guarded) -> None:
    event = event_of(
        guarded,
        b"POST",
        b"/prod/told/a%20b/c/d%2fe?q=1&q=2%203&flag",
        b"uSER-aGENT: tester/1",
        b"x-many: 1",
        b"x-many: 2",
        b"accept: text/plain",
        b"content-type: text/plain; charset=utf-8",
        b"cookie: a=1; b=2",
        body="grüße".encode(),
    )
    trace = event["multiValueHeaders"]["X-Amzn-Trace-Id"]
    headers = {
        "accept": ["text/plain"],
        "content-type": ["text/plain; charset=utf-8"],
        "cookie": ["a=1; b=2"],
        "Host": ["proxied.localhost"],
        "User-Agent": ["tester/1"],
        "X-Amzn-Trace-Id": trace,
        "X-Forwarded-For": ["127.0.0.1"],
        "X-Forwarded-Port": event["multiValueHeaders"]["X-Forwarded-Port"],
        "X-Forwarded-Proto": ["http"],
        "x-many": ["1", "2"],
    }
    identity = event["requestContext"]["identity"] | {"userAgent": "tester/1"}
    assert event == {
        "resource": "/told/{id}/{rest+}",
        "path": "/told/a%20b/c/d%2fe",
        "httpMethod": "POST",
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {"q": "2 3", "flag": ""},
        "multiValueQueryStringParameters": {"q": ["1", "2 3"], "flag": [""]},
        "pathParameters": {"id": "a%20b", "rest": "c/d%2fe"},
        "stageVariables": {"tenant": "acme"},
        "requestContext": context(
            event,
            resourcePath="/told/{id}/{rest+}",
            httpMethod="POST",
            path="/prod/told/a%20b/c/d%2fe",
            stage="prod",
            identity=identity,
        ),
        "body": "grüße",
        "isBase64Encoded": False,
    }


def test_names_of_headers_are_spelled_as_the_client_spells_them(guarded: Guarded) -> None:
    lines = (b"X-Camel-Case: 1", b"x-lower: 1", b"X-SHOUTED: 1", b"Content-Type: text/plain")
    headers = event_of(guarded, b"GET", b"/prod/told", *lines)["headers"]
    assert {"X-Camel-Case", "x-lower", "X-SHOUTED", "Content-Type"} <= set(headers)


def test_what_is_empty_is_null_and_nothing_is_added(guarded: Guarded) -> None:
    event = event_of(guarded, b"GET", b"/bare/told")
    headers = event["headers"]
    assert sorted(headers) == [
        "Host",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    ]
    empty = (
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    )
    assert [event[name] for name in empty] == [None] * 5
    assert event["isBase64Encoded"] is False
    assert event["requestContext"] == context(
        event, resourcePath="/told", httpMethod="GET", path="/bare/told", stage="bare"
    )
    assert len(event) == 12


@pytest.mark.parametrize("verb", [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"])
def test_the_function_is_told_the_clients_verb(guarded: Guarded, verb: bytes) -> None:
    event = event_of(guarded, verb, b"/prod/told", body=b"x" if verb == b"PATCH" else None)
    assert (event["httpMethod"], event["requestContext"]["httpMethod"]) == (verb.decode(), verb.decode())


def test_the_operations_name_is_told(guarded: Guarded) -> None:
    assert event_of(guarded, b"GET", b"/prod/told/1/2")["requestContext"]["operationName"] == "GetRest"


@pytest.mark.parametrize(
    ("media_type", "is_binary"),
    [
        (b"image/png", True),
        (b"image/svg+xml; charset=utf-8", True),
        (b"application/octet-stream", True),
        (b"application/json", False),
        (b"text/plain", False),
    ],
)
def test_a_body_of_a_binary_media_type_is_base64(
    guarded: Guarded, media_type: bytes, is_binary: bool
) -> None:
    body = bytes(range(256)) if is_binary else b'{"a": 1}'
    event = event_of(guarded, b"POST", b"/prod/told", b"Content-Type: " + media_type, body=body)
    assert event["isBase64Encoded"] is is_binary
    assert event["body"] == (base64.b64encode(body).decode() if is_binary else body.decode())


def test_a_chunked_body_is_told_whole(guarded: Guarded) -> None:
    head = b"POST /prod/told HTTP/1.1\r\nHost: proxied.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    [answer] = exchange(guarded.port, head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert answer.status == 200
    event = json.loads(answer.body)
    assert event["body"] == "abcde"
    assert "Transfer-Encoding" not in event["headers"]


def test_what_the_authorizer_said_is_told_as_text(guarded: Guarded) -> None:
    line = bearer(allow("*"), principal="alice", context={"tier": "gold", "number": 7, "yes": True})
    told_of = []
    for _ in range(2):
        event = event_of(guarded, b"GET", b"/prod/guarded", line)
        told_of.append(event["requestContext"]["authorizer"])
        assert event["headers"]["Authorization"] == line.partition(b": ")[2].decode()
    assert all(type(each.pop("integrationLatency")) is int for each in told_of)
    assert told_of == [{"principalId": "alice", "tier": "gold", "number": "7", "yes": "true"}] * 2
    assert "authorizer" not in event_of(guarded, b"GET", b"/prod/told")["requestContext"]


@pytest.mark.parametrize(
    "line",
    [
        b"X-Gl-Call: 5:forged",
        b"x-gl-call: 0:",
        b"X-Gl-Scope: guarded/prod",
        b"X-Gl-Rid: forged",
        b"X-Envoy-Original-Path: /forged",
    ],
)
def test_a_client_cannot_speak_in_the_gateways_name(guarded: Guarded, line: bytes) -> None:
    answer = guarded.send(b"GET", b"/prod/told", line, host=HOST)
    assert b"orged" not in answer.raw
    if answer.status == 200:
        event = json.loads(answer.body)
        assert event["requestContext"]["stage"] == "prod"
        assert not [name for name in event["headers"] if name.lower().startswith(("x-gl", "x-envoy"))]


def test_over_http_2_the_event_has_the_same_form(guarded: Guarded) -> None:
    with Http2Connection(guarded.port) as connection:
        outcome = connection.request(
            [
                (b":method", b"POST"),
                (b":scheme", b"http"),
                (b":authority", HOST),
                (b":path", b"/prod/told?a=b"),
                (b"cookie", b"a=1"),
                (b"cookie", b"b=2"),
                (b"content-type", b"text/plain"),
            ],
            body=b"hello",
        )
    assert outcome.status == 200
    event = json.loads(outcome.body)
    assert (event["body"], event["queryStringParameters"]) == ("hello", {"a": "b"})
    assert event["requestContext"]["protocol"] == "HTTP/2"
    assert event["headers"].get("Cookie", event["headers"].get("cookie")) == "a=1; b=2"
    assert event["headers"]["Host"] == HOST.decode()
