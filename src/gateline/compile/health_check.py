"""Health checks of target groups in Envoy's terms: Amazon's parameters (load-balancers.md section 8.2)."""

from __future__ import annotations

from typing import Final

from gateline.compile.route import header
from gateline.model.target_group import HealthCheck, ProtocolVersion, TargetGroup, TargetProtocol

_AGENT: Final = {"user-agent": "ELB-HealthChecker/2.0"}
_OLD_HEADERS: Final = {**_AGENT, "connection": "close"}
_GRPC_HEADERS: Final = {**_AGENT, "content-type": "application/grpc", "te": "trailers"}
_OK: Final = ((0, 0),)
_EMPTY_MESSAGE: Final = b"\0\0\0\0\0"
_MESSAGE_BEGINS: Final = b"\0\0"
"""Of any message under 16 MiB, not compressed: a unary call has one when its code is OK, and none else."""


def health_check(group: TargetGroup) -> dict[str, object]:
    """The group's check. The port and the Host header are each endpoint's own (`compile/endpoint.py`)."""
    check = group.health_check
    fields = times(check) | {"reuse_connection": {"value": False}}
    if check.protocol is TargetProtocol.TCP:
        return fields | {"tcp_health_check": {}}  # no payload: that it connects is enough
    if group.protocol_version is ProtocolVersion.HTTP1:
        return fields | {"http_health_check": asked_over_http(group, _OLD_HEADERS, check.matcher)}
    if check.protocol is TargetProtocol.HTTPS:
        fields["tls_options"] = {"alpn_protocols": ["h2"]}
    grpc = group.protocol_version is ProtocolVersion.GRPC
    asked = _grpc(group) if grpc else asked_over_http(group, _AGENT, check.matcher)
    return fields | {"http_health_check": {**asked, "codec_client_type": "HTTP2"}}


def times(check: HealthCheck) -> dict[str, object]:
    """How often targets are asked, and how many answers count."""
    return {
        "timeout": check.timeout,
        "interval": check.interval,
        "no_traffic_interval": check.interval,  # Envoy's default is a minute while nobody has asked
        "healthy_threshold": {"value": check.healthy_threshold},
        "unhealthy_threshold": {"value": check.unhealthy_threshold},
    }


def _grpc(group: TargetGroup) -> dict[str, object]:
    """A unary call, as Amazon makes it; Envoy's own check of gRPC asks another service.

    Envoy sees no trailers here, and so no code of gRPC. Whoever speaks gRPC answers 200, also about methods that
    it does not have (code 12, Amazon's default); OK brings a message, every other code none.
    """
    asked = asked_over_http(group, _GRPC_HEADERS, ((200, 200),))
    asked |= {"method": "POST", "send": {"binary": _EMPTY_MESSAGE}}
    if group.health_check.matcher == _OK:
        asked["receive"] = [{"binary": _MESSAGE_BEGINS}]
    return asked


def asked_over_http(
    group: TargetGroup, headers: dict[str, str], codes: tuple[tuple[int, int], ...]
) -> dict[str, object]:
    """The question, with these headers, that is answered well with one of these ranges of codes."""
    return {
        "path": group.health_check.path,
        "expected_statuses": [{"start": low, "end": high + 1} for low, high in codes],
        # Else one wrong code makes a target unhealthy at once, whatever the threshold.
        "retriable_statuses": [{"start": 100, "end": 600}],
        "request_headers_to_add": [header(key, value) for key, value in headers.items()],
    }
