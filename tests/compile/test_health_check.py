"""How targets are asked, by what they speak; the numbers are in test_target_group.py."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from compile.gateways import ORIGIN
from gateline.compile.health_check import health_check
from gateline.compile.wire import new, to_dict
from gateline.model.target_group import HealthCheck, ProtocolVersion, TargetGroup, TargetProtocol


def made(version: ProtocolVersion, **check: Any) -> Any:
    group = TargetGroup(name="g", health_check=HealthCheck(**check), protocol_version=version, origin=ORIGIN)
    return to_dict(new("envoy.config.core.v3.HealthCheck", **health_check(group)))


def headers(check: Any) -> dict[str, str]:
    added = check["http_health_check"]["request_headers_to_add"]
    return {each["header"]["key"]: each["header"]["value"] for each in added}


def test_http1_is_asked_on_a_connection_that_is_closed() -> None:
    found = made(ProtocolVersion.HTTP1)
    assert headers(found) == {"user-agent": "ELB-HealthChecker/2.0", "connection": "close"}
    assert "codec_client_type" not in found["http_health_check"]


def test_http2_is_asked_over_http2_without_a_header_of_connections() -> None:
    found = made(ProtocolVersion.HTTP2, protocol=TargetProtocol.HTTPS, matcher=((204, 204),))
    asked = found["http_health_check"]
    assert asked["codec_client_type"] == "HTTP2"
    assert asked["expected_statuses"] == [{"start": "204", "end": "205"}]
    assert headers(found) == {"user-agent": "ELB-HealthChecker/2.0"}
    assert found["tls_options"] == {"alpn_protocols": ["h2"]}


@pytest.mark.parametrize(("code", "receives"), [(12, False), (0, True)])
def test_grpc_is_called_with_an_empty_message_and_ok_is_known_by_one(code: int, receives: bool) -> None:
    found = made(ProtocolVersion.GRPC, path="/AWS.ALB/healthcheck", matcher=((code, code),))
    asked = found["http_health_check"]
    assert asked["method"] == "POST"
    assert asked["path"] == "/AWS.ALB/healthcheck"
    assert base64.b64decode(asked["send"]["binary"]) == bytes(5)
    assert asked["expected_statuses"] == [{"start": "200", "end": "201"}]
    assert headers(found)["content-type"] == "application/grpc"
    assert headers(found)["te"] == "trailers"
    assert ("receive" in asked) is receives
