"""What a balancer of the internet does to headers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from compile.balancers import balancer, listener
from gateline.compile.balancer_headers import answer_mutations, balancer_headers, owned_names
from gateline.compile.header_cleaning import balancer_pattern
from gateline.compile.route import CleanedHeaders
from gateline.compile.wire import new, to_dict
from gateline.model.balancer_attributes import BalancerAttributes, ForwardedForMode, ListenerAttributes
from gateline.model.load_balancer import Listener, ListenerProtocol

CLEANED = CleanedHeaders(secrets=frozenset({"x-proof"}))


def made(attributes: BalancerAttributes | None = None, **fields: Any) -> dict[str, Any]:
    heard = listener(**fields)
    public = replace(balancer(heard), attributes=attributes or BalancerAttributes())
    return to_dict(
        new("envoy.config.route.v3.RouteConfiguration", **balancer_headers(public, heard, CLEANED))
    )


def added(where: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        each["header"]["key"]: (each["header"]["value"], each.get("append_action", "APPEND"))
        for each in where["request_headers_to_add"]
    }


def test_the_peer_is_appended_by_default() -> None:
    value, _ = added(made())["x-forwarded-for"]
    assert value == "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"


@pytest.mark.parametrize("mode", [ForwardedForMode.PRESERVE, ForwardedForMode.REMOVE])
def test_other_modes_append_nothing_whatever_is_said_of_ports(mode: ForwardedForMode) -> None:
    whole = made(BalancerAttributes(xff_header_processing=mode, xff_client_port=True))
    assert "x-forwarded-for" not in added(whole)
    assert ("x-forwarded-for" in whole["request_headers_to_remove"]) is (mode is ForwardedForMode.REMOVE)


def test_tls_is_told_of_by_https_listeners_only() -> None:
    told = BalancerAttributes(tls_version_and_cipher_suite=True)
    names = {"x-amzn-tls-version", "x-amzn-tls-cipher-suite"}
    assert names <= set(added(made(told, protocol=ListenerProtocol.HTTPS)))
    assert not names & set(added(made(told)))
    assert not names & set(added(made(protocol=ListenerProtocol.HTTPS)))


def test_names_of_tls_headers_are_nobody_elses() -> None:
    heard = listener(attributes=ListenerAttributes(tls_cipher_suite_header="x-cipher"))
    public = replace(balancer(heard), attributes=BalancerAttributes(tls_version_and_cipher_suite=True))
    assert owned_names(public, heard) == ("x-amzn-tls-version", "x-cipher")
    assert owned_names(balancer(heard), heard) == ()
    pattern = balancer_pattern(CLEANED, owned=("x-cipher",))
    assert re.fullmatch(pattern, "x_cipher")
    assert not re.fullmatch(pattern, "x-ciphers")


def mutated(heard: Listener) -> list[Any]:
    """What becomes of the headers of its answers."""
    filter_ = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
    whole: Any = to_dict(new(filter_, **answer_mutations(heard)))
    found: list[Any] = whole["mutations"]["response_mutations"]
    return found


def test_inserted_headers_wait_for_the_targets_own() -> None:
    inserted = ListenerAttributes(response_headers=(("content-security-policy", "img 100%"),))
    [mutation] = mutated(listener(attributes=inserted))
    option = mutation["append"]
    assert option["header"] == {"key": "content-security-policy", "value": "img 100%%"}
    assert option["append_action"] == "ADD_IF_ABSENT"


def test_the_server_header_goes_where_it_is_off() -> None:
    assert mutated(listener(attributes=ListenerAttributes(server_header=False))) == [{"remove": "server"}]
    assert answer_mutations(listener()) == {}
