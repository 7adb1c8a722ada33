"""Application balancers as targets of network balancers (load-balancers.md section 13, `alb` target).

The application balancer gets one more listener, at a Unix socket that only this user may open, and behind a PROXY
header: so rules, logs and X-Forwarded-For know the client that came in at the network balancer. No port is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final

from google.protobuf.message import Message

from gateline.compile import names
from gateline.compile.endpoint import ONE_IS_ENOUGH, REGISTERED
from gateline.compile.target_group import target_group_cluster
from gateline.compile.wire import new, struct
from gateline.model.client_address import ClientAddress
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import BalancerType, Forward, Listener, LoadBalancer
from gateline.model.target_group import TargetGroup, TargetType

_MODE: Final = 0o600
_ASKED_AGAIN: Final = timedelta(seconds=1)


def balancer_targets(gateway: Gateway, used: Collection[str]) -> Iterator[tuple[LoadBalancer, Listener]]:
    """The listeners of application balancers that are targets of the `used` groups, each once, as they stand there."""
    reached = {
        group.balancer
        for group in gateway.target_groups
        if group.target_type is TargetType.ALB and group.name in used
    }
    for balancer in gateway.load_balancers:
        for listener in balancer.listeners:
            if (balancer.name, listener.port) in reached:
                yield balancer, replace(listener, client_address=ClientAddress(proxy_protocol=True))


class TargetsMixed(Exception):
    """An application balancer and other targets behind one listener: nobody can say which rules a request meets."""


def met_behind(
    balancer: LoadBalancer,
    listener: Listener,
    groups: Mapping[str, TargetGroup],
    balancers: Mapping[str, LoadBalancer],
) -> tuple[LoadBalancer, Listener]:
    """Whose rules a request of the gateway's own meets at a listener: an application balancer's behind it, or its own.

    Raises:
        TargetsMixed: some requests would meet rules, others not.

    """
    if balancer.type is BalancerType.APPLICATION:
        return balancer, listener
    forward = listener.rules[-1].action
    assert isinstance(forward, Forward)  # the front end takes no other action at a network balancer
    reached = [groups[group.name] for group in forward.target_groups if group.weight]
    if all(group.target_type is not TargetType.ALB for group in reached):
        return balancer, listener
    if len({group.balancer for group in reached}) > 1:
        raise TargetsMixed
    name, port = reached[0].balancer
    behind = balancers[name]
    return behind, next(each for each in behind.listeners if each.port == port)


def socket_of(folder: str, balancer: str, port: int) -> str:
    """Where such a listener listens. Paths of sockets are short, and names of balancers need not be."""
    digest = hashlib.sha256(names.behind_network(balancer, port).encode()).hexdigest()[:8]
    return str(PurePath(folder, f"{digest}.sock"))


def at_socket(listener: Message, path: str) -> Message:
    """The listener at a Unix socket."""
    made: Any = new("envoy.config.listener.v3.Listener")  # whose fields the type checker does not know
    made.CopyFrom(listener)
    made.address.pipe.path = path
    made.address.pipe.mode = _MODE
    moved: Message = made
    return moved


def balancer_target_cluster(group: TargetGroup, name: str, folder: str) -> Message:
    """The cluster of a target group whose target is an application balancer."""
    announced = replace(group, proxy_protocol_v2=True)
    made: Any = target_group_cluster(announced, name=name, behind_api=False)
    for check in made.health_checks:
        # Clusters are asked before listeners are there, so the first answer is always no.
        check.healthy_threshold.value = 1
        check.unhealthy_interval.FromTimedelta(_ASKED_AGAIN)
        check.no_traffic_interval.FromTimedelta(_ASKED_AGAIN)
        check.no_traffic_healthy_interval.CopyFrom(check.interval)
    made.ClearField("eds_cluster_config")
    made.type = made.STATIC
    path = socket_of(folder, *group.balancer)
    endpoint = {
        "endpoint": {
            "address": {"pipe": {"path": path}},
            "health_check_config": {"hostname": group.balancer[0].lower()},
        },
        "metadata": {"filter_metadata": {"envoy.lb": struct(REGISTERED)}},
    }
    assignment = new(
        "envoy.config.endpoint.v3.ClusterLoadAssignment",
        cluster_name=name,
        endpoints=[{"lb_endpoints": [endpoint]}],
        policy={"overprovisioning_factor": {"value": ONE_IS_ENOUGH}},
    )
    made.load_assignment.CopyFrom(assignment)
    cluster: Message = made
    return cluster
