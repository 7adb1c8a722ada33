"""Rules to which an integration leads and which cannot mean there what they say."""

from __future__ import annotations

from dataclasses import replace

from compile.balancers import fixed, listener, rule
from compile.gateways import DEV
from gateline.compile.rule_behind_api import refuse_rules
from gateline.model import codes
from gateline.model.diagnostic import Complaints
from gateline.model.load_balancer import HttpHeader, Rule
from gateline.model.login import JwtValidation
from gateline.model.origin import Origin

HERE = Origin("gateline.yaml", ("rule",))


def told(*rules: Rule) -> list[str]:
    """The codes of complaints, when two integrations of a stage lead there."""
    complaints, known = Complaints(), set[Origin]()
    for _ in range(2):
        refuse_rules(listener(*rules), DEV, known, complaints)
    return [each.code.name for each in complaints.report().diagnostics]


def test_a_rule_that_asks_who_its_clients_are_is_refused_once() -> None:
    login = JwtValidation(jwks_endpoint="https://login.test/jwks", issuer="x", origin=HERE)
    assert told(replace(rule(None, fixed(200)), authentication=login)) == [codes.LOGIN_OUT_OF_PLACE.name]


def test_a_rule_on_forwarded_addresses_is_refused_once() -> None:
    condition = HttpHeader("X-Forwarded-For", ("10.*",))
    assert told(rule(1, fixed(200), condition)) == [codes.RULE_ON_FORWARDED_FOR.name]


def test_other_rules_are_left_alone() -> None:
    assert told(rule(1, fixed(200), HttpHeader("X-Client", ("a",))), rule(None, fixed(404))) == []
