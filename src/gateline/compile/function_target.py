"""Functions as targets: the cluster that leads to the host, and what the host is told (load-balancers.md section 10).

To rules such a target group is a cluster as any other, with weights and health checks. Its upstream filter writes
which group it is, so nothing that a client sends has a part in it, and takes the host's word for what went wrong from
answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from google.protobuf.message import Message

from gateline import dataplane
from gateline.compile import names
from gateline.compile.access_log import cluster_metadata
from gateline.compile.cluster import upstream_codec
from gateline.compile.health_check import asked_over_http, times
from gateline.compile.host_cluster import host_cluster
from gateline.compile.lua_filter import lua_filter
from gateline.compile.remap import remap_filter
from gateline.compile.route import header
from gateline.compile.wire import extension
from gateline.dataplane import keys
from gateline.model.arn import function_arn, target_group_arn
from gateline.model.gateway import Gateway
from gateline.model.hosting import HostedTarget
from gateline.model.target_group import TargetGroup, TargetType

_MOST: Final = 2048
"""Connections and requests at once: more than the host has places for would wait there."""


def function_clusters(
    gateway: Gateway, clusters: Iterable[tuple[str, str]], socket: str
) -> dict[str, Message]:
    """The clusters of target groups whose target is a function.

    Args:
        gateway: the project.
        clusters: names of clusters, each with its target group's.
        socket: where the host listens.

    """
    groups = {group.name: group for group in gateway.target_groups if group.target_type is TargetType.LAMBDA}
    logged = any(balancer.access_log for balancer in gateway.load_balancers)
    return {
        name: _cluster(groups[of], name, socket, _arn(gateway, groups[of]) if logged else "")
        for name, of in clusters
        if of in groups
    }


def hosted_targets(gateway: Gateway, used: Iterable[str]) -> tuple[HostedTarget, ...]:
    """What the host is told of those of the `used` target groups whose target is a function."""
    named, edge = set(used), gateway.edge
    return tuple(
        HostedTarget(
            group=group.name,
            arn=_arn(gateway, group),
            function=group.function,
            function_arn=function_arn(account=edge.account_id, region=edge.region, function=group.function),
            multi_value_headers=group.lambda_multi_value_headers,
        )
        for group in gateway.target_groups
        if group.target_type is TargetType.LAMBDA and group.name in named
    )


def _arn(gateway: Gateway, group: TargetGroup) -> str:
    edge = gateway.edge
    return target_group_arn(account=edge.account_id, region=edge.region, group=group.name)


def _cluster(group: TargetGroup, name: str, socket: str, logged_as: str) -> Message:
    """`logged_as`: the group's ARN, where a balancer writes an access log; "" where none does."""
    behind_api = names.BEHIND_API in name
    reasons = [_reason()] if logged_as and not behind_api else []
    remapping = [remap_filter()] if behind_api else []
    return host_cluster(
        name,
        socket,
        most=_MOST,
        filters=[_telling(group), *reasons, *remapping, upstream_codec()],
        # A function that is asked whether it is well gets requests in any case: there is no other one.
        common_lb_config={"healthy_panic_threshold": {"value": 100.0}},
        health_checks=[_health_check(group)] if group.health_check.enabled else [],
        metadata=cluster_metadata(logged_as) if logged_as else None,
    )


def _telling(group: TargetGroup) -> dict[str, object]:
    told = [
        {"append": header(keys.TARGET_HEADER, group.name)},
        {"append": header(keys.SOURCE_HEADER, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")},
    ]
    return extension(
        "gateline.target",
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations={"request_mutations": told, "response_mutations": [{"remove": keys.REASON_HEADER}]},
    )


def _reason() -> dict[str, object]:
    """Keeps the host's word for what went wrong, which `_telling` takes from the answer, for access logs."""
    return lua_filter("gateline.reason", dataplane.function_reason_script())


def _health_check(group: TargetGroup) -> dict[str, object]:
    told = {keys.TARGET_HEADER: group.name}
    asked = asked_over_http(group, told, group.health_check.matcher)
    return {**times(group.health_check), "http_health_check": {**asked, "host": "host"}}
