"""Application balancers that are targets of network balancers: which listener is meant, and what it then needs."""

from __future__ import annotations

from dataclasses import replace

from gateline.model import codes
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import BalancerType
from gateline.model.target_group import TargetGroup, TargetType
from gateline.sources.project import ProjectFile
from gateline.sources.project_target_type import target_balancer
from gateline.sources.suggestion import did_you_mean
from gateline.sources.tree import Node, Pointer, texts
from gateline.sources.workbench import Workbench


def reached_balancers(tree: Node) -> set[str]:
    """The load balancers that target groups name, also groups that were left out for a mistake."""
    named = (
        target_balancer(str(node.value))
        for pointer, node in texts(tree.child("target_groups"), ())
        if pointer[1:2] == ("targets",)
    )
    return {found[0] for found in named if found is not None}


def reached_listeners(project: ProjectFile) -> frozenset[tuple[str, int]]:
    """Listeners of application balancers that are targets, each by its balancer's name and its port."""
    found = (
        target_balancer(part.addresses[0])
        for part in project.target_groups.values()
        if part.target_type == "alb"
    )
    return frozenset(
        (name, listener.port)
        for name, port in (each for each in found if each is not None)
        if name in project.load_balancers
        for listener in project.load_balancers[name].listeners
        if port in {0, listener.port}
    )


def with_balancer_targets(bench: Workbench, gateway: Gateway) -> Gateway:
    """The gateway whose groups name the listeners that are meant; complains where there is none."""
    groups = tuple(
        _resolved(bench, gateway, group) if group.target_type is TargetType.ALB else group
        for group in gateway.target_groups
    )
    return replace(gateway, target_groups=groups)


def _resolved(bench: Workbench, gateway: Gateway, group: TargetGroup) -> TargetGroup:
    name, port = group.balancer
    place: Pointer = ("target_groups", group.name, "targets", 0)
    declared = bench.tree.names("load_balancers")
    balancer = next((each for each in gateway.load_balancers if each.name == name), None)
    if balancer is None:
        if name not in declared:  # else it was left out for a mistake of its own
            bench.complain(
                codes.LOAD_BALANCER_NOT_DECLARED,
                place,
                f"the load balancer '{bench.shown(place, name)}' is not declared",
                advice=did_you_mean(name, declared) or "declare it under load_balancers",
            )
        return group
    ports = [listener.port for listener in balancer.listeners]
    if balancer.type is not BalancerType.APPLICATION:
        message, advice = f"'{name}' is a network balancer: only application balancers are targets", ""
    elif port == 0 and len(ports) > 1:
        message = f"'{name}' has several listeners"
        advice = f"write balancer:{name}:PORT; its ports are {', '.join(map(str, ports))}"
    elif port and port not in ports:
        message = f"'{name}' has no listener at port {port}"
        advice = f"its ports are {', '.join(map(str, ports))}"
    else:
        return replace(group, balancer=(name, port or ports[0]))
    bench.complain(codes.TARGET_BALANCER_INVALID, place, message, advice=advice)
    return group
