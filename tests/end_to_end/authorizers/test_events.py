"""What authorizers are told: exactly the events of docs/reference/events.md."""

from __future__ import annotations

import time
from typing import Any

import pytest

from harness.guarded_gateway import Guarded, allow, bearer, policy, told
from harness.http2_client import Http2Connection

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod/"


def test_a_token_authorizer_gets_three_keys_and_the_token_as_it_was_sent(guarded: Guarded) -> None:
    line = bearer(allow("*"))
    assert guarded.status(b"/prod/token/7/x?q=1", line + b"  ", b"X-Other: 1") == 200
    [call] = guarded.calls()
    assert call.event == {
        "type": "TOKEN",
        "methodArn": ARN + "GET/token/7/x",
        "authorizationToken": line.partition(b": ")[2].decode(),
    }
    assert call.function == "authorizer"
    assert call.arn == "arn:aws:lambda:us-east-1:123456789012:function:authorizer"


def request_context(event: dict[str, Any]) -> dict[str, Any]:
    """What the context must be, with what no test can know taken over."""
    said = event["requestContext"]
    return {
        "resourceId": said["resourceId"],
        "resourcePath": "/by-header/{id}",
        "operationName": "GetById",
        "httpMethod": "GET",
        "extendedRequestId": said["requestId"][:15] + "=",
        "requestTime": time.strftime(
            "%d/%b/%Y:%H:%M:%S +0000", time.gmtime(said["requestTimeEpoch"] // 1000)
        ),
        "path": "/prod/by-header/a%20b",
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "stage": "prod",
        "domainPrefix": "gw",
        "requestTimeEpoch": said["requestTimeEpoch"],
        "requestId": said["requestId"],
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
            "userAgent": "tester/1",
            "user": None,
        },
        "domainName": "gw.example.com",
        "deploymentId": said["deploymentId"],
        "apiId": "a1b2c3d4e5",
    }


def test_a_request_authorizer_gets_the_request_without_its_body(guarded: Guarded) -> None:
    word = told(say=policy(allow("*")))
    before = time.time_ns() // 1_000_000
    answer = guarded.send(
        b"GET",
        b"/prod/by-header/a%20b?q=1&q=2%203&empty=&%6be=y",
        b"Told: " + word,
        b"User-Agent: tester/1",
        b"x-tenant-name: acme",
        b"X-Many: 1",
        b"x-many: 2",
        b"Content-Type: text/plain",
        host=b"gw.example.com:8080",
        body=b"hello",
    )
    assert answer.status == 200
    [call] = guarded.calls()
    event = call.event
    trace = event["headers"]["X-Amzn-Trace-Id"]
    headers = {
        "Content-Type": ["text/plain"],
        "Host": ["gw.example.com:8080"],
        "Told": [word.decode()],
        "User-Agent": ["tester/1"],
        "X-Amzn-Trace-Id": [trace],
        "X-Forwarded-For": ["127.0.0.1"],
        "X-Forwarded-Port": event["multiValueHeaders"]["X-Forwarded-Port"],
        "X-Forwarded-Proto": ["http"],
        "X-Tenant-Name": ["acme"],
        "x-many": ["1", "2"],
    }
    assert event == {
        "type": "REQUEST",
        "methodArn": ARN + "GET/by-header/a%20b",
        "resource": "/by-header/{id}",
        "path": "/by-header/a%20b",
        "httpMethod": "GET",
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {"q": "2 3", "empty": "", "ke": "y"},
        "multiValueQueryStringParameters": {"q": ["1", "2 3"], "empty": [""], "ke": ["y"]},
        "pathParameters": {"id": "a%20b"},
        "stageVariables": {
            "backend": f"127.0.0.1:{guarded.backend.port}",
            "tenant": "acme",
            "function": "authorizer",
        },
        "requestContext": request_context(event),
    }
    assert before <= event["requestContext"]["requestTimeEpoch"] <= time.time_ns() // 1_000_000
    assert answer.one(b"x-amzn-requestid").decode() == event["requestContext"]["requestId"] == call.request_id
    assert trace.startswith("Root=1-")


def test_maps_of_a_request_event_are_empty_where_there_is_nothing(guarded: Guarded) -> None:
    guarded.status(b"/prod/by-nothing")
    [call] = guarded.calls()
    for name in ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters"):
        assert call.event[name] == {}
    assert "body" not in call.event
    assert "authorizer" not in call.event["requestContext"]


def test_the_function_and_the_backend_are_told_the_same_request(guarded: Guarded) -> None:
    received = guarded.reaches(
        b"GET", b"/prod/by-header", b"Told: " + told(say=policy(allow("*"))), b"X-Many: 1", b"X-Many: 2"
    )
    [call] = guarded.calls()
    headers = call.event["headers"]
    assert [received.all(b"x-amzn-trace-id")] == [[headers["X-Amzn-Trace-Id"].encode()]]
    assert b",".join(received.all(b"x-many")).replace(b" ", b"") == b"1,2"
    assert not {name for name in headers if name.lower().startswith(("x-gl-", "x-envoy-"))}
    assert not {name for name in received.names if name.startswith((b"x-gl-", b"x-envoy-"))}


def test_a_request_over_http_2_is_told_in_the_same_form(guarded: Guarded) -> None:
    word = told(say=policy(allow("*")))
    with Http2Connection(guarded.port) as connection:
        outcome = connection.request(
            [
                (b":method", b"GET"),
                (b":scheme", b"http"),
                (b":authority", b"gw.example.com"),
                (b":path", b"/prod/by-header?q=1"),
                (b"told", word),
            ]
        )
    assert outcome.status == 200
    [call] = guarded.calls()
    assert call.event["requestContext"]["protocol"] == "HTTP/2"
    assert call.event["headers"]["Host"] == "gw.example.com"
    assert call.event["headers"]["Told"] == word.decode()
    assert not [name for name in call.event["headers"] if name.startswith(":")]
