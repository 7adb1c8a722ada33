"""The project file's `target_groups` (load-balancers.md section 8; spelled in Amazon's words)."""

from __future__ import annotations

from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from gateline.sources.balancer_values import (
    MOST_GRPC_CODE,
    OF_DATAGRAMS,
    CheckCodes,
    CheckPath,
    CheckPort,
    ConnectionTermination,
    DrainingInterval,
    LoadBalancingAlgorithm,
    PreserveClientIp,
    TargetGroupProtocol,
    VersionName,
    code_ranges,
)
from gateline.sources.project_client_certificate import TargetTlsPart
from gateline.sources.project_discovery import DiscoverPart
from gateline.sources.project_part import Part, misfit
from gateline.sources.project_stickiness import StickinessPart
from gateline.sources.project_target_health import TargetGroupHealthPart
from gateline.sources.project_target_type import (
    CrossZone,
    GroupTarget,
    TargetTypeName,
    check_target_type,
)
from gateline.sources.project_values import Flag, Number

LEAST_SLOW_START: Final = 30


class HealthCheckPart(Part):
    """How targets are asked whether they are well."""

    enabled: Flag = Field(
        default=True,
        description="Only a function may go without; for one the default is false, and asking it costs invocations.",
    )
    protocol: Literal["HTTP", "HTTPS", "TCP"] | None = Field(
        default=None, description="What is asked; default: HTTP, or TCP for a group of a network balancer."
    )
    path: CheckPath = Field(
        default="/",
        description="The path that HTTP and HTTPS checks ask for; in a group that speaks gRPC it is a method, "
        "/AWS.ALB/healthcheck when it is left out.",
    )
    port: CheckPort = Field(
        default=None, description="The port that is asked; traffic-port is the one that requests go to."
    )
    interval_seconds: Number = Field(default=30, ge=5, le=300, description="The time between two checks.")
    timeout_seconds: Number = Field(
        default=5,
        ge=2,
        le=120,
        description="How long an answer may take, less than the interval. When it is left out, it is 10 for a group "
        "of a network balancer (6 where it is asked over HTTP), and never as long as the interval.",
    )
    healthy_threshold_count: Number = Field(
        default=5, ge=2, le=10, description="How many good answers make an unhealthy target healthy."
    )
    unhealthy_threshold_count: Number = Field(
        default=2, ge=2, le=10, description="How many bad answers make a healthy target unhealthy."
    )
    matcher: CheckCodes = Field(
        default="",
        description="The HTTP codes that say yes, such as 200, 200,202 or 200-299; default: 200, or 200-399 for a "
        "group of a network balancer. Of a group that speaks gRPC: 12, the default, or 0.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if "timeout_seconds" in self.model_fields_set and self.timeout_seconds >= self.interval_seconds:
            raise misfit(
                f"timeout_seconds must be less than interval_seconds, which is {self.interval_seconds}"
            )
        if self.protocol == "TCP":
            for key in ("path", "matcher"):
                if key in self.model_fields_set:
                    raise misfit(f"{key} belongs to an HTTP or HTTPS check; a TCP check only connects")
        return self


class TargetGroupPart(Part):
    """A target group: what a balancer forwards to."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {
            "minimum_healthy_targets",
        }
    )

    protocol: TargetGroupProtocol = Field(
        default="HTTP",
        description="How targets are spoken to: HTTP or HTTPS behind application balancers; TCP, TLS, UDP or TCP_UDP "
        "behind network ones. Targets' certificates are verified only where tls says so, on Amazon never.",
    )
    protocol_version: VersionName = Field(
        default="HTTP1",
        description="What is spoken with targets of an HTTP or HTTPS group: HTTP/1.1, HTTP/2, or gRPC over HTTP/2.",
    )
    target_type: TargetTypeName = Field(
        default="instance",
        description="instance and ip: targets are addresses. lambda: the target is a function of functions, which "
        "gets requests as events. alb: the target is an application balancer, behind a network balancer.",
    )
    lambda_multi_value_headers: Flag = Field(
        default=False,
        description="Whether events for a function, and its answers, carry headers and parameters with all of their "
        "values, in multiValueHeaders and multiValueQueryStringParameters.",
    )
    health_check: HealthCheckPart | None = Field(
        default=None, description="How targets are asked whether they are well."
    )
    load_balancing_algorithm: LoadBalancingAlgorithm = Field(
        default="round_robin", description="Which target gets the next request."
    )
    deregistration_delay_seconds: Number = Field(
        default=300,
        ge=0,
        le=3600,
        description="How long a target that is taken out may finish what it has begun.",
    )
    anomaly_mitigation: Literal["off", "on"] = Field(
        default="off",
        description="With weighted_random: whether a target that fails many requests gets none for a while.",
    )
    slow_start_duration_seconds: Number = Field(
        default=0,
        ge=0,
        le=900,
        description="How long a target that has become healthy works up to its share, of an application balancer's "
        "group with round_robin: 0 for not at all, or from 30.",
    )
    target_group_health: TargetGroupHealthPart | None = Field(
        default=None, description="What few healthy targets mean."
    )
    stickiness: StickinessPart | None = Field(
        default=None, description="Whether clients come back to the target that they had."
    )
    tls: TargetTlsPart | None = Field(
        default=None,
        description="Who targets must be, and who the gateway is to them, where the gateway speaks TLS with them.",
    )
    proxy_protocol_v2: bool = Field(
        default=False,
        description="Whether each connection of a network balancer begins with a PROXY protocol header, version 2, "
        "that tells the client's address; targets must expect it, also of health checks.",
    )
    preserve_client_ip: PreserveClientIp = Field(
        default=False,
        description="Only false: targets see Gateline's address as the peer.",
    )
    cross_zone: CrossZone = Field(
        default="use_load_balancer_configuration",
        description="Of network balancers: whether targets of other zones than gateway.availability_zone get "
        "connections; else as load_balancing.cross_zone.enabled of the balancer says, which is false unless said.",
    )
    unhealthy_connection_termination: Flag = Field(
        default=True,
        description="Of network balancers: whether connections to a target end when it is found unhealthy.",
    )
    connection_termination: ConnectionTermination = Field(
        default=False,
        description="false: connections to a target that is taken out go on; a task's end when it is stopped. true: "
        "only of UDP groups, whose flows leave a target as soon as it drains.",
    )
    unhealthy_draining_interval_seconds: DrainingInterval = Field(
        default=0,
        description="Only 0: without unhealthy_connection_termination, connections to an unhealthy target go on.",
    )
    targets: tuple[GroupTarget, ...] = Field(
        default=(),
        max_length=1000,
        description="Targets as host:port, beside those that services register; host names are resolved again and "
        "again. tunnel:NAME/HOST:PORT is what nodes of a tunnel export under that name. function:NAME, or a "
        "function's ARN, is the one target of a group with target_type: lambda, balancer:NAME or balancer:NAME:PORT "
        "of one with target_type: alb. {target: HOST:PORT, availability_zone: ZONE} says in which zone a target is.",
    )
    discover: DiscoverPart | None = Field(
        default=None, description="Who names more targets while the gateway runs."
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """The targets, whatever their zones."""
        return tuple(each.target for each in self.targets)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.addresses)) < len(self.addresses):
            raise misfit("targets holds one target twice")
        check = self.health_check
        check_target_type(
            self.target_type,
            self.addresses,
            self.model_fields_set,
            check.model_fields_set if check else frozenset(),
            checked=check is None or check.enabled,
        )
        network = self.protocol not in {"HTTP", "HTTPS"}
        if self.tls is not None and self.protocol in {"HTTP", *OF_DATAGRAMS}:
            raise misfit(f"tls is for groups with which TLS can be spoken, not for {self.protocol}")
        for key in ("cross_zone", "unhealthy_connection_termination"):
            if not network and key in self.model_fields_set:
                raise misfit(f"{key} is for groups of network balancers, not for {self.protocol}")
        if self.proxy_protocol_v2 and not network:
            raise misfit(f"proxy_protocol_v2 is for groups of network balancers, not for {self.protocol}")
        if self.proxy_protocol_v2 and self.protocol in OF_DATAGRAMS:
            raise misfit(
                f"proxy_protocol_v2 is for groups whose targets get connections alone, not for {self.protocol}"
            )
        if network and self.target_type != "alb" and check is not None and check.protocol is None:
            for key in ("path", "matcher"):
                if key in check.model_fields_set:
                    raise misfit(
                        f"health_check.{key} needs health_check.protocol: HTTP, because the group's is {self.protocol}"
                    )
        if self.target_type == "alb" and (
            self.protocol != "TCP" or (check is not None and check.protocol == "TCP")
        ):
            raise misfit(
                "a group with target_type: alb has the protocol TCP, and is asked over HTTP or HTTPS"
            )
        if not network and check is not None and any(high > 499 for _, high in code_ranges(check.matcher)):
            raise misfit("health_check.matcher holds codes from 200 to 499")
        return self

    @model_validator(mode="after")
    def _chooses_as_it_can(self) -> Self:
        network = self.protocol not in {"HTTP", "HTTPS"}
        if 0 < self.slow_start_duration_seconds < LEAST_SLOW_START:
            raise misfit(f"slow_start_duration_seconds is 0, or from {LEAST_SLOW_START} to 900")
        if self.slow_start_duration_seconds and (network or self.load_balancing_algorithm != "round_robin"):
            raise misfit(
                "slow_start_duration_seconds is for groups of an application balancer with round_robin"
            )
        if network and self.load_balancing_algorithm == "weighted_random":
            raise misfit("weighted_random is for groups of an application balancer")
        if self.anomaly_mitigation == "on" and self.load_balancing_algorithm != "weighted_random":
            raise misfit("anomaly_mitigation: on is for groups with weighted_random")
        sticky = self.stickiness is not None and self.stickiness.enabled and self.stickiness.type
        if sticky and network != (sticky == "source_ip"):
            only = "network balancers" if sticky == "source_ip" else "protocol HTTP or HTTPS"
            raise misfit(f"stickiness of type {sticky} is for groups of {only}, not for {self.protocol}")
        if network and self.protocol_version != "HTTP1":
            raise misfit(f"protocol_version is for groups of protocol HTTP or HTTPS, not for {self.protocol}")
        return self

    @model_validator(mode="after")
    def _asks_what_it_speaks(self) -> Self:
        matcher = self.health_check.matcher if self.health_check is not None else ""
        if self.protocol_version != "GRPC":
            if any(high <= MOST_GRPC_CODE for _, high in code_ranges(matcher)):
                raise misfit("health_check.matcher holds codes of gRPC, which needs protocol_version: GRPC")
        elif matcher not in {"", "0", "12"}:
            raise misfit(
                "health_check.matcher of a group that speaks gRPC is 12 (anything that answers in gRPC) or 0 "
                "(a method that answers OK); Envoy sees no other codes"
            )
        return self
