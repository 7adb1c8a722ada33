"""Availability zones: a network balancer uses the targets of its own zone, unless it crosses (load-balancers.md 13)."""

from __future__ import annotations

from dataclasses import replace

from gateline.compile import names
from gateline.model.gateway import Edge
from gateline.model.load_balancer import BalancerType, LoadBalancer
from gateline.model.target_group import TargetGroup


def in_zone(group: TargetGroup, cluster: str, balancer: LoadBalancer, edge: Edge) -> tuple[TargetGroup, str]:
    """The target group as the balancer uses it, and its cluster; the very same when it uses all of it.

    Args:
        group: the target group. Targets without a zone, tasks of services among them, are in every zone.
        cluster: the cluster's name, if it uses all of it.
        balancer: who leads to it. An application balancer always crosses zones.
        edge: says in which zone the gateway is, if in any.

    """
    said = balancer.attributes.cross_zone if group.cross_zone is None else group.cross_zone
    crosses = balancer.type is BalancerType.APPLICATION or said
    targets = tuple(target for target in group.targets if target.zone in {"", edge.availability_zone})
    if crosses or not edge.availability_zone or len(targets) == len(group.targets):
        return group, cluster
    return replace(group, targets=targets), names.in_zone(cluster, edge.availability_zone)
