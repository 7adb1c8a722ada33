"""From the project file's target groups to the model's, with the defaults of load-balancers.md section 8."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from gateline.model.origin import Origin
from gateline.model.target_group import (
    Algorithm,
    HealthCheck,
    MinimumHealthy,
    ProtocolVersion,
    Stickiness,
    StickinessType,
    Target,
    TargetGroup,
    TargetProtocol,
    TargetType,
)
from gateline.sources.balancer_values import code_ranges
from gateline.sources.client_certificate_assembly import target_tls
from gateline.sources.discovery_assembly import source
from gateline.sources.function_target_assembly import function_group
from gateline.sources.project import GatewayPart
from gateline.sources.project_service import ServicePart
from gateline.sources.project_stickiness import StickinessPart
from gateline.sources.project_target_group import HealthCheckPart, TargetGroupPart
from gateline.sources.project_target_health import TargetGroupHealthPart
from gateline.sources.project_target_type import TargetPart, target_balancer
from gateline.sources.project_tunnel import split_tunnel
from gateline.sources.project_values import split_host_port
from gateline.sources.tree import Node, Pointer
from gateline.sources.workbench import Workbench

_GRPC_PATH: Final = "/AWS.ALB/healthcheck"
_TIMEOUT_BEHIND_NETWORK: Final = {"HTTP": 6, "HTTPS": 10, "TCP": 10}
_OWN_CHECK: Final = HealthCheck(
    protocol=TargetProtocol.TCP,
    interval=timedelta(seconds=5),
    timeout=timedelta(seconds=2),
    healthy_threshold=2,
    unhealthy_threshold=2,
)
_OWN_DELAY: Final = timedelta(seconds=30)


def target_group(bench: Workbench, name: str, part: TargetGroupPart, gateway: GatewayPart) -> TargetGroup:
    """A target group that the project file declares."""
    here: Pointer = ("target_groups", name)
    if part.target_type == "lambda":
        return function_group(bench, name, part)
    check = part.health_check or HealthCheckPart()
    balancer = ("", 0)
    if part.target_type == "alb":
        check = check.model_copy(update={"protocol": check.protocol or "HTTP"})
        balancer = target_balancer(part.addresses[0]) or balancer
    return TargetGroup(
        name=name,
        protocol=TargetProtocol(part.protocol),
        health_check=_health_check(check, part.protocol, part.protocol_version),
        algorithm=_algorithm(part),
        deregistration_delay=timedelta(seconds=part.deregistration_delay_seconds),
        targets=tuple(
            _target(each, bench.origin((*here, "targets", index)))
            for index, each in enumerate(part.targets)
            if part.target_type != "alb"
        ),
        balancer=balancer,
        tls=target_tls(bench, (*here, "tls"), part.tls),
        proxy_protocol_v2=part.proxy_protocol_v2,
        discover=source(bench, (*here, "discover"), part.discover, gateway),
        origin=bench.origin(here),
        protocol_version=ProtocolVersion(part.protocol_version),
        target_type=TargetType(part.target_type),
        stickiness=_stickiness(part.stickiness),
        slow_start=timedelta(seconds=part.slow_start_duration_seconds),
        minimum_healthy=_minimum_healthy(part.target_group_health),
        cross_zone={"true": True, "false": False}.get(part.cross_zone),
        unhealthy_connection_termination=part.unhealthy_connection_termination,
        anomaly_mitigation=part.anomaly_mitigation == "on",
    )


def _minimum_healthy(part: TargetGroupHealthPart | None) -> MinimumHealthy:
    routing = part.unhealthy_state_routing if part is not None else None
    minimum = routing.minimum_healthy_targets if routing is not None else None
    if minimum is None:
        return MinimumHealthy()
    return MinimumHealthy(count=max(1, minimum.count), percentage=minimum.percentage)


def _algorithm(part: TargetGroupPart) -> Algorithm:
    sticky = part.stickiness
    if sticky is not None and sticky.enabled and sticky.type == "source_ip":
        return Algorithm.SOURCE_IP
    return Algorithm(part.load_balancing_algorithm)


def _stickiness(part: StickinessPart | None) -> Stickiness | None:
    if part is None or not part.enabled or part.type == "source_ip":
        return None  # whose algorithm keeps an address at its target
    return Stickiness(
        type=StickinessType(part.type),
        duration=timedelta(seconds=part.duration_seconds),
        cookie_name=str(part.cookie_name),
    )


def _target(part: TargetPart, origin: Origin) -> Target:
    """A static target; the model has checked what stands there."""
    zone = str(part.availability_zone)
    tunnelled = split_tunnel(part.target)
    if tunnelled is not None:
        tunnel, host, port = tunnelled
        return Target(host=host, port=port, tunnel=tunnel, zone=zone, origin=origin)
    pair = split_host_port(part.target)
    assert pair is not None
    return Target(host=pair[0], port=pair[1], zone=zone, origin=origin)


def _health_check(part: HealthCheckPart, group_protocol: str, version: str) -> HealthCheck:
    grpc = version == ProtocolVersion.GRPC
    network = group_protocol not in {"HTTP", "HTTPS"}
    protocol = part.protocol or ("TCP" if network else "HTTP")
    timeout = part.timeout_seconds
    if "timeout_seconds" not in part.model_fields_set:
        usual = _TIMEOUT_BEHIND_NETWORK[protocol] if network else timeout
        timeout = min(usual, part.interval_seconds - 1)
    return HealthCheck(
        protocol=TargetProtocol(protocol),
        path=_GRPC_PATH if grpc and "path" not in part.model_fields_set else str(part.path),
        port=part.port,
        interval=timedelta(seconds=part.interval_seconds),
        timeout=timedelta(seconds=timeout),
        healthy_threshold=part.healthy_threshold_count,
        unhealthy_threshold=part.unhealthy_threshold_count,
        matcher=code_ranges(part.matcher or ("200-399" if network else "12" if grpc else "200")),
    )


def own_target_group(service: str, origin: Origin) -> TargetGroup:
    """The group of a service that names none: asked often, and by a connection only, which every server takes."""
    return TargetGroup(name=service, health_check=_OWN_CHECK, deregistration_delay=_OWN_DELAY, origin=origin)


def has_own_group(name: str, part: ServicePart, declared: Mapping[str, Node]) -> bool:
    """Whether a service's target group is made for it. `declared`: the target groups of the project file."""
    return part.target_group is None and bool(part.placeholders) and name not in declared
