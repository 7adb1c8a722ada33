"""Balancers made of model values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compile.gateways import ORIGIN, gateway
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import (
    Action,
    BalancerType,
    Condition,
    FixedResponse,
    Forward,
    Listener,
    ListenerProtocol,
    LoadBalancer,
    Rule,
    Scheme,
    WeightedTargetGroup,
)
from gateline.model.target_group import Target, TargetGroup


def forward(**weights: int) -> Forward:
    """To these target groups."""
    return Forward(tuple(WeightedTargetGroup(name, weight) for name, weight in weights.items()))


def fixed(status: int, body: str = "", **fields: Any) -> FixedResponse:
    """A fixed response."""
    return FixedResponse(status_code=status, message_body=body, **fields)


def rule(priority: int | None, action: Action, *conditions: Condition) -> Rule:
    """A rule; None: the default one."""
    return Rule(priority=priority, conditions=conditions, action=action, origin=ORIGIN)


def listener(*rules: Rule, port: int = 80, **fields: Any) -> Listener:
    """A listener of the internet, at 127.0.0.1 and the port plus 18,000."""
    fields.setdefault("protocol", ListenerProtocol.HTTP)
    fields.setdefault("address", "127.0.0.1")
    fields.setdefault("bind_port", 18_000 + port)
    return Listener(port=port, rules=rules or (rule(None, fixed(404)),), origin=ORIGIN, **fields)


def balancer(
    *listeners: Listener,
    name: str = "public",
    scheme: Scheme = Scheme.INTERNET_FACING,
    type: BalancerType = BalancerType.APPLICATION,  # noqa: A002 - the project file's own word
) -> LoadBalancer:
    """A balancer of the internet."""
    return LoadBalancer(name=name, type=type, scheme=scheme, listeners=listeners, origin=ORIGIN)


def group(name: str, *targets: tuple[str, int], **fields: Any) -> TargetGroup:
    """A target group of static targets."""
    placed = tuple(Target(host=host, port=port, origin=ORIGIN) for host, port in targets)
    return TargetGroup(name=name, targets=placed, origin=ORIGIN, **fields)


def project(*balancers: LoadBalancer, groups: tuple[TargetGroup, ...] = (), **edge: Any) -> Gateway:
    """A project of balancers only."""
    return replace(gateway(**edge), load_balancers=balancers, target_groups=groups)
