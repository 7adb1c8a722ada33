"""The edge listener; golden cases show it whole."""

from __future__ import annotations

from typing import Any

import pytest

from compile.gateways import ORIGIN, api, gateway, method
from gateline import dataplane
from gateline.compile.listener import edge_listener
from gateline.compile.route import CleanedHeaders
from gateline.compile.wire import to_dict
from gateline.model.gateway import SelfSigned


def listener(request_log: str | None = None, **edge: Any) -> Any:
    """A listener, as Envoy's documentation writes it."""
    return to_dict(edge_listener(gateway(api(method("GET", "/a")), **edge), CleanedHeaders(), request_log))


def manager(shown: Any) -> Any:
    """Its connection manager."""
    return shown["filter_chains"][0]["filters"][0]["typed_config"]


@pytest.mark.parametrize(
    ("address", "socket"),
    [
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("::", "::"),
        ("[::1]", "::1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_it_listens_where_the_project_says(address: str, socket: str) -> None:
    assert listener(address=address, port=81)["address"] == {
        "socket_address": {"address": socket, "port_value": 81}
    }


def test_paths_stay_as_their_bytes_are() -> None:
    found = manager(listener())
    assert found["normalize_path"] is False
    assert found["path_with_escaped_slashes_action"] == "KEEP_UNCHANGED"
    assert not found.get("merge_slashes")


def test_tls_comes_over_sds_with_http2_offered() -> None:
    shown = listener(tls=SelfSigned(origin=ORIGIN))
    context = shown["filter_chains"][0]["transport_socket"]["typed_config"]["common_tls_context"]
    assert context["alpn_protocols"] == ["h2", "http/1.1"]
    assert context["tls_params"]["tls_minimum_protocol_version"] == "TLSv1_2"
    assert [c["name"] for c in context["tls_certificate_sds_secret_configs"]] == ["edge/certificate"]
    assert "transport_socket" not in listener()["filter_chains"][0]


def test_trusted_hops_are_told_to_envoy() -> None:
    assert manager(listener(trusted_hops=2))["xff_num_trusted_hops"] == 2


def test_requests_are_logged_only_when_somebody_reads_the_log() -> None:
    assert "access_log" not in manager(listener())
    [log] = manager(listener("/run/requests"))["access_log"]
    assert log["typed_config"]["path"] == "/run/requests"


def test_the_log_holds_no_header_of_a_client() -> None:
    [log] = manager(listener("/x"))["access_log"]
    text = str(log["typed_config"]["log_format"])
    assert "authorization" not in text.lower()
    assert "cookie" not in text.lower()


def test_no_upgrade_is_configured_for_all_routes() -> None:
    assert "upgrade_configs" not in manager(listener())


def test_the_script_is_the_one_in_the_data_plane() -> None:
    filters = {f["name"]: f["typed_config"] for f in manager(listener())["http_filters"]}
    assert filters["envoy.filters.http.lua"]["default_source_code"]["inline_string"] == dataplane.script()
