"""What authorizers may not answer (api-gateway.md 10.2; attacks.md E9, E10): closed by 500, and never kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.guarded_gateway import Guarded, Json, allow, authorization, bearer, deny, policy
from harness.raw_client import Answer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

GOOD = policy(allow("*"))
DOCUMENT = GOOD["policyDocument"]


def is_failure(answer: Answer) -> bool:
    """Whether it is Amazon's answer to an authorizer that failed."""
    named = answer.all(b"x-amzn-errortype") == [b"AuthorizerConfigurationException"]
    return (answer.status, answer.body, named) == (500, b'{"message":null}', True)


def changed(**changes: Any) -> Json:
    """The good answer with other members; None takes one away."""
    return {name: value for name, value in (GOOD | changes).items() if value is not None}


def of_document(**changes: Any) -> Json:
    """The good answer with another document."""
    return changed(policyDocument={k: v for k, v in (DOCUMENT | changes).items() if v is not None})


def of_statement(**changes: Any) -> Json:
    """The good answer with another statement."""
    return of_document(Statement=[{k: v for k, v in (allow("*") | changes).items() if v is not None}])


WRONG: dict[str, Any] = {
    "nothing": None,
    "text": "allow",
    "a number": 1,
    "true": True,
    "a list": [GOOD],
    "an empty object": {},
    "the answer of an HTTP API": {"isAuthorized": True},
    "the answer of an HTTP API in text": {"isAuthorized": "false"},
    "no principal": changed(principalId=None),
    "a principal that is a number": changed(principalId=7),
    "a principal that is an object": changed(principalId={"id": "alice"}),
    "no document": changed(policyDocument=None),
    "a document as text": changed(policyDocument=json.dumps(DOCUMENT)),
    "a document that is a list": changed(policyDocument=[DOCUMENT]),
    "no statement": of_document(Statement=None),
    "no statements": of_document(Statement=[]),
    "a statement as text": of_document(Statement="Allow"),
    "an unknown version": of_document(Version="2013-10-17"),
    "an unknown element of the document": of_document(Principal="*"),
    "no effect": of_statement(Effect=None),
    "an effect in small letters": of_statement(Effect="allow"),
    "no action": of_statement(Action=None),
    "no resource": of_statement(Resource=None),
    "an empty resource": of_statement(Resource=""),
    "a resource that is a path": of_statement(Resource="/token"),
    "both resource and its negation": of_statement(NotResource="*"),
    "an unknown element": of_statement(Ressource="*"),
    "a principal in the statement": of_statement(Principal="*"),
    "an unknown operator": of_statement(Condition={"StringMatches": {"aws:UserAgent": "x"}}),
    "an operator for several values": of_statement(
        Condition={"ForAllValues:StringEquals": {"aws:TagKeys": "x"}}
    ),
    "a condition on no key": of_statement(Condition={"StringEquals": {}}),
    "no address": of_statement(Condition={"IpAddress": {"aws:SourceIp": "everywhere"}}),
    "a policy variable": of_statement(Resource="arn:aws:execute-api:*:*:${aws:username}/*"),
    "context that holds an object": changed(context={"user": {"id": 1}}),
    "context that holds a list": changed(context={"roles": ["admin"]}),
    "context that holds null": changed(context={"role": None}),
    "context that is text": changed(context="admin"),
    "context that ends a header": changed(context={"user": "alice\r\nX-Admin: 1"}),
    "context with a line feed": changed(context={"user": "alice\nX-Admin: 1"}),
    "context with a NUL": changed(context={"user": "alice\0"}),
    "a key of context that ends a header": changed(context={"user\r\nX-Admin": "1"}),
    "a principal that ends a header": changed(principalId="alice\r\nX-Admin: 1"),
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG)
def test_a_malformed_answer_closes_the_method_and_is_not_kept(guarded: Guarded, answer: Any) -> None:
    line = authorization(say=answer)
    for _ in range(2):
        assert is_failure(guarded.get(b"/prod/token", line))
    assert len(guarded.calls()) == 2
    assert guarded.seen() == []


def test_what_is_wrong_with_an_answer_is_told_to_the_operator_and_to_nobody_else(guarded: Guarded) -> None:
    answer = guarded.get(b"/prod/token", authorization(say=changed(context={"roles": ["admin"]})))
    assert b"roles" not in answer.raw
    line = guarded.gateway.output.wait_for(answer.one(b"x-amzn-requestid").decode())
    assert guarded.gateway.output.wait_for("context.'roles'")
    assert "admin" not in line


@pytest.mark.parametrize(
    "message", ["boom", "unauthorized", "Unauthorized ", "Unauthorized: token expired", ""]
)
def test_whatever_else_is_raised_is_a_failure(guarded: Guarded, message: str) -> None:
    line = authorization(**{"raise": message})
    for _ in range(2):
        assert is_failure(guarded.get(b"/prod/token", line))
    assert len(guarded.calls()) == 2
    assert guarded.seen() == []


@pytest.mark.parametrize("size", [9_000, 200_000, 7_000_000])
def test_a_context_that_is_too_large_is_a_failure(guarded: Guarded, size: int) -> None:
    line = authorization(say=policy(allow("*"), context={"big": "$BIG"}), big=size)
    for _ in range(2):
        assert is_failure(guarded.get(b"/prod/mapped/1", line))
    assert len(guarded.calls()) == 2
    assert guarded.seen() == []
    assert guarded.status(b"/prod/token", bearer(allow("*"))) == 200


def test_a_policy_that_is_too_much_to_judge_is_a_failure(guarded: Guarded) -> None:
    globs = [f"arn:aws:execute-api:*:{number}*" for number in range(30)]
    line = authorization(say=policy(*[deny(*globs)] * 20, allow("*")))
    assert is_failure(guarded.get(b"/prod/token", line))


def test_a_failure_of_one_caller_is_none_of_another(guarded: Guarded) -> None:
    assert is_failure(guarded.get(b"/prod/token", authorization(say={})))
    assert guarded.status(b"/prod/token", bearer(allow("*"))) == 200
