"""The script's evaluator of policies and the Python one agree on any policy, request and facts."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane.policy_script import PolicyScript
from gateline.authorizers.facts import Facts
from gateline.authorizers.judgement import judge
from gateline.authorizers.policy import read_policy
from gateline.authorizers.values import ip_hex

NOW: Final = 1_750_000_000_123
ARN: Final = "arn:aws:execute-api:eu-west-1:123456789012:orders/prod/"

PATHS: Final = st.one_of(
    st.text("ab/.*?é%-", max_size=12),
    st.sampled_from(["", "orders", "orders/7", "orders/77/lines", "ORDERS/7", "aaaaaaaaaaaaaaaaaaab"]),
)
ARNS: Final = st.builds(f"{ARN}{{}}/{{}}".format, st.sampled_from(["GET", "DELETE"]), PATHS)


@st.composite
def globs_near(draw: st.DrawFn, arn: str) -> str:
    """The ARN with runs of it replaced by wildcards or letters, so that about as many match as do not."""
    glob = arn
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(4, len(glob)))
        end = draw(st.integers(start, min(len(glob), start + 12)))
        glob = (
            glob[:start]
            + draw(st.sampled_from(["*", "?", "??", "*?", "?*", "*a?b*", "", "b", "/"]))
            + glob[end:]
        )
    return draw(st.sampled_from([glob, glob, glob, "*", "arn:*", f"{glob}*"]))


@cache
def conditions() -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of every operator, on keys that are there, absent and unknown."""
    texts = st.one_of(
        st.text("abAB/*?é 1.0", max_size=8), st.sampled_from(["Agent/1.0", "agent/*", "*1.?", "true"])
    )
    addresses = st.one_of(
        st.sampled_from(
            ["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "::/0", "2001:db8::/33", "::ffff:10.1.2.3/127"]
        ),
        st.builds("10.1.{}.0/{}".format, st.integers(0, 3), st.integers(9, 32)),
    )
    seconds = st.integers(NOW // 1000 - 1, NOW // 1000 + 1)
    dates = st.one_of(
        seconds, st.sampled_from(["2026", "2025-06-15T15:06:40.123Z", "2025-06-15T17:06:40+02:00"])
    )
    others = st.sampled_from(["aws:PrincipalArn", "aws:SourceVpce", "aws:Unheard", "s3:prefix"])

    def blocks(
        names: str, keys: list[str], values: st.SearchStrategy[Any]
    ) -> st.SearchStrategy[dict[str, Any]]:
        key = st.one_of(st.sampled_from(keys), st.sampled_from(keys), others)
        listed = st.one_of(values, st.lists(values, min_size=1, max_size=3))
        operator = st.builds(
            str.__add__, st.sampled_from(names.split()), st.sampled_from(["", "", "IfExists"])
        )
        return st.dictionaries(operator, st.dictionaries(key, listed, min_size=1, max_size=2), max_size=2)

    comparisons = "{0}Equals {0}NotEquals {0}LessThan {0}LessThanEquals {0}GreaterThan {0}GreaterThanEquals"
    strings = "StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase"
    times = ["aws:CurrentTime", "AWS:EpochTime"]
    booleans = st.sampled_from([True, False, "true", "FALSE"])
    present = ["aws:SourceIp", "aws:UserAgent", "aws:CurrentTime", "aws:SecureTransport"]
    nulls = st.dictionaries(st.just("Null"), st.dictionaries(st.sampled_from(present), booleans, min_size=1))
    return st.one_of(
        blocks(f"{strings} StringLike StringNotLike", ["aws:UserAgent", "aws:Referer"], texts),
        blocks("IpAddress NotIpAddress", ["aws:SourceIp"], addresses),
        blocks(strings, ["aws:SourceIp"], st.sampled_from(["10.1.2.3", "::1"])),
        blocks("Bool StringEquals", ["aws:SecureTransport"], booleans),
        blocks(comparisons.format("Numeric"), times, seconds),
        blocks(comparisons.format("Date"), times, dates),
        blocks("ArnLike ArnNotLike ArnEquals ArnNotEquals", ["aws:SourceArn"], texts),
        nulls,
    )


@st.composite
def statements(draw: st.DrawFn, arn: str) -> dict[str, Any]:
    """A statement as an authorizer writes it."""
    listed = draw(st.lists(globs_near(arn), min_size=1, max_size=4))
    statement: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        "Action": "execute-api:Invoke",
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): listed,
    }
    if draw(st.booleans()):
        statement["Condition"] = draw(conditions())
    return statement


FACTS: Final = st.builds(
    Facts,
    source_ip=st.sampled_from(
        ["10.1.2.3", "10.1.2.4", "203.0.113.9", "2001:db8::1", "::ffff:10.1.2.3", "", "no"]
    ),
    now_ms=st.sampled_from([NOW, NOW - 123, NOW + 1000]),
    secure_transport=st.booleans(),
    user_agent=st.one_of(st.none(), st.text("abAB/*?é 1.0", max_size=8), st.just("Agent/1.0")),
    referer=st.one_of(st.none(), st.text("abAB/*?é 1.0", max_size=8)),
)


@cache
def script() -> PolicyScript:
    return PolicyScript()


@settings(max_examples=300, deadline=None)
@given(data=st.data(), facts=FACTS, readings=st.lists(ARNS, max_size=4))
def test_both_evaluators_judge_alike(data: st.DataObject, facts: Facts, readings: list[str]) -> None:
    arn = data.draw(ARNS)
    near = st.sampled_from([arn, *readings])
    document = {
        "Version": "2012-10-17",
        "Statement": data.draw(st.lists(near.flatmap(statements), min_size=1)),
    }
    policy = read_policy(document)
    assert script().judge(policy, arn, readings, facts) == judge(policy, arn, readings, facts).verdict


@settings(max_examples=100, deadline=None)
@given(
    globs=st.lists(
        st.builds(
            lambda count, end: f"arn:*{'a?' * count}{end}*",
            st.integers(1, 5),
            st.sampled_from(["b", "?b", "a"]),
        ),
        min_size=1,
        max_size=4,
    ),
    effect=st.sampled_from(["Allow", "Deny"]),
    repeated=st.integers(1, 1500),
)
def test_both_run_out_of_steps_at_the_same_glob(globs: list[str], effect: str, repeated: int) -> None:
    statement = {"Effect": effect, "Action": "*", "Resource": globs}
    last = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = read_policy({"Statement": [statement, last]})
    arn, facts = "arn:" + "a" * repeated, Facts(now_ms=NOW)
    assert script().judge(policy, arn, (arn,), facts) == judge(policy, arn, (arn,), facts).verdict


@settings(max_examples=300, deadline=None)
@given(address=st.one_of(st.ip_addresses().map(str), st.text("0123456789abcdefF:.%", max_size=24)))
def test_both_read_addresses_alike(address: str) -> None:
    assert script().ip_hex(address) == ip_hex(address)
