"""The listener of a balancer of the internet."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from compile.balancers import balancer, listener
from compile.gateways import ORIGIN
from gateline.compile.balancer_listener import Common, application_listener
from gateline.compile.binding import Binding
from gateline.compile.route import CleanedHeaders
from gateline.compile.wire import to_dict
from gateline.model.balancer_attributes import BalancerAttributes
from gateline.model.load_balancer import ListenerProtocol

BINDING = Binding("balancer/public:80", "127.0.0.1", 18_080, ORIGIN)


def made(
    log: str | None = None, attributes: BalancerAttributes | None = None, **fields: Any
) -> dict[str, Any]:
    cleaned = CleanedHeaders(secrets=frozenset({"x-proof"}))
    heard = listener(**fields)
    public = replace(balancer(heard), attributes=attributes or BalancerAttributes())
    return to_dict(application_listener(BINDING, public, heard, Common(cleaned=cleaned, request_log=log)))


def manager(log: str | None = None, **fields: Any) -> Any:
    [chain] = made(log, **fields)["filter_chains"]
    return chain["filters"][1]["typed_config"]


def test_it_opens_the_bound_socket_under_the_listeners_name() -> None:
    whole = made()
    assert whole["name"] == "balancer/public:80"
    assert whole["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 18_080}


def test_the_peer_is_kept_before_any_request_is_read() -> None:
    [chain] = made()["filter_chains"]
    assert [each["name"] for each in chain["filters"]] == [
        "gateline.peer",
        "envoy.filters.network.http_connection_manager",
    ]


def test_its_scope_is_fixed_before_any_filter_and_secrets_are_cleaned() -> None:
    [clean] = manager()["early_header_mutation_extensions"]
    removed, scope, _ = clean["typed_config"]["mutations"]
    assert scope["append"]["header"] == {"key": "x-gl-scope", "value": "balancer/public:80"}
    pattern = removed["remove_on_match"]["key_matcher"]["safe_regex"]["regex"]
    for name in ("x-proof", "x_proof", "x-gl-scope", "x-envoy-retry-on", "x-amzn-oidc-data", "x-amzn-mtls-a"):
        assert re.fullmatch(pattern, name), name
    for name in ("x-forwarded-for", "x-amzn-trace-id", "upgrade", "content-md5", "x-other"):
        assert not re.fullmatch(pattern, name), name


def test_https_shows_all_its_certificates() -> None:
    [chain] = made(protocol=ListenerProtocol.HTTPS, certificates=("a", "b"))["filter_chains"]
    tls = chain["transport_socket"]["typed_config"]["common_tls_context"]
    shown = [each["name"] for each in tls["tls_certificate_sds_secret_configs"]]
    assert shown == ["certificate/a", "certificate/b"]
    assert tls["alpn_protocols"] == ["h2", "http/1.1"]


@pytest.mark.parametrize(
    ("upgrade", "dropped"),
    [("websocket", False), ("WebSocket", False), ("h2c", True), ("websocke", True), ("websockets", True)],
)
def test_only_a_websocket_may_upgrade(upgrade: str, *, dropped: bool) -> None:
    [other] = manager()["http_protocol_options"]["ignore_http_11_upgrade"]
    assert (re.fullmatch(other["safe_regex"]["regex"], upgrade) is not None) is dropped


def test_a_request_log_is_written_only_when_asked_for() -> None:
    assert "access_log" not in manager()
    [log] = manager("requests.log")["access_log"]
    assert log["typed_config"]["path"] == "requests.log"


def test_times_are_the_attributes() -> None:
    assert manager()["stream_idle_timeout"] == "60s"
    assert manager()["common_http_protocol_options"]["max_connection_duration"] == "3600s"
    short = BalancerAttributes(idle_timeout=timedelta(seconds=5), client_keep_alive=timedelta(seconds=70))
    made = manager(attributes=short)
    options = made["common_http_protocol_options"]
    assert (made["stream_idle_timeout"], made["request_headers_timeout"]) == ("5s", "5s")
    assert (options["idle_timeout"], options["max_connection_duration"]) == ("5s", "70s")


def test_http2_can_be_off() -> None:
    off = BalancerAttributes(http2=False)
    assert manager(attributes=off)["codec_type"] == "HTTP1"
    [chain] = made(protocol=ListenerProtocol.HTTPS, certificates=("a",), attributes=off)["filter_chains"]
    assert chain["transport_socket"]["typed_config"]["common_tls_context"]["alpn_protocols"] == ["http/1.1"]


def test_a_port_that_urls_leave_out_goes_from_the_host_unless_it_is_preserved() -> None:
    assert manager(bind_port=80)["strip_matching_host_port"] is True
    assert "strip_matching_host_port" not in manager()  # bound elsewhere
    assert "strip_matching_host_port" not in manager(port=8080, bind_port=8080)
    preserving = BalancerAttributes(preserve_host_header=True)
    assert "strip_matching_host_port" not in manager(bind_port=80, attributes=preserving)
