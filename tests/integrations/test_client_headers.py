"""Headers of a request as everything behind the gateway sees them: api-gateway.md section 9."""

from __future__ import annotations

import pytest

from gateline.integrations.client_headers import DROPPED_HEADERS, ClientHeaders
from gateline.integrations.header_names import AMAZON_SPELLS
from integrations.samples import CALL, HEADERS


def told(*headers: tuple[bytes, bytes]) -> ClientHeaders:
    return ClientHeaders(headers, CALL, AMAZON_SPELLS)


@pytest.mark.parametrize("name", sorted(DROPPED_HEADERS))
def test_dropped_headers_are_invisible(name: str) -> None:
    headers = told((name.title().encode(), b"x"))
    assert headers.values(name) == []
    assert name.title() not in headers.single


@pytest.mark.parametrize("name", [b"x-gl-scope", b"X-Gl-Call", b"x-envoy-peer", b":path"])
def test_what_envoy_and_gateline_say_to_each_other_is_invisible(name: bytes) -> None:
    assert told((name, b"x")).values(name.decode()) == []


def test_a_name_is_found_in_any_case_and_keeps_the_clients() -> None:
    headers = told((b"X-Tenant", b"a"), (b"x-tenant", b"b"))
    assert headers.values("X-TENANT") == ["a", "b"]
    assert headers.last("x-tenant") == "b"
    assert headers.multi["X-Tenant"] == ["a", "b"]
    assert headers.single["X-Tenant"] == "b"


def test_an_absent_header_has_no_last_value() -> None:
    assert told().last("x-tenant") is None


def test_host_trace_and_forwarding_headers_are_told_in_any_case() -> None:
    headers = told()
    assert headers.last("host") == CALL.authority
    assert headers.last("x-amzn-trace-id") == CALL.trace_id
    assert headers.last("x-forwarded-for") == CALL.source_ip
    assert headers.last("x-forwarded-port") == "443"
    assert headers.last("x-forwarded-proto") == "https"


def test_a_client_cannot_say_another_host() -> None:
    assert told((b"host", b"evil.example")).values("host") == [CALL.authority]


def test_the_script_says_what_the_client_did_not_send() -> None:
    assert told((b"accept", b"x-gl-absent"), (b"user-agent", b"x-gl-absent")).last("accept") is None


def test_names_are_sorted_without_regard_to_case() -> None:
    names = list(ClientHeaders(HEADERS, CALL, AMAZON_SPELLS).single)
    assert names == sorted(names, key=str.lower)
