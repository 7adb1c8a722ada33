"""Whether the target groups of a forward fit together (load-balancers.md sections 3 and 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.model.load_balancer import Forward, Rule
from gateline.model.target_group import StickinessType, TargetGroup


def check_forwards(gateway: Gateway, complaints: Complaints) -> None:
    """Complain of forwards whose target groups cannot share requests."""
    groups = {group.name: group for group in gateway.target_groups}
    for rule, forward in _forwards(gateway):
        _check_versions(rule, forward, groups, complaints)
        _check_app_cookies(rule, forward, groups, complaints)


def _forwards(gateway: Gateway) -> Iterator[tuple[Rule, Forward]]:
    for rule in gateway.rules:
        if isinstance(rule.action, Forward):
            yield rule, rule.action


def _check_versions(
    rule: Rule, forward: Forward, groups: Mapping[str, TargetGroup], complaints: Complaints
) -> None:
    spoken = {groups[each.name].protocol_version for each in forward.target_groups if each.name in groups}
    if len(spoken) > 1:
        complaints.add(
            codes.TARGET_GROUP_VERSIONS_MIXED,
            rule.origin,
            f"the target groups of this forward speak {' and '.join(sorted(spoken))}: who may use the rule would "
            "be a matter of chance",
            help="Let a forward lead to target groups of one protocol_version.",
        )


def _check_app_cookies(
    rule: Rule, forward: Forward, groups: Mapping[str, TargetGroup], complaints: Complaints
) -> None:
    """By an application's cookie a client would lose its target whenever the weights choose another group."""
    named = [groups[each.name] for each in forward.target_groups if each.weight and each.name in groups]
    if len(named) < 2:
        return
    for group in named:
        if group.stickiness is not None and group.stickiness.type is StickinessType.APP_COOKIE:
            complaints.add(
                codes.APP_COOKIE_WITH_WEIGHTS,
                rule.origin,
                f"the target group '{group.name}' is sticky by an application's cookie, and this forward shares its "
                "requests with others by weight: that does not work together",
                help="Forward to it alone, or take stickiness of type lb_cookie.",
            )
