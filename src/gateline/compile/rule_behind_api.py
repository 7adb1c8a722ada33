"""Rules of a balancer that cannot mean behind an integration what they say; each is told once a stage."""

from __future__ import annotations

from gateline.compile.folding import rules_on_forwarded
from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.load_balancer import Listener
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage


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
