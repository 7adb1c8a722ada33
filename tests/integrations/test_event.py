"""Events of functions: api-gateway.md sections 9, 10.1, 11 and 12, row by row."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.dataplane import keys
from gateline.integrations.call import Authorized, Call
from gateline.integrations.context import Circumstances, deployment_id
from gateline.integrations.event import proxy_event, request_event, token_event
from gateline.integrations.query import parse_query
from gateline.model.hosting import HostedStage
from integrations.samples import AT, AUTHORIZED, CALL, EPOCH_MS, HEADERS, METHOD, REQUEST_ID, STAGE

ARN = "arn:aws:execute-api:us-east-1:123456789012:1234567890/prod/GET/orders/7"

PROXY_KEYS = [
    "resource",
    "path",
    "httpMethod",
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "pathParameters",
    "stageVariables",
    "requestContext",
    "body",
    "isBase64Encoded",
]
"""Keys and their order, as in captures of real events (localstack's recorded snapshots, AWS's own samples)."""

CONTEXT_KEYS = [
    "resourceId",
    "resourcePath",
    "httpMethod",
    "extendedRequestId",
    "requestTime",
    "path",
    "accountId",
    "protocol",
    "stage",
    "domainPrefix",
    "requestTimeEpoch",
    "requestId",
    "identity",
    "domainName",
    "deploymentId",
    "apiId",
]

IDENTITY_KEYS = [
    "cognitoIdentityPoolId",
    "accountId",
    "cognitoIdentityId",
    "caller",
    "sourceIp",
    "principalOrgId",
    "accessKey",
    "cognitoAuthenticationType",
    "cognitoAuthenticationProvider",
    "userArn",
    "userAgent",
    "user",
]

BARE = replace(METHOD, operation_name="")


def at(call: Call = CALL, stage: HostedStage = STAGE, *, named: bool = False) -> Circumstances:
    return Circumstances(call=call, stage=stage, method=METHOD if named else BARE, epoch_ms=EPOCH_MS)


def proxied(circumstances: Circumstances = AT, headers: Any = HEADERS, body: bytes = b"") -> dict[str, Any]:
    event: dict[str, Any] = json.loads(proxy_event(circumstances, headers, body))
    return event


def requested(circumstances: Circumstances = AT, headers: Any = HEADERS) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(request_event(circumstances, headers, method_arn=ARN))
    return event


def test_a_token_event_has_exactly_three_keys() -> None:
    event = json.loads(token_event(token="Bearer t0ken é", method_arn=ARN))
    assert list(event.items()) == [
        ("type", "TOKEN"),
        ("methodArn", ARN),
        ("authorizationToken", "Bearer t0ken é"),
    ]


def test_a_request_event_has_the_keys_of_section_10_1_and_no_body() -> None:
    assert list(requested()) == ["type", "methodArn", *PROXY_KEYS[:10]]
    assert requested()["methodArn"] == ARN


def test_a_proxy_event_always_has_all_twelve_keys() -> None:
    for circumstances in (AT, at(replace(CALL, query=b"", path_parameters=()), replace(STAGE, variables=()))):
        assert list(proxied(circumstances)) == PROXY_KEYS


EMPTY = (
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "pathParameters",
    "stageVariables",
)


@pytest.mark.parametrize("key", EMPTY)
def test_an_empty_map_is_null_for_a_proxy_and_an_object_for_an_authorizer(key: str) -> None:
    empty = at(replace(CALL, query=b"", path_parameters=()), replace(STAGE, variables=()))
    assert proxied(empty)[key] is None  # [R] section 11
    assert requested(empty)[key] == {}  # [F] section 10.1


def test_the_context_has_the_keys_of_real_events() -> None:
    assert list(proxied(at())["requestContext"]) == CONTEXT_KEYS
    assert list(requested(at())["requestContext"]) == CONTEXT_KEYS
    assert list(proxied(at())["requestContext"]["identity"]) == IDENTITY_KEYS


def test_the_context_says_where_and_when_and_who() -> None:
    context = proxied(at())["requestContext"]
    identity = context.pop("identity")
    assert {key: value for key, value in identity.items() if value is not None} == {
        "sourceIp": "203.0.113.9",
        "userAgent": "curl/8.5.0",
    }
    assert context == {
        "resourceId": "a1b2c3",
        "resourcePath": "/orders/{id}",
        "httpMethod": "GET",
        "extendedRequestId": "c6af9ac6-7b61-1=",
        "requestTime": "09/Apr/2015:12:34:56 +0000",
        "path": "/prod/orders/7",
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "stage": "prod",
        "domainPrefix": "storefront",
        "requestTimeEpoch": EPOCH_MS,
        "requestId": REQUEST_ID,
        "domainName": "storefront.localhost",
        "deploymentId": deployment_id(STAGE),
        "apiId": "1234567890",
    }


def test_an_operation_has_its_name_behind_the_resource() -> None:
    context = proxied(at(named=True))["requestContext"]
    assert list(context)[:4] == ["resourceId", "resourcePath", "operationName", "httpMethod"]
    assert context["operationName"] == "GetOrder"


def test_a_caller_without_a_user_agent_has_null() -> None:
    assert proxied(headers=())["requestContext"]["identity"]["userAgent"] is None


def test_a_deployment_id_is_six_letters_and_stays_the_same() -> None:
    assert deployment_id(STAGE) == deployment_id(replace(STAGE, variables=()))
    assert deployment_id(STAGE) != deployment_id(replace(STAGE, stage="next"))
    assert len(deployment_id(STAGE)) == 6
    assert deployment_id(STAGE).isalnum()


@pytest.mark.parametrize(
    ("authority", "name", "prefix"),
    [
        ("a.example.com", "a.example.com", "a"),
        ("localhost:8080", "localhost", "localhost"),
        ("127.0.0.1:80", "127.0.0.1", "127"),
        ("[::1]:8080", "[::1]", "[::1]"),
        ("[::1]", "[::1]", "[::1]"),
    ],
)
def test_the_domain_is_the_authority_without_its_port(authority: str, name: str, prefix: str) -> None:
    context = proxied(at(replace(CALL, authority=authority)))["requestContext"]
    assert (context["domainName"], context["domainPrefix"]) == (name, prefix)


def test_an_authorizers_answer_stands_in_the_context_of_a_proxy_event() -> None:
    context = proxied(at(replace(CALL, authorized=AUTHORIZED)))["requestContext"]
    assert list(context)[:3] == ["resourceId", "authorizer", "resourcePath"]
    assert list(context["authorizer"].items()) == [
        ("principalId", "user-7"),
        ("integrationLatency", 12),
        ("tenant", "acme"),
        ("admin", "true"),
    ]
    assert "authorizer" not in proxied(at())["requestContext"]


def test_a_context_key_cannot_pass_for_the_principal() -> None:
    forged = Authorized(principal="mallory", integration_latency=0, context=(("principalId", "admin"),))
    context = proxied(at(replace(CALL, authorized=forged)))["requestContext"]
    assert context["authorizer"] == {"principalId": "mallory", "integrationLatency": 0}


def test_a_repeated_query_key_gives_its_last_value_and_all_in_order() -> None:
    event = proxied()
    assert event["queryStringParameters"] == {"color": "blue", "q": "a b+"}  # [R] section 11
    assert event["multiValueQueryStringParameters"] == {"color": ["red", "blue"], "q": ["a b+"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", {}),
        (b"a", {"a": [""]}),
        (b"a=", {"a": [""]}),
        (b"=1", {"": ["1"]}),
        (b"&&a=1&", {"a": ["1"]}),
        (b"a=1;b=2", {"a": ["1"], "b": ["2"]}),
        (b"a=1=2", {"a": ["1=2"]}),
        (b"a%20b=c%2Bd+e", {"a b": ["c+d e"]}),
        (b"n=%C3%A9", {"n": ["é"]}),
        (b"n=%FF", {"n": ["�"]}),
        (b"n=%F", {"n": ["%F"]}),
        (b"n=a+%zz", {"n": ["a+%zz"]}),
        (b"n%zz=1&m=2", {"m": ["2"]}),
        (b"n=%2541", {"n": ["%41"]}),
        (b"n=100%", {"n": ["100%"]}),
    ],
)
def test_a_query_is_read_as_the_script_reads_it(query: bytes, expected: dict[str, list[str]]) -> None:
    assert parse_query(query) == expected


@given(query=st.binary(max_size=60))
def test_any_query_makes_an_event(query: bytes) -> None:
    event = proxied(at(replace(CALL, query=query)))
    assert (event["queryStringParameters"] or {}).keys() == parse_query(query).keys()


@pytest.mark.parametrize(
    ("path", "full_path", "proxy"),
    [
        ("/proxy-value/", "/prod/proxy-value/", "proxy-value"),
        ("/proxy-value//double-slash", "/prod/proxy-value//double-slash", "proxy-value//double-slash"),
        ("/user/test%2Balias@x", "/prod/user/test%2Balias@x", "user/test%2Balias@x"),
        ("/x", "/prod//x", "x"),
    ],
)
def test_paths_and_their_parameters_stay_raw(path: str, full_path: str, proxy: str) -> None:
    call = replace(CALL, path=path, full_path=full_path, path_parameters=(("proxy", proxy),))
    for event in (proxied(at(call)), requested(at(call))):  # [R] section 3
        assert event["path"] == path
        assert event["requestContext"]["path"] == full_path
        assert event["pathParameters"] == {"proxy": proxy}


def test_headers_are_sorted_by_name_and_a_single_value_is_the_last() -> None:
    event = requested()
    assert event["headers"] == {
        "Accept": "*/*",
        "Authorization": "Bearer t0ken",
        "Host": "storefront.localhost:8080",
        "User-Agent": "curl/8.5.0",
        "X-Amzn-Trace-Id": CALL.trace_id,
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Port": "8080",
        "X-Forwarded-Proto": "http",
        "x-request": "2",
        "X-Tenant": "acme",
    }
    assert list(event["headers"]) == sorted(event["headers"], key=str.lower)
    assert event["multiValueHeaders"]["x-request"] == ["1", "2"]
    assert list(event["multiValueHeaders"]) == list(event["headers"])


def test_a_proxy_event_keeps_the_clients_spelling_but_for_amazons_own() -> None:
    sent = (
        (b"tEsT-HEADeR", b"aValUE"),
        (b"aUTHORIZATION", b"x"),
        (b"user-AGENT", b"me"),
        (b"x-tenant", b"acme"),
    )
    names = list(proxied(headers=sent)["headers"])
    assert [name for name in names if not name.startswith("X-")] == [
        "Authorization",  # [R] section 9
        "Host",
        "tEsT-HEADeR",
        "User-Agent",  # [R] section 9
        "x-tenant",
    ]


def test_spellings_of_one_name_are_one_header() -> None:
    event = proxied(headers=((b"X-One", b"1"), (b"x-one", b"2")))
    assert event["multiValueHeaders"]["X-One"] == ["1", "2"]
    assert "x-one" not in event["headers"]


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Content-Length",
        "Content-MD5",
        "Expect",
        "Max-Forwards",
        "Proxy-Authenticate",
        "Server",
        "TE",
        "Transfer-Encoding",
        "Trailer",
        "Upgrade",
        "WWW-Authenticate",
    ],
)
def test_a_header_of_section_9_is_in_no_event(name: str) -> None:
    for spelling in (name.encode(), name.lower().encode()):
        for event in (proxied(headers=((spelling, b"x"),)), requested(headers=((spelling, b"x"),))):  # [R]
            assert name.lower() not in {key.lower() for key in event["headers"] | event["multiValueHeaders"]}


@pytest.mark.parametrize(
    "name",
    ["x-gl-call", "X-GL-Scope", "x-gl-rid", "x-envoy-attempt-count", ":method", "x-amzn-apigateway-api-id"],
)
def test_what_the_gateway_says_to_itself_is_in_no_event(name: str) -> None:
    event = proxied(headers=((name.encode(), b"x"),))
    assert name.lower() not in {key.lower() for key in event["headers"]}


def test_a_header_that_the_client_did_not_send_is_in_no_event() -> None:
    absent = keys.ABSENT.encode()
    event = proxied(headers=((b"accept", absent), (b"user-agent", absent), (b"x-other", absent)))
    assert {name.lower() for name in event["headers"]} & {"accept", "user-agent"} == set()
    assert event["headers"]["x-other"] == keys.ABSENT
    assert event["requestContext"]["identity"]["userAgent"] is None


def test_content_encoding_via_and_authorization_are_kept() -> None:
    kept = ((b"Content-Encoding", b"gzip"), (b"via", b"1.1 x"), (b"Authorization", b"a"))
    assert {"Content-Encoding", "Via", "Authorization"} <= proxied(headers=kept)[
        "headers"
    ].keys()  # section 9


def test_host_and_trace_are_those_of_the_call_whatever_a_header_says() -> None:
    event = proxied(headers=((b"Host", b"host.sock"), (b"x-amzn-trace-id", b"Root=1-forged")))
    assert event["multiValueHeaders"]["Host"] == ["storefront.localhost:8080"]
    assert event["multiValueHeaders"]["X-Amzn-Trace-Id"] == [CALL.trace_id]


def test_forwarded_headers_are_always_there() -> None:
    headers = proxied(headers=())["headers"]  # [R] section 9
    assert headers["X-Forwarded-For"] == "203.0.113.9"
    assert (headers["X-Forwarded-Port"], headers["X-Forwarded-Proto"]) == ("443", "https")


def test_a_value_that_is_not_ascii_arrives() -> None:
    event = proxied(headers=((b"x-name", "é".encode()), (b"x-old", b"\xe9")))
    assert (event["headers"]["x-name"], event["headers"]["x-old"]) == ("é", "é")


BINARY = replace(STAGE, binary_media_types=("image/png",))


@pytest.mark.parametrize(
    ("content_type", "sent", "body", "is_base64"),
    [
        (b"application/json", b'{"a": 1}', '{"a": 1}', False),
        (b"application/json", b"", None, False),
        (b"image/png", b"", None, False),
        (b"image/png", b"\x89PNG", base64.b64encode(b"\x89PNG").decode(), True),
        (b"image/png; x=y", b"text", base64.b64encode(b"text").decode(), True),
        (b"image/jpeg", b"\xff\xd8", "��", False),  # [R] section 12
        (b"", b"text", "text", False),
    ],
)
def test_a_body_is_text_or_base64_by_its_media_type(
    content_type: bytes, sent: bytes, body: str | None, is_base64: bool
) -> None:
    event = proxied(at(stage=BINARY), headers=((b"Content-Type", content_type),), body=sent)
    assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)
