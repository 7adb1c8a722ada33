"""Clusters: TLS to the host that the uri names, verified unless the integration says otherwise."""

from __future__ import annotations

from typing import Any

from gateline.compile.cluster import IDLE_TIMEOUT, cluster
from gateline.compile.wire import to_dict


def tls(name: str, *, verified: bool = True) -> dict[str, Any]:
    """The TLS context of a cluster to a host."""
    made: Any = to_dict(cluster("c", tls_host=name, verified=verified))
    config: dict[str, Any] = made["transport_socket"]["typed_config"]
    return config


def test_a_plain_cluster_has_no_tls_and_its_endpoints_come_over_eds() -> None:
    made: Any = to_dict(cluster("c"))
    assert made["type"] == "EDS"
    assert "transport_socket" not in made


def test_a_name_is_asked_for_and_verified() -> None:
    found = tls("orders.internal")
    assert found["sni"] == "orders.internal"
    context = found["common_tls_context"]["combined_validation_context"]
    assert context["default_validation_context"] == {
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "orders.internal"}}]
    }
    assert context["validation_context_sds_secret_config"]["name"] == "trust/system"


def test_an_address_is_verified_as_an_address_and_not_asked_for() -> None:
    for address in ("10.0.3.7", "::1"):
        found = tls(address)
        assert "sni" not in found
        context = found["common_tls_context"]["combined_validation_context"]["default_validation_context"]
        assert context["match_typed_subject_alt_names"][0]["san_type"] == "IP_ADDRESS"


def test_what_is_not_verified_trusts_nobody_by_mistake() -> None:
    found = tls("orders.internal", verified=False)
    assert found["sni"] == "orders.internal"
    assert "combined_validation_context" not in found.get("common_tls_context", {})


def test_a_connection_is_given_up_before_a_common_server_closes_it() -> None:
    assert IDLE_TIMEOUT.total_seconds() < 5
