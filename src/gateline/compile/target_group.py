"""Clusters of target groups: who is well, who gets the next request (load-balancers.md sections 8 to 8.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.anomaly import anomaly_mitigation
from gateline.compile.cluster import endpoints_over_ads
from gateline.compile.endpoint import REGISTERED
from gateline.compile.health_check import health_check
from gateline.compile.resources import HostLookup
from gateline.compile.tunnel import through_tunnel
from gateline.compile.upstream_tls import UpstreamTls, host_tls, named, tls_socket
from gateline.compile.wire import extension, new, struct
from gateline.model import client_certificate
from gateline.model.target_group import (
    Algorithm,
    MinimumHealthy,
    ProtocolVersion,
    TargetGroup,
    TargetProtocol,
)

CONNECT_TIMEOUT: Final = timedelta(seconds=10)
"""After which a balancer answers 504 (load-balancers.md section 9)."""

_OF_REQUESTS: Final = frozenset({TargetProtocol.HTTP, TargetProtocol.HTTPS})
_ENCRYPTED: Final = frozenset({TargetProtocol.HTTPS, TargetProtocol.TLS})
_OF_DATAGRAMS: Final = frozenset({TargetProtocol.UDP, TargetProtocol.TCP_UDP})

MOST_FLOWS: Final = 16_384
"""Flows of datagrams to a target group at once, connections counted with them. Whoever sends datagrams may make up
their source, and each flow costs a descriptor: without a bound a flood would leave none to anybody else."""


def target_group_cluster(
    group: TargetGroup,
    *,
    name: str,
    behind_api: bool,
    tls_host: str = "",
    verified: bool = True,
    certificate: str = "",
) -> Message:
    """The cluster of a target group. It does not change when targets come and go.

    Args:
        group: the target group.
        name: `names.target_group` or `names.target_group_behind_api`.
        behind_api: answers get the names that API Gateway gives them.
        tls_host: to whom the gateway itself speaks TLS, through a network balancer.
        verified: whether that host's certificate must name it, where the group does not say who targets are.
        certificate: the client certificate that is shown where TLS is spoken (`shown_certificate`).

    """
    spoken = spoken_tls(group, host=tls_host, verified=verified, certificate=certificate)
    bound = {"connections": MOST_FLOWS} if group.protocol in _OF_DATAGRAMS and not behind_api else {}
    fields = endpoints_over_ads(
        name,
        connect_timeout=CONNECT_TIMEOUT,
        renames=behind_api,
        retries=True,
        bounded=spoken is not None and spoken.is_private,
        http2=group.protocol_version is not ProtocolVersion.HTTP1,
        **bound,
    )
    fields["load_balancing_policy"] = _one_policy(_among_registered(group))
    fields["common_lb_config"] = {
        # Fail open: with too few healthy everybody gets requests. The threshold counts only while Envoy deems a
        # cluster less than fully available, which `endpoint.enough` keeps to "fewer than the group's minimum".
        "healthy_panic_threshold": {"value": 1.0 if group.minimum_healthy == MinimumHealthy() else 100.0},
        "ignore_new_hosts_until_first_hc": True,  # who is new is told apart from who is ill, and counts for neither
        "update_merge_window": timedelta(),  # who drains or falls ill gets nothing from now on, not in a second
    }
    fields["ignore_health_on_host_removal"] = (
        True  # a deregistered target goes at once, also while it is well
    )
    # A network balancer ends the flows of a target that falls ill (section 13), an application balancer not.
    fields["close_connections_on_host_health_failure"] = (
        group.protocol not in _OF_REQUESTS and not behind_api and group.unhealthy_connection_termination
    )
    fields |= anomaly_mitigation(group)
    fields |= _connections(group, spoken, _group_tls(group, certificate))
    made = new("envoy.config.cluster.v3.Cluster", **fields)
    return through_tunnel(made) if any(target.tunnel for target in group.targets) else made


def shown_certificate(group: TargetGroup, chosen: str, *, over_tls: bool = False) -> str:
    """The client certificate that targets are shown, by requests or by health checks; "" for none.

    Args:
        group: the target group.
        chosen: that of the stage, which goes before the group's own.
        over_tls: the gateway itself speaks TLS, through a network balancer.

    """
    own = group.tls.client_certificate if group.tls is not None else ""
    encrypted = group.protocol in _ENCRYPTED or group.health_check.protocol is TargetProtocol.HTTPS
    return (chosen or own) if over_tls or encrypted else ""


def spoken_tls(
    group: TargetGroup, *, host: str = "", verified: bool = True, certificate: str = ""
) -> UpstreamTls | None:
    """The TLS of requests: as the group's `tls` says, else to a host, else to nobody in particular. None: none.

    Args:
        group: the target group.
        host: to whom the gateway itself speaks TLS, through a network balancer.
        verified: whether that host's certificate must name it.
        certificate: the client certificate that is shown.

    """
    if not host:
        return _group_tls(group, certificate) if group.protocol in _ENCRYPTED else None
    if group.tls is not None and group.tls.authority:
        return replace(_group_tls(group, certificate), server_name=named(host))
    return host_tls(host, verified=verified, certificate=certificate)


def _group_tls(group: TargetGroup, certificate: str) -> UpstreamTls:
    """TLS as the group says; without a word from it nobody is verified, as a balancer verifies no target."""
    if group.tls is None or not group.tls.authority:
        return UpstreamTls(server_name=group.tls.server_name if group.tls else "", certificate=certificate)
    return UpstreamTls(
        server_name=group.tls.server_name or named(group.tls.identity),
        trust=group_trust(group),
        identity=group.tls.identity,
        certificate=certificate,
    )


def group_trust(group: TargetGroup) -> str:
    """The name of the secret of those who vouch for targets; "": nobody does."""
    match group.tls.authority if group.tls is not None else "":
        case "":
            return ""
        case client_certificate.BUILT_IN:
            return names.BUILT_IN_TRUST
        case client_certificate.SYSTEM:
            return names.TRUST
        case _:
            return names.target_trust(group.name)


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


def _among_registered(group: TargetGroup) -> dict[str, object]:
    """The algorithm, among the targets that do not drain.

    Their health status alone keeps requests from those that do only while somebody is healthy: Envoy's panic
    asks them too (https://github.com/envoyproxy/envoy/issues/46800).
    """
    return extension(
        "envoy.load_balancing_policies.subset",
        "envoy.extensions.load_balancing_policies.subset.v3.Subset",
        fallback_policy="DEFAULT_SUBSET",
        default_subset=struct(REGISTERED),
        subset_lb_policy=_one_policy(_algorithm(group)),
    )


def _by_source() -> dict[str, object]:
    """A target for each address, by a table that changes little when targets come and go."""
    return extension(
        "envoy.load_balancing_policies.maglev",
        "envoy.extensions.load_balancing_policies.maglev.v3.Maglev",
    )


def _algorithm(group: TargetGroup) -> dict[str, object]:
    if group.algorithm is Algorithm.SOURCE_IP:
        return _by_source()
    if group.algorithm is Algorithm.ROUND_ROBIN:
        slowly = {"slow_start_config": {"slow_start_window": group.slow_start}} if group.slow_start else {}
        return extension(
            "envoy.load_balancing_policies.round_robin",
            "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin",
            **slowly,  # linear, from a tenth: Envoy's defaults
        )
    if group.algorithm is Algorithm.WEIGHTED_RANDOM:  # all weights are the same
        return extension(
            "envoy.load_balancing_policies.random",
            "envoy.extensions.load_balancing_policies.random.v3.Random",
        )
    return extension(
        "envoy.load_balancing_policies.least_request",
        "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
        selection_method="FULL_SCAN",  # the fewest of all; Envoy's default compares two
    )


def _one_policy(policy: dict[str, object]) -> dict[str, object]:
    return {"policies": [{"typed_extension_config": policy}]}


def _connections(group: TargetGroup, spoken: UpstreamTls | None, of_checks: UpstreamTls) -> dict[str, object]:
    """How requests and health checks get to targets. `of_checks` is the TLS of checks, where they are HTTPS."""
    check = health_check(group)
    fields: dict[str, object] = {"health_checks": [check]}
    asked = of_checks if group.health_check.protocol is TargetProtocol.HTTPS else None
    if spoken or group.proxy_protocol_v2:
        fields["transport_socket"] = _socket(group, spoken)
    if spoken != asked:
        criteria = struct({"connection": "health check"})
        check["transport_socket_match_criteria"] = criteria
        fields["transport_socket_matches"] = [
            {"name": "health check", "match": criteria, "transport_socket": _socket(group, asked)}
        ]
    return fields


def _socket(group: TargetGroup, tls: UpstreamTls | None) -> dict[str, object]:
    """A transport socket; who the client is comes before everything else."""
    if tls is not None:
        inner = tls_socket(tls)
    else:
        inner = extension(
            "envoy.transport_sockets.raw_buffer",
            "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
        )
    return _after_who_it_is(inner) if group.proxy_protocol_v2 else inner


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
