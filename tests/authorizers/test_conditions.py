"""Conditions are brought to the script's operators, or refused where IAM or the script could not judge them."""

from __future__ import annotations

import pytest

from gateline.authorizers.conditions import Condition, Operator, read_conditions
from gateline.authorizers.element import AnswerInvalid


def read(operator: str, key: str = "aws:UserAgent", value: object = "a") -> Condition:
    """The one condition of a block."""
    [condition] = read_conditions({operator: {key: value}}, "Condition", has_variables=True)
    return condition


@pytest.mark.parametrize(
    ("written", "operator", "flags"),
    [
        ("StringEquals", Operator.EQ, ""),
        ("StringNotEquals", Operator.EQ, "n"),
        ("StringEqualsIgnoreCase", Operator.EQ, "i"),
        ("StringNotEqualsIgnoreCase", Operator.EQ, "ni"),
        ("StringLike", Operator.LIKE, ""),
        ("StringNotLike", Operator.LIKE, "n"),
        ("StringNotLikeIfExists", Operator.LIKE, "ne"),
        ("StringEqualsIgnoreCaseIfExists", Operator.EQ, "ie"),
    ],
)
def test_operators_on_text(written: str, operator: Operator, flags: str) -> None:
    condition = read(written)
    said = (condition.negated, condition.ignores_case, condition.if_exists)
    assert (condition.operator, said) == (operator, tuple(each in flags for each in "nie"))


@pytest.mark.parametrize(
    ("written", "key", "value", "operator", "values"),
    [
        ("IpAddress", "aws:SourceIp", "::/0", Operator.IP, ("0" * 32 + "/0",)),
        ("StringEquals", "aws:SourceIp", "::", Operator.IP, ("0" * 32 + "/128",)),
        ("StringEqualsIgnoreCase", "aws:SourceIp", "::", Operator.IP, ("0" * 32 + "/128",)),
        ("Bool", "aws:SecureTransport", True, Operator.BOOL, ("true",)),
        ("Bool", "aws:SecureTransport", ["True", False], Operator.BOOL, ("true", "false")),
        ("StringEquals", "aws:SecureTransport", True, Operator.EQ, ("true",)),
        ("Null", "aws:Referer", "true", Operator.NULL, ("true",)),
        ("NumericLessThan", "aws:EpochTime", 5, Operator.NUM_LT, ("5",)),
        ("NumericGreaterThanEquals", "aws:EpochTime", "5", Operator.NUM_GE, ("5",)),
        ("DateLessThanEquals", "aws:CurrentTime", "1970-01-02", Operator.DATE_LE, ("86400000",)),
        ("DateGreaterThan", "aws:EpochTime", 1_000_000_000, Operator.DATE_GT, ("1000000000000",)),
        ("ArnLike", "aws:SourceArn", "arn:*", Operator.LIKE, ("arn:*",)),
        ("NumericEquals", "aws:MultiFactorAuthAge", 1, Operator.NUM_EQ, ("1",)),
    ],
)
def test_values_are_read_as_the_operator_and_the_key_want(
    written: str, key: str, value: object, operator: Operator, values: tuple[str, ...]
) -> None:
    condition = read(written, key, value)
    assert (condition.operator, condition.values, condition.key) == (operator, values, key.lower())


@pytest.mark.parametrize("key", ["aws:PrincipalArn", "aws:PrincipalTag/team", "AWS:sourcevpce"])
def test_keys_that_such_requests_never_have_are_known(key: str) -> None:
    assert read("StringEquals", key).is_known


@pytest.mark.parametrize("key", ["aws:Unheard", "s3:prefix", "aws:PrincipalAccount", "my:key"])
def test_other_keys_are_not_known(key: str) -> None:
    assert not read("StringEquals", key).is_known


@pytest.mark.parametrize(
    "operator",
    [
        "",
        "stringequals",
        "StringEqual",
        "BinaryEquals",
        "NullIfExists",
        "IfExists",
        "StringEqualsIfExistsIfExists",
        "StringLikeIgnoreCase",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
    ],
)
def test_an_unknown_operator_is_refused(operator: str) -> None:
    with pytest.raises(AnswerInvalid, match="not a condition operator that is supported"):
        read(operator)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("IpAddress", "aws:UserAgent", "10.0.0.0/8"),
        ("StringLike", "aws:SourceIp", "10.*"),
        ("StringEquals", "aws:CurrentTime", "2025-06-15"),
        ("NumericEquals", "aws:UserAgent", 1),
        ("DateEquals", "aws:Referer", "2025"),
        ("Bool", "aws:UserAgent", True),
        ("ArnLike", "aws:CurrentTime", "arn:*"),
    ],
)
def test_an_operator_that_does_not_fit_the_key_is_refused(operator: str, key: str, value: object) -> None:
    with pytest.raises(AnswerInvalid, match="the operator does not fit, the key is"):
        read(operator, key, value)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("IpAddress", "aws:SourceIp", "10.0.0.0/33"),
        ("IpAddress", "aws:SourceIp", "somewhere"),
        ("StringEquals", "aws:SourceIp", "10.0.0.0/8"),
        ("Bool", "aws:SecureTransport", "yes"),
        ("Null", "aws:Referer", 0),
        ("NumericEquals", "aws:EpochTime", "soon"),
        ("DateEquals", "aws:CurrentTime", "soon"),
        ("StringEquals", "aws:UserAgent", None),
        ("StringEquals", "aws:UserAgent", {}),
        ("StringEquals", "aws:UserAgent", []),
        ("StringEquals", "aws:UserAgent", [["a"]]),
        ("StringEquals", "aws:UserAgent", "a" * 513),
        ("StringEquals", "aws:UserAgent", "\ud83d"),
        ("StringEquals", "aws:UserAgent", "${aws:username}"),
        ("StringEquals", "aws:Unheard", "${aws:username}"),
    ],
)
def test_a_malformed_value_is_refused_and_its_place_told(operator: str, key: str, value: object) -> None:
    with pytest.raises(AnswerInvalid, match=rf"^Condition\.'{operator}'\.'{key}'"):
        read(operator, key, value)


@pytest.mark.parametrize("key", ["", "SourceIp", ":", "aws:", "aws:\n", "aws:é", "aws:\ud83d"])
def test_a_malformed_key_is_refused(key: str) -> None:
    with pytest.raises(AnswerInvalid, match="expected a condition key"):
        read("StringEquals", key)


@pytest.mark.parametrize(
    "block",
    [None, [], "a", {"StringEquals": None}, {"StringEquals": []}, {"StringEquals": {}}],
)
def test_a_malformed_block_is_refused(block: object) -> None:
    with pytest.raises(AnswerInvalid):
        read_conditions(block, "Condition", has_variables=True)


def test_one_key_in_two_spellings_is_refused() -> None:
    block = {"StringEquals": {"aws:UserAgent": "a", "AWS:useragent": "b"}}
    with pytest.raises(AnswerInvalid, match="once"):
        read_conditions(block, "Condition", has_variables=True)


def test_several_operators_and_keys_are_several_conditions() -> None:
    block = {"StringLike": {"aws:UserAgent": "a*", "aws:Referer": "b"}, "Bool": {"aws:SecureTransport": True}}
    conditions = read_conditions(block, "Condition", has_variables=True)
    assert [each.shown for each in conditions] == [
        "StringLike 'aws:useragent'",
        "StringLike 'aws:referer'",
        "Bool 'aws:securetransport'",
    ]


def test_no_condition_is_an_empty_block() -> None:
    assert read_conditions({}, "Condition", has_variables=True) == ()
