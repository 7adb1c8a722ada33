"""The script's own evaluator: malformed texts, the bound of its work, facts, addresses.

What its verdicts are is told in tests/authorizers/test_judgement.py, which asks both evaluators.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa.luajit21 import LuaError

from dataplane.policy_script import PolicyScript
from gateline.authorizers import wire
from gateline.authorizers.facts import Facts
from gateline.authorizers.judgement import judge
from gateline.authorizers.policy import READINGS, read_policy

ARN: Final = "arn:aws:execute-api:us-east-1:1:api/prod/GET/"
FACTS: Final = Facts(source_ip="10.1.2.3", now_ms=1_750_000_000_000, user_agent="a" * 8000)
MOST: Final = 100_000


@cache
def script() -> PolicyScript:
    return PolicyScript()


def text(*values: str | int) -> bytes:
    """Netstrings."""
    return "".join(f"{len(str(value))}:{value}" for value in values).encode()


def one(*condition: str | int) -> bytes:
    """A policy that allows everything under one condition."""
    return text(1, "A", 0, 1, "*", 1, *condition)


def test_a_policy_text_is_read() -> None:
    assert script().judge_text(text(1, "A", 0, 1, "*", 0)) == "allow"
    assert script().judge_text(text(2, "D", 0, 1, "arn:*", 0, "A", 0, 1, "*", 0)) == "explicit_deny"
    assert script().judge_text(text(0)) == "deny"


@pytest.mark.parametrize(
    "malformed",
    [
        b"",
        b"1",
        b"1:1",
        b"x:1",
        b"-1:1",
        b"01:1",
        b"1.5:1",
        b"0x1:1",
        b"99999999:1",
        text(1, "A", 0, 1, "*", 0) + b"x",
        text(1, "A", 0, 1, "*", 0)[:-1],
        text(1, "A", 0, 1, "*", 0)[:-3],
        text(2, "A", 0, 1, "*", 0),
        text("nan"),
        text("many"),
        text(1, "B", 0, 1, "*", 0),
        text(1, "A", 2, 1, "*", 0),
        one("unheard", "", "aws:useragent", 1, "a"),
        one("bool", "", "aws:securetransport", 1, "yes"),
        one("num_eq", "", "aws:epochtime", 1, "soon"),
        one("ip", "", "aws:sourceip", 1, "10.0.0.0/8"),
        one("ip", "", "aws:sourceip", 1, "0" * 32 + "/129"),
        one("ip", "", "aws:sourceip", 1, "0" * 31 + "/8"),
        one("ip", "", "aws:sourceip", 1, "0" * 32 + "/"),
    ],
)
def test_a_malformed_policy_text_is_refused(malformed: bytes) -> None:
    with pytest.raises(LuaError):
        script().judge_text(malformed)


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 400), put=st.binary(max_size=2))
def test_a_mangled_policy_text_is_refused_or_read_and_never_hangs(cut: int, put: bytes) -> None:
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": [f"{ARN}orders/?", "*"],
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Null": {"aws:Referer": True}},
    }
    whole = wire.encode(read_policy({"Statement": [statement]}))
    mangled = whole[: cut % len(whole)] + put + whole[cut % len(whole) + 1 :]
    try:
        verdict = script().judge_text(mangled)
    except LuaError:
        return
    assert verdict in ("allow", "deny", "explicit_deny")


HOSTILE: Final = {
    "many denies": ("Deny", [f"*Q{number}*" for number in range(200)]),
    "many allows": ("Allow", [f"*a*Q{number}*" for number in range(1000)]),
    "many pieces": ("Deny", ["*" + "a*" * 250 + "Q*"] * 3),
    "pieces of an allow": ("Allow", ["*" + "a*" * 250 + "Q*"] * 15),
    "a gap": ("Deny", ["*a?b*"] * 100),
    "gaps": ("Deny", ["*" + "a?" * 200 + "b*"] * 100),
    "gaps between stars": ("Deny", ["*" + "?*" * 250 + "Q"] * 3),
    "gaps at both ends": ("Allow", ["arn:" + "?a" * 200 + "*" + "a?" * 50] * 500),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_policy_and_path_take_bounded_work(name: str) -> None:
    effect, resources = HOSTILE[name]
    policy = read_policy({"Statement": {"Effect": effect, "Action": "*", "Resource": resources}})
    arn = (ARN + "a" * 1600)[:1600]
    readings = (arn,) * (READINGS - 1)
    assert 0 < script().instructions(policy, arn, readings, FACTS) < MOST


def test_hostile_conditions_take_bounded_work() -> None:
    like = {"StringLike": {"aws:UserAgent": "*Q*"}}
    wide = {"StringLike": {"aws:UserAgent": ["*a?b*"] * 999}}
    for resources, condition, count in (("*", wide, 1), ("*a", like, 500)):
        statement = {"Effect": "Allow", "Action": "*", "Resource": resources, "Condition": condition}
        policy = read_policy({"Statement": [statement] * count})
        assert script().instructions(policy, f"{ARN}a", (), FACTS) < MOST


def test_the_work_grows_with_the_path_and_not_with_its_square() -> None:
    policy = read_policy({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*a*a*a?b*a*"}})
    short = script().instructions(policy, ARN + "a" * 100, (), FACTS)
    long = script().instructions(policy, ARN + "a" * 200, (), FACTS)
    assert long < 2.2 * short


def test_a_usual_hit_is_a_few_hundred_instructions() -> None:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:execute-api:us-east-1:1:api/prod/*"}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:execute-api:*:*:api/*/DELETE/*"}
    policy = read_policy({"Statement": [deny, allow]})
    assert script().judge(policy, f"{ARN}orders/7", (), FACTS) == "allow"
    assert script().instructions(policy, f"{ARN}orders/7", (), FACTS) < 300


def test_an_arn_that_is_too_long_is_allowed_nothing() -> None:
    policy = read_policy({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    for size, verdict in ((1600, "allow"), (1601, "deny")):
        arn = (ARN + "a" * 1601)[:size]
        assert script().judge(policy, arn, (), FACTS) == judge(policy, arn, (), FACTS).verdict == verdict


@pytest.mark.parametrize(("count", "verdict"), [(9, "allow"), (10, "deny")])
def test_a_path_with_more_readings_than_can_be_looked_at_is_allowed_nothing(count: int, verdict: str) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": ["arn:*b*c*d*e"] * 50}  # a weight of 2 each
    policy = read_policy({"Statement": [deny, {"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    readings = (f"{ARN}a/",) * count
    assert script().judge(policy, f"{ARN}a", readings, FACTS) == verdict
    assert judge(policy, f"{ARN}a", readings, FACTS).verdict == verdict


def test_many_readings_of_a_long_path_take_bounded_work() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": [f"*a*Q{number}*" for number in range(20)]}
    policy = read_policy({"Statement": [deny, {"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    arn = (ARN + "a" * 1600)[:1600]
    assert script().judge(policy, arn, (arn,) * 49, FACTS) == "allow"
    assert script().instructions(policy, arn, (arn,) * 49, FACTS) < MOST


def test_a_fact_that_is_malformed_ends_the_judgement() -> None:
    class Broken(Facts):
        def find(self, key: str) -> str | None:
            assert key == "aws:currenttime"
            return "soon"

    condition = {"DateGreaterThan": {"aws:CurrentTime": "2020"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    with pytest.raises(LuaError):
        script().judge(read_policy({"Statement": statement}), ARN, (), Broken(now_ms=0))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "255.255.255.255",
        "::",
        "::1",
        "2001:db8::",
        "1:2:3:4:5:6:7:8",
        "::ffff:1.2.3.4",
    ],
)
def test_an_address_is_read(address: str) -> None:
    parsed = ipaddress.ip_address(address)
    number = int(parsed) if parsed.version == 6 else int(parsed) + (0xFFFF << 32)
    assert script().ip_hex(address) == f"{number:032x}"


def test_the_zone_of_an_address_does_not_count() -> None:
    assert script().ip_hex("fe80::1%eth0") == script().ip_hex("FE80::1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7:8::",
        "g::",
        "[::1]",
    ],
)
def test_what_is_no_address_is_told_apart(text: str) -> None:
    assert script().ip_hex(text) is None
