"""TLS towards servers: whom the gateway believes, and who it says that it is."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.compile.upstream_tls import UpstreamTls, host_tls, named, tls_socket
from gateline.compile.wire import new, to_dict


def context(tls: UpstreamTls) -> dict[str, Any]:
    made: Any = to_dict(new("envoy.config.cluster.v3.Cluster", transport_socket=tls_socket(tls)))
    config: dict[str, Any] = made["transport_socket"]["typed_config"]
    return config


def test_a_host_is_believed_when_the_system_vouches_for_it_and_shown_nothing() -> None:
    tls = host_tls("orders.internal", verified=True)
    assert tls == UpstreamTls(server_name="orders.internal", trust="trust/system", identity="orders.internal")
    assert not tls.is_private
    assert "tls_certificate_sds_secret_configs" not in context(tls)["common_tls_context"]


def test_a_certificate_that_is_shown_comes_over_sds_and_by_name_only() -> None:
    tls = host_tls("orders.internal", verified=False, certificate="mine")
    made = context(tls)
    [shown] = made["common_tls_context"]["tls_certificate_sds_secret_configs"]
    assert shown["name"] == "client/mine"
    assert "combined_validation_context" not in made["common_tls_context"]
    assert tls.is_private


@pytest.mark.parametrize(
    ("identity", "kind", "asked_for"),
    [
        ("spiffe://shop/service/orders", "URI", ""),
        ("orders.internal", "DNS", "orders.internal"),
        ("10.0.3.7", "IP_ADDRESS", ""),
        ("::1", "IP_ADDRESS", ""),
    ],
)
def test_who_a_server_must_be_is_matched_exactly_and_as_what_it_is(
    identity: str, kind: str, asked_for: str
) -> None:
    made = context(UpstreamTls(trust="trust/gateline", identity=identity))
    wanted = made["common_tls_context"]["combined_validation_context"]
    assert wanted["default_validation_context"] == {
        "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": identity}}]
    }
    assert wanted["validation_context_sds_secret_config"]["name"] == "trust/gateline"
    assert named(identity) == asked_for


def test_no_session_is_resumed_where_certificates_say_who_may_speak_with_whom() -> None:
    assert context(UpstreamTls(certificate="mine"))["max_session_keys"] == 0
    assert context(UpstreamTls(trust="trust/targets/a", identity="a"))["max_session_keys"] == 0
    assert "max_session_keys" not in context(host_tls("a", verified=True))
