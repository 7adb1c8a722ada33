"""Clusters of target groups: who is well, who gets the next request (load-balancers.md sections 8 to 8.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile.cluster import endpoints_over_ads, tls
from gateline.compile.endpoint import REGISTERED
from gateline.compile.resources import HostLookup
from gateline.compile.tunnel import through_tunnel
from gateline.compile.wire import extension, new, struct
from gateline.model.target_group import Algorithm, HealthCheck, TargetGroup, TargetProtocol

CONNECT_TIMEOUT: Final = timedelta(seconds=10)
"""After which a balancer answers 504 (load-balancers.md section 9)."""

_OF_REQUESTS: Final = frozenset({TargetProtocol.HTTP, TargetProtocol.HTTPS})
_ENCRYPTED: Final = frozenset({TargetProtocol.HTTPS, TargetProtocol.TLS})
_HEADERS: Final = {"user-agent": "ELB-HealthChecker/2.0", "connection": "close"}


def target_group_cluster(
    group: TargetGroup, *, name: str, behind_api: bool, tls_host: str = "", verified: bool = True
) -> Message:
    """The cluster of a target group. It does not change when targets come and go.

    Args:
        group: the target group.
        name: `names.target_group` or `names.target_group_behind_api`.
        behind_api: answers get the names that API Gateway gives them.
        tls_host: to whom the gateway itself speaks TLS, through a network balancer.
        verified: whether that host's certificate must name it.

    """
    fields = endpoints_over_ads(name, connect_timeout=CONNECT_TIMEOUT, renames=behind_api, retries=True)
    fields["load_balancing_policy"] = _one_policy(_among_registered(group.algorithm))
    fields["common_lb_config"] = {
        # Fail open: with nobody healthy everybody gets requests. The threshold counts only while Envoy deems a
        # cluster less than fully available, which `endpoint.ONE_IS_ENOUGH` keeps to "nobody is healthy".
        "healthy_panic_threshold": {"value": 1.0},
        "update_merge_window": timedelta(),  # who drains or falls ill gets nothing from now on, not in a second
    }
    fields["ignore_health_on_host_removal"] = (
        True  # a deregistered target goes at once, also while it is well
    )
    # A network balancer ends the flows of a target that falls ill (section 13), an application balancer not.
    fields["close_connections_on_host_health_failure"] = group.protocol not in _OF_REQUESTS and not behind_api
    fields |= _connections(group, tls_host, verified=verified)
    made = new("envoy.config.cluster.v3.Cluster", **fields)
    return through_tunnel(made) if any(target.tunnel for target in group.targets) else made


def lookups(group: TargetGroup, cluster: str) -> tuple[HostLookup, ...]:
    """The hosts of the group's static targets, to be resolved for one of its clusters."""
    return tuple(
        HostLookup(
            cluster=cluster,
            host=target.host,
            port=target.port,
            tunnel=target.tunnel,
            health_port=group.health_check.port or 0,
            origin=target.origin,
        )
        for target in group.targets
    )


def _among_registered(algorithm: Algorithm) -> dict[str, object]:
    """The algorithm, among the targets that do not drain.

    Their health status alone keeps requests from those that do only while somebody is healthy: Envoy's panic
    asks them too (https://github.com/envoyproxy/envoy/issues/46800).
    """
    return extension(
        "envoy.load_balancing_policies.subset",
        "envoy.extensions.load_balancing_policies.subset.v3.Subset",
        fallback_policy="DEFAULT_SUBSET",
        default_subset=struct(REGISTERED),
        subset_lb_policy=_one_policy(_algorithm(algorithm)),
    )


def _algorithm(algorithm: Algorithm) -> dict[str, object]:
    if algorithm is Algorithm.ROUND_ROBIN:
        return extension(
            "envoy.load_balancing_policies.round_robin",
            "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin",
        )
    return extension(
        "envoy.load_balancing_policies.least_request",
        "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
        selection_method="FULL_SCAN",  # the fewest of all; Envoy's default compares two
    )


def _one_policy(policy: dict[str, object]) -> dict[str, object]:
    return {"policies": [{"typed_extension_config": policy}]}


def _connections(group: TargetGroup, tls_host: str, *, verified: bool) -> dict[str, object]:
    """How requests and health checks get to targets: plain, with TLS to nobody in particular, with TLS to a host."""
    check = _health_check(group.health_check)
    fields: dict[str, object] = {"health_checks": [check]}
    blind = tls("", verified=False)  # a balancer verifies no certificate of its targets
    if tls_host:
        fields["transport_socket"] = tls(tls_host, verified=verified)
    elif group.protocol in _ENCRYPTED:
        fields["transport_socket"] = blind
    requests_are_blind = group.protocol in _ENCRYPTED and not tls_host
    checks_are_blind = group.health_check.protocol is TargetProtocol.HTTPS
    plain = extension(
        "envoy.transport_sockets.raw_buffer",
        "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
    )
    if group.proxy_protocol_v2:
        inner = fields.get("transport_socket", plain)
        fields["transport_socket"], plain, blind = map(_after_who_it_is, (inner, plain, blind))
    if tls_host or requests_are_blind is not checks_are_blind:
        criteria = struct({"connection": "health check"})
        check["transport_socket_match_criteria"] = criteria
        socket = blind if checks_are_blind else plain
        fields["transport_socket_matches"] = [
            {"name": "health check", "match": criteria, "transport_socket": socket}
        ]
    return fields


def _after_who_it_is(inner: object) -> dict[str, object]:
    """A transport socket that first says whose connection it is.

    Health checks, and connections of the gateway itself, carry the command LOCAL, which tells no address and which
    targets must take as they take PROXY (PROXY protocol, section 2.2).
    """
    return extension(
        "envoy.transport_sockets.upstream_proxy_protocol",
        "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
        config={"version": "V2"},
        transport_socket=inner,
    )


def _health_check(check: HealthCheck) -> dict[str, object]:
    """Amazon's parameters. The port and the Host header are each endpoint's own (`compile/endpoint.py`)."""
    fields: dict[str, object] = {
        "timeout": check.timeout,
        "interval": check.interval,
        "no_traffic_interval": check.interval,  # Envoy's default is a minute while nobody has asked
        "healthy_threshold": {"value": check.healthy_threshold},
        "unhealthy_threshold": {"value": check.unhealthy_threshold},
        "reuse_connection": {"value": False},
    }
    if check.protocol is TargetProtocol.TCP:
        return fields | {"tcp_health_check": {}}  # no payload: that it connects is enough
    return fields | {
        "http_health_check": {
            "path": check.path,
            "expected_statuses": [{"start": low, "end": high + 1} for low, high in check.matcher],
            # Else one wrong code makes a target unhealthy at once, whatever the threshold.
            "retriable_statuses": [{"start": 100, "end": 600}],
            "request_headers_to_add": [
                {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
                for key, value in _HEADERS.items()
            ],
        }
    }
