"""Headers to backends: the tables of api-gateway.md sections 7 and 9, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.integrations.outgoing import Refusal
from gateline.integrations.parameters import HeaderMap
from gateline.integrations.request_headers import check_legal, sent_headers
from integrations.hosted import request
from integrations.samples import CALL

COMMON = ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id"]
FOR_AWS = ["Authorization", "Connection", "Expect", "Proxy-Authenticate", "TE"]


def mapped(**headers: str) -> HeaderMap:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return {name.lower(): (name, value) for name, value in names.items()}


def sent(
    headers: HeaderMap,
    *,
    verb: str = "POST",
    content_type: bytes = b"",
    has_body: bool = True,
    dropped: frozenset[str] = frozenset(),
) -> dict[str, str]:
    given = ((b"content-type", content_type),) if content_type else ()
    client = request(headers=given, call=replace(CALL, verb=verb))
    return dict(sent_headers(headers, client, has_body=has_body, dropped=dropped))


@pytest.mark.parametrize("name", COMMON)
@pytest.mark.parametrize("is_aws", [True, False])
def test_some_headers_no_mapping_may_set(name: str, is_aws: bool) -> None:
    with pytest.raises(Refusal) as refused:
        check_legal({name.lower(): (name, "x")}, is_aws=is_aws)
    assert refused.value.type == "API_CONFIGURATION_ERROR"


@pytest.mark.parametrize("name", FOR_AWS)
def test_some_only_none_of_an_aws_integration(name: str) -> None:
    check_legal({name.lower(): (name, "x")}, is_aws=False)
    with pytest.raises(Refusal):
        check_legal({name.lower(): (name, "x")}, is_aws=True)


def test_a_backend_gets_the_gateways_own_headers() -> None:
    assert sent({}) == {
        "User-Agent": "AmazonAPIGateway_1234567890",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-Amzn-Trace-Id": CALL.trace_id,
    }


def test_mapped_headers_replace_them() -> None:
    headers = sent(
        mapped(user_agent="mine", accept="text/html", Content_Type="text/plain"), content_type=b"a/b"
    )
    assert headers["user-agent"] == "mine"
    assert headers["accept"] == "text/html"
    assert headers["Content-Type"] == "text/plain"
    assert len(headers) == 4


@pytest.mark.parametrize(
    ("verb", "content_type"),
    [
        ("POST", "text/csv"),
        ("PUT", "text/csv"),
        ("PATCH", "text/csv"),
        ("DELETE", "text/csv"),
        ("GET", "application/json"),
        ("HEAD", "application/json"),
        ("OPTIONS", "application/json"),
    ],
)
def test_the_clients_content_type_counts_for_verbs_with_bodies(verb: str, content_type: str) -> None:
    assert sent({}, verb=verb, content_type=b"text/csv")["Content-Type"] == content_type


def test_a_body_that_is_not_there_has_only_the_type_that_the_client_named_for_its_own() -> None:
    assert "Content-Type" not in sent({}, has_body=False)
    assert "Content-Type" not in sent({}, verb="GET", content_type=b"text/csv", has_body=False)
    assert sent({}, content_type=b"text/csv", has_body=False)["Content-Type"] == "text/csv"


@pytest.mark.parametrize("name", ["Expect", "Proxy-Authenticate", "TE", "Connection", "Keep-Alive"])
def test_some_are_dropped_even_if_mapped(name: str) -> None:
    assert name not in sent(mapped(**{name: "x"}))


@pytest.mark.parametrize("name", ["X-Gl-Scope", "x-gl-egress", "X-Envoy-Upstream-Rq-Timeout-Ms"])
def test_nobody_speaks_to_envoy_by_a_mapping(name: str) -> None:
    assert name not in sent(mapped(**{name: "x"}))


@pytest.mark.parametrize(
    "name",
    [
        "Max-Forwards",
        "Server",
        "Trailer",
        "Upgrade",
        "Content-MD5",
        "WWW-Authenticate",
        "Date",
        "Range",
        "Referer",
        "Age",
        "Pragma",
        "Authorization",
        "Content-Encoding",
        "Accept-Encoding",
    ],
)
def test_others_are_sent_if_mapped(name: str) -> None:
    assert sent(mapped(**{name: "x"}))[name] == "x"


def test_further_headers_are_dropped_by_kind() -> None:
    assert "Via" not in sent(mapped(Via="x"), dropped=frozenset({"via"}))


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\n", "a\x00", "\x1b", "\x7f"])
def test_a_value_that_would_end_its_header_is_400(value: str) -> None:
    with pytest.raises(Refusal) as refused:
        sent(mapped(X=value))
    assert refused.value.message == "Bad Request"


@pytest.mark.parametrize("name", ["a b", "a:b", "a\r\nb", "", "ü"])
def test_a_name_that_is_none_is_500(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        sent({name: (name, "x")})
    assert refused.value.type == "API_CONFIGURATION_ERROR"


def test_values_are_trimmed_and_can_be_written() -> None:
    assert sent(mapped(X=" a \udc80\t"))["X"] == "a ?"


def test_a_request_without_a_trace_sends_none() -> None:
    client = request(call=replace(CALL, trace_id=""))
    assert "X-Amzn-Trace-Id" not in dict(sent_headers({}, client, has_body=False, dropped=frozenset()))
