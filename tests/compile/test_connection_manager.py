"""What all listeners that speak HTTP have alike; the golden files hold each of them whole."""

from __future__ import annotations

from typing import Any

from gateline.compile.connection_manager import connection_manager, request_logs, router
from gateline.compile.wire import new, to_dict


def managed(**options: Any) -> dict[str, Any]:
    """The fields of a listener's manager."""
    filters = [connection_manager("edge", http_filters=[router()], **options)]
    listener: Any = to_dict(new("envoy.config.listener.v3.Listener", filter_chains=[{"filters": filters}]))
    found = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert isinstance(found, dict)
    return found


def test_paths_and_names_of_headers_pass_as_they_came() -> None:
    manager = managed()
    assert manager["normalize_path"] is False
    assert manager["path_with_escaped_slashes_action"] == "KEEP_UNCHANGED"
    assert "merge_slashes" not in manager
    formatter = manager["http_protocol_options"]["header_key_format"]["stateful_formatter"]
    assert formatter["name"] == "preserve_case"


def test_http2_is_spoken_where_it_has_a_bound_of_streams() -> None:
    assert managed()["codec_type"] == "HTTP1"
    spoken = managed(http2_streams=7)
    assert "codec_type" not in spoken  # AUTO, which is Envoy's default
    assert spoken["http2_protocol_options"]["max_concurrent_streams"] == 7


def test_upgrades_are_dropped_where_they_are_to_be() -> None:
    assert "ignore_http_11_upgrade" not in managed()["http_protocol_options"]
    dropped = managed(ignored_upgrades=".*")["http_protocol_options"]["ignore_http_11_upgrade"]
    assert dropped == [{"safe_regex": {"regex": ".*"}}]


def test_requests_are_logged_where_there_is_a_place_for_it() -> None:
    assert request_logs(None, {}) == []
    [log] = managed(access_log=request_logs("/run/log", {"status": "%RESPONSE_CODE%"}))["access_log"]
    assert log["typed_config"]["path"] == "/run/log"
    assert log["typed_config"]["log_format"]["json_format"] == {"status": "%RESPONSE_CODE%"}
