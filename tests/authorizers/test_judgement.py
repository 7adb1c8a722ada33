"""What a policy means for a request (api-gateway.md section 10.4; attacks.md E6, E7): both evaluators are asked."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from authorizers.policies import API, FACTS, allow, deny, policy, statement
from dataplane.policy_script import PolicyScript
from gateline.authorizers.facts import Facts
from gateline.authorizers.judgement import Judgement, Verdict, judge

ORDERS = f"{API}/prod/GET/orders/7"


@cache
def script() -> PolicyScript:
    return PolicyScript()


def judged(
    *statements: Any, arn: str = ORDERS, readings: tuple[str, ...] = (), facts: Facts = FACTS
) -> Judgement:
    """The judgement, after the script agreed."""
    read = policy(*statements)
    judgement = judge(read, arn, readings, facts)
    assert script().judge(read, arn, readings, facts) == judgement.verdict
    return judgement


def verdict(*statements: Any, arn: str = ORDERS, readings: tuple[str, ...] = ()) -> Verdict:
    """The verdict alone."""
    return judged(*statements, arn=arn, readings=readings).verdict


@pytest.mark.parametrize(
    "resource",
    [
        ORDERS,
        "*",
        "*/*",
        "arn:aws:execute-api:*:*:*",
        f"{API}/*",
        f"{API}/prod/*",
        f"{API}/prod/GET/*",
        f"{API}/*/GET/orders/*",
        f"{API}/????/GET/orders/?",
        f"{API}/prod/???/*7",
    ],
)
def test_resources_that_allow(resource: str) -> None:
    assert verdict(allow(resource)) == Verdict.ALLOW


@pytest.mark.parametrize(
    "resource",
    [
        f"{API}/prod/POST/orders/7",
        f"{API}/prod/GET/orders",
        f"{API}/prod/GET/orders/",
        f"{API}/prod/GET/orders/??",
        f"{API}/prod/GET/ORDERS/7",
        f"{API}/prod/GET/order./7",
        f"{API}/prod/GET/orders/7/*",
        f"{API}/prod/GET/orders/[0-9]",
        "arn:aws:execute-api:eu-west-1:*",
    ],
)
def test_resources_that_do_not_allow(resource: str) -> None:
    assert verdict(allow(resource)) == Verdict.DENY


def test_a_star_goes_over_slashes() -> None:
    assert verdict(allow(f"{API}/*/7")) == Verdict.ALLOW


def test_a_policy_for_one_method_refuses_the_next_request() -> None:
    first = allow(f"{API}/prod/GET/a")
    assert verdict(first, arn=f"{API}/prod/GET/a") == Verdict.ALLOW
    assert verdict(first, arn=f"{API}/prod/DELETE/b") == Verdict.DENY


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    assert verdict(allow("*"), deny(f"{API}/*/GET/*")) == Verdict.EXPLICIT_DENY
    assert verdict(deny(f"{API}/*/GET/*"), allow("*")) == Verdict.EXPLICIT_DENY
    assert verdict(deny(f"{API}/*/POST/*"), allow("*")) == Verdict.ALLOW


def test_a_deny_of_everything_is_explicit() -> None:
    assert verdict(deny("*")) == Verdict.EXPLICIT_DENY


def test_nothing_that_applies_is_a_deny() -> None:
    assert verdict(statement(Action="s3:*")) == Verdict.DENY


def test_not_resource_is_everything_else() -> None:
    others = statement(Resource=None, NotResource=[f"{API}/prod/GET/admin*", f"{API}/prod/GET/orders/*"])
    assert verdict(others) == Verdict.DENY
    assert verdict(others, arn=f"{API}/prod/GET/a") == Verdict.ALLOW
    assert verdict({**others, "Effect": "Deny"}, allow("*")) == Verdict.ALLOW
    assert verdict({**others, "Effect": "Deny"}, allow("*"), arn=f"{API}/prod/GET/a") == Verdict.EXPLICIT_DENY


def test_conditions_must_all_hold_and_one_value_must_fit() -> None:
    both = {
        "IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]},
        "Bool": {"aws:SecureTransport": True},
    }
    assert verdict(allow("*", Condition=both)) == Verdict.ALLOW
    other = {**both, "StringLike": {"aws:UserAgent": "Other/*"}}
    assert verdict(allow("*", Condition=other)) == Verdict.DENY
    assert verdict(allow("*"), deny("*", Condition=other)) == Verdict.ALLOW


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_an_unknown_key_always_decides_against_the_request(effect: str) -> None:
    for operator in ("StringEquals", "StringNotEquals", "StringEqualsIfExists"):
        one = statement(effect, Condition={operator: {"aws:Unheard": "a"}})
        found = verdict(one) if effect == "Allow" else verdict(one, allow("*"))
        assert found in (Verdict.DENY, Verdict.EXPLICIT_DENY)


def test_a_deny_counts_for_every_reading_of_the_path() -> None:
    statements = (allow("*"), deny(f"{API}/prod/GET/admin/"))
    arn, reading = f"{API}/prod/GET/admin", f"{API}/prod/GET/admin/"
    assert verdict(*statements, arn=arn) == Verdict.ALLOW
    assert verdict(*statements, arn=arn, readings=(reading,)) == Verdict.EXPLICIT_DENY


def test_an_allow_counts_for_the_path_as_it_is() -> None:
    assert verdict(allow(f"{API}/prod/GET/a b"), arn=f"{API}/prod/GET/a%20b") == Verdict.DENY
    assert verdict(allow(ORDERS), arn=f"{API}/prod/GET/x", readings=(ORDERS,)) == Verdict.DENY


def test_what_not_resource_takes_out_of_an_allow_is_taken_out_of_every_reading() -> None:
    others = statement(Resource=None, NotResource=f"{API}/prod/GET/admin*")
    arn, reading = f"{API}/prod/GET/%61dmin", f"{API}/prod/GET/admin"
    assert verdict(others, arn=arn) == Verdict.ALLOW
    assert verdict(others, arn=arn, readings=(reading,)) == Verdict.DENY


def test_paths_are_bytes_and_need_not_be_utf8() -> None:
    odd = f"{API}/prod/GET/" + b"\xff\xe9".decode("utf-8", "surrogateescape")
    assert verdict(allow(f"{API}/prod/GET/??"), arn=odd) == Verdict.ALLOW
    assert verdict(allow(f"{API}/prod/GET/??"), arn=f"{API}/prod/GET/é") == Verdict.ALLOW
    assert verdict(allow(f"{API}/prod/GET/é"), arn=f"{API}/prod/GET/é") == Verdict.ALLOW


def test_when_steps_run_out_the_request_is_refused() -> None:
    hostile, arn = "arn:*" + "a?" * 100 + "b*", "arn:" + "a" * 1500
    assert verdict(allow(hostile, hostile, hostile), allow("*"), arn=arn) == Verdict.DENY
    judgement = judged(deny(hostile, hostile, hostile), allow("*"), arn=arn)
    assert judgement.verdict == Verdict.EXPLICIT_DENY
    assert "too many steps" in judgement.statements[0].reason


def test_every_statement_is_explained_in_the_answers_order() -> None:
    judgement = judged(
        allow(f"{API}/prod/GET/*", Sid="read"),
        allow("*", Sid="office", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        allow("*", Condition={"StringEquals": {"aws:Referer": "a"}}),
        allow("*", Condition={"StringEquals": {"aws:Unheard": "a"}}),
        statement(Action="s3:*"),
        deny(f"{API}/prod/POST/*"),
        deny("arn:*", Condition={"StringEquals": {"aws:Unheard": "a"}}),
        deny("arn:*", Condition={"Bool": {"aws:SecureTransport": True}}),
    )
    assert judgement.verdict == Verdict.EXPLICIT_DENY
    assert judgement.decided_by == 6
    unknown = "StringEquals 'aws:unheard' is not looked at: no request can say what this key is"
    assert [(each.index, each.sid, each.applies, each.reason) for each in judgement.statements] == [
        (0, "read", True, f"Resource '{API}/prod/GET/*' matches"),
        (1, "office", False, "IpAddress 'aws:sourceip' does not hold"),
        (2, "", False, "StringEquals 'aws:referer' does not hold: the request has no such key"),
        (3, "", False, "left out: StringEquals 'aws:unheard': no request can say what this key is"),
        (4, "", False, "left out: its actions do not hold execute-api:Invoke"),
        (5, "", False, "no Resource matches"),
        (6, "", True, f"Resource 'arn:*' matches; {unknown}"),
        (7, "", True, "Resource 'arn:*' matches, and every condition holds"),
    ]


def test_the_reading_that_a_deny_matched_is_told() -> None:
    reading = f"{API}/prod/GET/x/"
    judgement = judged(allow("*"), deny("*/x/"), arn=f"{API}/prod/GET/x", readings=(reading,))
    assert judgement.decided_by == 1
    assert judgement.statements[1].reason == f"Resource '*/x/' matches, the path read as '{reading}'"


def test_no_statement_decides_when_none_applies() -> None:
    assert judged(allow("arn:x")).decided_by is None


@pytest.mark.parametrize(("size", "count"), [(1601, 0), (100, 300)])
def test_what_is_not_judged_is_explained_too(size: int, count: int) -> None:
    arn = (f"{API}/prod/GET/" + "a" * 2000)[:size]
    judgement = judged(allow("*"), deny(*["arn:x"] * 4), arn=arn, readings=(arn,) * count)
    assert judgement.verdict == Verdict.DENY
    assert all(each.reason.startswith("not looked at") for each in judgement.statements)
