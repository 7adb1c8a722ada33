"""The policy text is a list of netstrings, statements that deny first."""

from __future__ import annotations

from authorizers.policies import allow, deny, policy, statement
from gateline.authorizers.wire import encode


def test_a_policy_is_written() -> None:
    assert encode(policy(allow("*"))) == b"1:11:A1:01:11:*1:0"


def test_statements_that_deny_come_first_and_keep_their_order() -> None:
    text = encode(policy(allow("arn:a"), deny("arn:b"), allow("arn:c"), deny("arn:d")))
    assert [text.index(each) for each in (b"arn:b", b"arn:d", b"arn:a", b"arn:c")] == sorted(
        text.index(each) for each in (b"arn:a", b"arn:b", b"arn:c", b"arn:d")
    )


def test_not_resource_and_conditions_are_written() -> None:
    condition = {"StringNotEqualsIgnoreCaseIfExists": {"aws:UserAgent": ["a", "é"]}}
    text = encode(policy(statement("Deny", Resource=None, NotResource="arn:x", Condition=condition)))
    assert text == "1:11:D1:11:15:arn:x1:12:eq3:nie13:aws:useragent1:21:a2:é".encode()


def test_lengths_are_bytes() -> None:
    assert b"6:arn:\xc3\xa9" in encode(policy(allow("arn:é")))
