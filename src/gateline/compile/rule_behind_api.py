"""Rules of a balancer that cannot mean behind an integration what they say; each is told once a stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateline.compile.folding import OpenRule, rules_on_forwarded
from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.load_balancer import Forward, Listener
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage
from gateline.model.target_group import ProtocolVersion, TargetGroup


def refuse_rules(listener: Listener, stage: Stage, told: set[Origin], complaints: Complaints) -> None:
    """Complain about a listener's rules to which an integration of the stage leads.

    Args:
        listener: where it leads.
        stage: whose integration.
        told: rules that were complained about; gains those that are now.
        complaints: gets them.

    """
    for rule in rules_on_forwarded(listener):  # a rule that denied by it would be open without a word
        if rule.origin not in told:
            told.add(rule.origin)
            complaints.add(
                codes.RULE_ON_FORWARDED_FOR,
                rule.origin,
                f"in stage {stage.name} an integration leads to this rule on X-Forwarded-For, which the "
                "gateway writes after rules are judged: it would never apply",
                help="Judge clients by their addresses in an authorizer: `$context.identity.sourceIp`.",
            )
    for rule in listener.rules:  # without the login everybody would come in
        if rule.authentication is not None and rule.origin not in told:
            told.add(rule.origin)
            complaints.add(
                codes.LOGIN_OUT_OF_PLACE,
                rule.origin,
                f"in stage {stage.name} an integration leads to this rule, which asks who its clients are: "
                "no client of an API can answer that",
                help="Let the integration lead to another listener, and an authorizer judge callers.",
            )


def refuse_versions(
    open_rules: Iterable[OpenRule],
    groups: Mapping[str, TargetGroup],
    stage: Stage,
    told: set[Origin],
    complaints: Complaints,
) -> None:
    """Complain about rules that forward to what speaks no HTTP/1.1: a request of a gateway is answered by 464 there.

    Args:
        open_rules: those that may decide.
        groups: the target groups by name.
        stage: whose integration leads to them.
        told: rules that were complained about; gains those that are now.
        complaints: gets them.

    """
    for rule in (each.rule for each in open_rules):
        forwarded = rule.action.target_groups if isinstance(rule.action, Forward) else ()
        spoken = next((groups[each.name] for each in forwarded if each.weight), None)
        if spoken is None or spoken.protocol_version is ProtocolVersion.HTTP1 or rule.origin in told:
            continue
        told.add(rule.origin)
        complaints.add(
            codes.TARGET_GROUP_VERSION_BEHIND_API,
            rule.origin,
            f"in stage {stage.name} an integration leads to the target group {spoken.name}, which speaks "
            f"{spoken.protocol_version}: a gateway speaks HTTP/1.1, and a balancer answers that with 464",
            help="Lead clients to such a group by a balancer of the internet, or take protocol_version: HTTP1.",
        )
