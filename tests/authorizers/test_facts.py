"""Facts of a request are what the script is told, and conditions hold of them as IAM says."""

from __future__ import annotations

import pytest

from authorizers.policies import FACTS
from gateline.authorizers.conditions import read_conditions
from gateline.authorizers.facts import Facts, holds
from gateline.authorizers.glob import Steps


def judged(operator: str, key: str, value: object, facts: Facts = FACTS) -> bool:
    """Whether one condition holds."""
    [condition] = read_conditions({operator: {key: value}}, "Condition", has_variables=True)
    return holds(condition, facts, Steps())


def test_facts_are_found_by_key() -> None:
    keys = ("sourceip", "currenttime", "epochtime", "securetransport", "useragent", "referer", "principalarn")
    assert [FACTS.find(f"aws:{key}") for key in keys] == [
        "00000000000000000000ffffcb007109",
        "1750000000500",
        "1750000000500",
        "true",
        "Agent/1.0",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:UserAgent", ["other", "Agent/1.0"]),
        ("StringNotEquals", "aws:UserAgent", ["other", "agent/1.0"]),
        ("StringEqualsIgnoreCase", "aws:UserAgent", "AGENT/1.0"),
        ("StringLike", "aws:UserAgent", "Agent/?.*"),
        ("StringNotLike", "aws:UserAgent", "agent/*"),
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "203.0.113.0/24"]),
        ("IpAddress", "aws:SourceIp", "203.0.113.9"),
        ("IpAddress", "aws:SourceIp", "203.0.113.8/31"),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.10/31"),
        ("StringEquals", "aws:SourceIp", "203.0.113.9"),
        ("Bool", "aws:SecureTransport", "true"),
        ("NumericEquals", "aws:EpochTime", 1_750_000_000),
        ("NumericLessThan", "aws:EpochTime", 1_750_000_000.5),
        ("NumericGreaterThan", "aws:EpochTime", 1_749_999_999),
        ("DateEquals", "aws:CurrentTime", "2025-06-15T15:06:40.500Z"),
        ("DateNotEquals", "aws:CurrentTime", "2025-06-15"),
        ("DateGreaterThan", "aws:CurrentTime", "2025-06-15T15:06:40Z"),
        ("DateLessThan", "aws:EpochTime", "2026"),
        ("Null", "aws:UserAgent", "false"),
        ("Null", "aws:Referer", True),
    ],
)
def test_a_condition_that_holds(operator: str, key: str, value: object) -> None:
    assert judged(operator, key, value)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:UserAgent", "agent/1.0"),
        ("StringNotEquals", "aws:UserAgent", ["other", "Agent/1.0"]),
        ("StringNotEqualsIgnoreCase", "aws:UserAgent", "agent/1.0"),
        ("StringLike", "aws:UserAgent", "gent*"),
        ("IpAddress", "aws:SourceIp", "::/96"),
        ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "0.0.0.0/0"]),
        ("Bool", "aws:SecureTransport", False),
        ("NumericNotEquals", "aws:EpochTime", 1_750_000_000),
        ("NumericLessThanEquals", "aws:EpochTime", 1_749_999_999),
        ("NumericGreaterThanEquals", "aws:EpochTime", 1_750_000_001),
        ("DateLessThanEquals", "aws:CurrentTime", 1_750_000_000),
        ("DateGreaterThanEquals", "aws:CurrentTime", 1_750_000_001),
        ("Null", "aws:UserAgent", True),
        ("Null", "aws:Referer", False),
    ],
)
def test_a_condition_that_does_not_hold(operator: str, key: str, value: object) -> None:
    assert not judged(operator, key, value)


@pytest.mark.parametrize(
    ("operator", "found"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("StringNotLikeIfExists", True),
    ],
)
def test_what_holds_of_a_key_that_is_absent(operator: str, found: bool) -> None:
    assert judged(operator, "aws:Referer", "a") is found
    assert judged(operator, "aws:PrincipalArn", "a") is found


def test_an_address_that_is_none_is_absent() -> None:
    unknown = Facts(source_ip="somewhere", now_ms=0)
    assert not judged("IpAddress", "aws:SourceIp", "0.0.0.0/0", unknown)
    assert judged("Null", "aws:SourceIp", True, unknown)


def test_only_ascii_letters_have_a_case() -> None:
    facts = Facts(now_ms=0, user_agent="É")
    assert not judged("StringEqualsIgnoreCase", "aws:UserAgent", "é", facts)
