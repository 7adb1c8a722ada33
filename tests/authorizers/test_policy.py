"""Policies are taken in every form that IAM takes, and in no other."""

from __future__ import annotations

from typing import Any

import pytest

from authorizers.policies import allow, deny, document, policy, statement
from gateline.authorizers.element import AnswerInvalid
from gateline.authorizers.policy import Effect, read_policy


def test_statements_and_their_elements_are_one_value_or_a_list() -> None:
    single = read_policy({"Statement": statement()})
    listed = read_policy({"Statement": [statement(Action=["execute-api:Invoke"], Resource=["*"])]})
    assert single == listed
    assert single.statements[0].is_unlimited


@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17"])
def test_both_versions_are_taken(version: str) -> None:
    assert policy(allow("*"), version=version).grants


def test_a_policy_without_a_version_is_of_2008_and_has_no_variables() -> None:
    read = read_policy({"Statement": statement(Resource="arn:${aws:username}")})
    assert read.statements[0].resources == ("arn:${aws:username}",)


@pytest.mark.parametrize(
    "action", ["execute-api:Invoke", "EXECUTE-API:invoke", "execute-api:*", "*", "execute-api:Inv?ke"]
)
def test_actions_that_hold_invoke(action: str) -> None:
    assert policy(statement(Action=["s3:GetObject", action])).grants
    assert not policy(statement(Action=None, NotAction=["s3:GetObject", action])).statements


@pytest.mark.parametrize(
    "action", ["s3:*", "execute-api:InvalidateCache", "execute-api:Invok", "execute-api:ManageConnections"]
)
def test_statements_about_other_actions_are_left_out(action: str) -> None:
    read = policy(deny("*", Action=action))
    assert read.statements == ()
    assert read.ignored[0].reason == "its actions do not hold execute-api:Invoke"
    assert policy(statement(Action=None, NotAction=action)).grants


def test_an_allow_under_an_unknown_key_is_left_out() -> None:
    for operator in ("StringEquals", "StringNotEqualsIfExists", "Null"):
        read = policy(allow("*", Sid="mine", Condition={operator: {"aws:Unheard": "true"}}))
        assert not read.grants
        assert (read.ignored[0].sid, read.ignored[0].effect) == ("mine", Effect.ALLOW)
        assert "'aws:unheard'" in read.ignored[0].reason


def test_of_a_deny_only_the_condition_on_an_unknown_key_is_left_out() -> None:
    condition = {"StringEquals": {"aws:Unheard": "a"}, "Bool": {"aws:SecureTransport": False}}
    [read] = policy(deny("*", Condition=condition)).statements
    assert [each.key for each in read.conditions] == ["aws:securetransport"]
    assert [each.key for each in read.left_out] == ["aws:unheard"]


def test_the_place_and_sid_of_a_statement_are_kept() -> None:
    read = policy(statement(Action="s3:*"), allow("*", Sid="second"))
    assert [(each.index, each.sid) for each in read.statements] == [(1, "second")]
    assert [each.index for each in read.ignored] == [0]


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "arn:aws:execute-api:*:*:*",
        "*/*",
        "?rn:*",
        "ar*",
        "arn:aws:execute-api:us-east-1:1:a/*/GET/${$}x",
    ],
)
def test_resources_that_may_match_an_arn(resource: str) -> None:
    assert policy(allow(resource)).statements


@pytest.mark.parametrize(
    "resource",
    [
        "",
        "GET/*",
        "orders",
        "a1b2c3d4e5/prod/GET/*",
        "arn",
        " arn:aws:x",
        "ARN:aws:*",
        None,
        1,
        {},
        [],
        [[]],
        "\ud83d",
        "arn:" + "a" * 509,
        "arn:${aws:username}",
        "arn:${*}",
    ],
)
@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_a_malformed_resource_is_refused(element: str, resource: object) -> None:
    block = statement(Resource=None) | {element: resource}
    with pytest.raises(AnswerInvalid, match=rf"^policyDocument\.Statement\[0\]\.{element}"):
        policy(block)


@pytest.mark.parametrize(
    "action",
    [
        "",
        "Invoke",
        "execute-api",
        ":Invoke",
        "execute-api:",
        "exec*:Invoke",
        "**",
        "a:b c",
        None,
        [],
        1,
        ["*", 1],
    ],
)
@pytest.mark.parametrize("element", ["Action", "NotAction"])
def test_a_malformed_action_is_refused(element: str, action: object) -> None:
    block = statement(Action=None) | {element: action}
    with pytest.raises(AnswerInvalid, match=rf"^policyDocument\.Statement\[0\]\.{element}"):
        policy(block)


@pytest.mark.parametrize("effect", ["allow", "ALLOW", "", "Permit", None, True, ["Allow"]])
def test_the_effect_is_allow_or_deny_in_these_letters(effect: object) -> None:
    with pytest.raises(AnswerInvalid, match="Effect: expected Allow or Deny"):
        policy({**statement(), "Effect": effect})


@pytest.mark.parametrize(
    "block",
    [
        statement(Action=None),
        statement(NotAction="s3:*"),
        statement(Resource=None),
        statement(NotResource="arn:x"),
        statement(Principal="*"),
        statement(NotPrincipal="*"),
        {**statement(), "effect": "Deny"},
        statement(resource="*"),
        {**statement(), "Sid": None},
        {**statement(), "Condition": None},
        {**statement(), "Condition": []},
        {name: value for name, value in statement().items() if name != "Effect"},
        "Allow",
        None,
        [],
    ],
)
def test_a_malformed_statement_is_refused(block: Any) -> None:
    with pytest.raises(AnswerInvalid, match=r"^policyDocument\.Statement"):
        policy(block)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "{}",
        [],
        {},
        {"Version": "2012-10-17"},
        {"Statement": []},
        {"Statement": None},
        {"Version": "2012-10-18", "Statement": statement()},
        {"Version": 2012, "Statement": statement()},
        {"Version": None, "Statement": statement()},
        {"Version": [], "Statement": statement()},
        {"Id": None, "Statement": statement()},
        {"statement": statement(), "Statement": statement()},
    ],
)
def test_a_malformed_policy_is_refused(broken: object) -> None:
    with pytest.raises(AnswerInvalid, match=r"^policyDocument"):
        read_policy(broken)


def test_a_statement_that_is_left_out_must_be_well_formed_too() -> None:
    with pytest.raises(AnswerInvalid):
        policy(allow("*"), statement(Action="s3:*", Resource="nothing"))


@pytest.mark.parametrize(
    "block",
    [
        allow(*["arn:a"] * 1000),
        deny(*["arn:a"] * 200),
        statement(Resource=None, NotResource=["arn:a"] * 200),
        allow(*["arn:*a*b*c*"] * 500),
        allow("*", Condition={"StringLike": {"aws:UserAgent": ["a"] * 999}}),
    ],
)
def test_a_policy_has_a_bound(block: dict[str, Any]) -> None:
    assert policy(block).statements
    with pytest.raises(AnswerInvalid, match="too much to judge"):
        policy(block, allow("arn:a"))


def test_an_id_is_taken() -> None:
    assert read_policy({"Id": "mine", **document(allow("*"))}).grants
