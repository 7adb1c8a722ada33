"""What a client gets: api-gateway.md section 9."""

from __future__ import annotations

import pytest

from gateline.integrations.client_response import client_response
from gateline.integrations.outgoing import Refusal
from gateline.integrations.parameters import HeaderMap
from gateline.integrations.proxy_response import ProxyResponse


def responded(
    headers: HeaderMap | None = None, *, status: int = 200, body: bytes = b"body", trace: str = ""
) -> ProxyResponse:
    return client_response(
        status=status, headers=headers or {}, content_type="application/json", body=body, trace_id=trace
    )


def test_a_response_always_says_its_content_type() -> None:
    assert responded() == ProxyResponse(
        status=200, headers=(("Content-Type", "application/json"),), body=b"body"
    )


def test_a_mapped_content_type_replaces_it() -> None:
    answer = responded({"content-type": ("content-type", "text/html")})
    assert answer.headers == (("content-type", "text/html"),)


def test_the_trace_is_the_gateways_own() -> None:
    answer = responded({"x-amzn-trace-id": ("x-amzn-trace-id", "forged")}, trace="Root=1")
    assert answer.headers[-1] == ("X-Amzn-Trace-Id", "Root=1")
    assert "forged" not in dict(answer.headers).values()


def test_mapped_headers_are_remapped_too() -> None:
    assert ("x-amzn-Remapped-Date", "x") in responded({"date": ("Date", "x")}).headers


@pytest.mark.parametrize("status", [204, 205, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    assert responded(status=status).body == b""


@pytest.mark.parametrize("status", [100, 199, 600, 0])
def test_a_status_that_ends_no_response_is_500(status: int) -> None:
    with pytest.raises(Refusal):
        responded(status=status)


@pytest.mark.parametrize(
    ("name", "value"), [("X", "a\r\nSet-Cookie: b"), ("X", "\x00"), ("a b", "x"), ("", "x")]
)
def test_a_header_that_can_not_be_written_is_500(name: str, value: str) -> None:
    with pytest.raises(Refusal) as refused:
        responded({name.lower(): (name, value)})
    assert refused.value.type == "API_CONFIGURATION_ERROR"
