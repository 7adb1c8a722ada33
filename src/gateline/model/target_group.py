"""Target groups: what a balancer or a VPC link leads to (load-balancers.md section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gateline.model.discovery import Source
from gateline.model.origin import Origin


class TargetProtocol(StrEnum):
    """How the balancer speaks to targets."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"  # targets' certificates are verified only where the group has a TargetTls
    TCP = "TCP"
    TLS = "TLS"  # connections of a network balancer, encrypted on the way to the target
    UDP = "UDP"
    TCP_UDP = "TCP_UDP"


class ProtocolVersion(StrEnum):
    """What is spoken with targets of an application balancer."""

    HTTP1 = "HTTP1"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"


class TargetType(StrEnum):
    """What a group's targets are. `instance` and `ip` are the same here: addresses."""

    INSTANCE = "instance"
    IP = "ip"
    LAMBDA = "lambda"  # one function, which gets requests as events
    ALB = "alb"  # one application balancer, behind a network balancer


class Algorithm(StrEnum):
    """Which target gets the next request."""

    ROUND_ROBIN = "round_robin"
    LEAST_OUTSTANDING_REQUESTS = "least_outstanding_requests"
    WEIGHTED_RANDOM = "weighted_random"
    SOURCE_IP = "source_ip"  # of network balancers: the flows of one address go to one target (stickiness)


class StickinessType(StrEnum):
    """By what a client comes back to its target."""

    LB_COOKIE = "lb_cookie"  # a cookie of the balancer's
    APP_COOKIE = "app_cookie"  # a cookie of the application's, beside one of the balancer's


@dataclass(frozen=True, slots=True, kw_only=True)
class Stickiness:
    """That clients come back to their target, and for how long after it answered."""

    type: StickinessType = StickinessType.LB_COOKIE
    duration: timedelta = timedelta(days=1)
    cookie_name: str = ""  # the application's own


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How a target is asked whether it is well.

    `matcher`: inclusive ranges of the codes that say yes, HTTP's, or gRPC's in a group that speaks gRPC.
    """

    protocol: TargetProtocol = TargetProtocol.HTTP
    path: str = "/"
    port: int | None = None  # None: traffic-port
    interval: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=5)
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: tuple[tuple[int, int], ...] = ((200, 200),)
    enabled: bool = True  # only a function may go without


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumHealthy:
    """With fewer healthy targets than these, all get requests. `percentage` 0: it does not count."""

    count: int = 1
    percentage: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A static target; a host name is resolved again and again. With a `tunnel` it is an export of that tunnel."""

    host: str
    port: int
    tunnel: str = ""
    origin: Origin
    zone: str = ""  # the availability zone that it is in; "": in every one


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTls:
    """Who targets must be, and who the gateway is to them, where TLS is spoken with them."""

    authority: str = ""  # BUILT_IN, SYSTEM, or the path of a PEM file; "": nobody is verified
    identity: str = ""  # what the certificate must name: a DNS name, an IP address or a SPIFFE URI
    client_certificate: str = ""  # a name of the project file, where the stage has none of its own
    origin: Origin
    server_name: str = ""  # the host that targets are asked for (SNI); "": the identity, where that is one


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """A target group of the project file, or the one that a service without any has (by the service's name)."""

    name: str
    protocol: TargetProtocol = TargetProtocol.HTTP
    health_check: HealthCheck = HealthCheck()
    algorithm: Algorithm = Algorithm.ROUND_ROBIN
    deregistration_delay: timedelta = timedelta(seconds=300)
    targets: tuple[Target, ...] = ()
    tls: TargetTls | None = None
    proxy_protocol_v2: bool = False  # each connection begins with who the client is
    origin: Origin
    protocol_version: ProtocolVersion = ProtocolVersion.HTTP1
    stickiness: Stickiness | None = None
    slow_start: timedelta = timedelta(0)  # how long a target that has become healthy works up to its share
    minimum_healthy: MinimumHealthy = MinimumHealthy()
    target_type: TargetType = TargetType.INSTANCE
    function: str = ""  # of a LAMBDA group: a Function's name
    balancer: tuple[str, int] = (
        "",
        0,
    )  # of an ALB group: the LoadBalancer's name, and the port of its listener
    lambda_multi_value_headers: bool = False  # events and answers carry each header's values as a list
    discover: Source | None = None  # who names more targets while the gateway runs
    cross_zone: bool | None = (
        None  # whether targets of other zones get connections; None: as the balancer says
    )
    unhealthy_connection_termination: bool = (
        True  # of network balancers: a target that falls ill loses its flows
    )
    anomaly_mitigation: bool = False  # a target that fails many requests gets none for a while


@dataclass(frozen=True, slots=True)
class Registration:
    """A task that a service has registered with a target group: at an address and port, or at a Unix socket.

    Targets that were discovered are registered alike.
    """

    target_group: str
    address: str = ""  # an IP address; "" when it listens at a socket
    port: int = 0
    socket: str = ""
    draining: bool = False  # gets no new requests; what is in flight there goes on
    health_port: int = 0  # where it is asked whether it is well; 0: at `port`
    weight: int = 1  # its share of requests
    priority: int = 0  # those of the lowest number get all requests while one of them is healthy
