"""What a policy allows (api-gateway.md section 10.4): judged by Envoy for each request anew."""

from __future__ import annotations

from typing import Any

import pytest

from harness.guarded_gateway import Guarded, Json, allow, authorization, bearer, deny, policy, statement
from harness.raw_client import Answer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

PREFIX = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod/"
DENIED = b'{"Message":"User is not authorized to access this resource"}'
EXPLICITLY_DENIED = b'{"Message":"User is not authorized to access this resource with an explicit deny"}'


def verdict(answer: Answer) -> str:
    """Allowed, or one of Amazon's two refusals."""
    if answer.status == 200:
        return "allow"
    assert (answer.status, answer.one(b"x-amzn-errortype")) == (403, b"AccessDeniedException"), answer.raw
    return {DENIED: "nothing allows", EXPLICITLY_DENIED: "deny"}[answer.body]


ALLOWED = allow("*")
OTHER = PREFIX + "POST/token"

CASES: dict[str, tuple[list[Json], str]] = {
    "everything": ([ALLOWED], "allow"),
    "the arn of the event": ([allow("$ARN")], "allow"),
    "the arn spelled out": ([allow(PREFIX + "GET/token/7")], "allow"),
    "Amazon's common wildcard": ([allow("arn:aws:execute-api:*:*:*")], "allow"),
    "wildcards in each piece": ([allow("arn:aws:execute-api:*:*:*/*/GET/token/*")], "allow"),
    "a wildcard crosses slashes": ([allow("arn:aws:execute-api:*/7")], "allow"),
    "a question mark is one character": ([allow(PREFIX + "GET/token/?")], "allow"),
    "a question mark is not none": ([allow(PREFIX + "GET/token/7?")], "nothing allows"),
    "two question marks": ([allow(PREFIX + "GET/token/??")], "nothing allows"),
    "a dot is a dot": ([allow(PREFIX.replace("a1b2c3d4e5", "a1b2c3d4e.") + "*")], "nothing allows"),
    "case counts": ([allow(PREFIX + "get/token/7")], "nothing allows"),
    "another verb": ([allow(PREFIX + "POST/token/7")], "nothing allows"),
    "another stage": ([allow(PREFIX.replace("/prod/", "/test/") + "*")], "nothing allows"),
    "another api": ([allow(PREFIX.replace("a1b2c3d4e5", "other") + "*")], "nothing allows"),
    "another account": ([allow(PREFIX.replace("123456789012", "210987654321") + "*")], "nothing allows"),
    "a prefix is not enough": ([allow(PREFIX + "GET/token")], "nothing allows"),
    "no bracket expressions": ([allow(PREFIX + "GET/token/[0-9]")], "nothing allows"),
    "several resources": ([allow(OTHER, PREFIX + "GET/token/7")], "allow"),
    "a deny over an allow": ([ALLOWED, deny("$ARN")], "deny"),
    "a deny before an allow": ([deny("$ARN"), ALLOWED], "deny"),
    "a deny of another": ([ALLOWED, deny(OTHER)], "allow"),
    "a deny of everything": ([deny("*")], "deny"),
    "a deny with wildcards": ([ALLOWED, deny("arn:aws:execute-api:*:*:*/*/GET/*")], "deny"),
    "two allows": ([allow(OTHER), allow("$ARN")], "allow"),
    "all actions": ([allow("*", Action="*")], "allow"),
    "all actions of the service": ([allow("*", Action="execute-api:*")], "allow"),
    "an action of any case": ([allow("*", Action="EXECUTE-API:invoke")], "allow"),
    "a list of actions": ([allow("*", Action=["s3:GetObject", "execute-api:Invoke"])], "allow"),
    "another action": ([allow("*", Action="s3:GetObject")], "nothing allows"),
    "another action of the service": ([allow("*", Action="execute-api:InvalidateCache")], "nothing allows"),
    "a deny of another action": ([ALLOWED, deny("*", Action="s3:*")], "allow"),
    "not another action": ([statement("Allow", "*") | {"NotAction": "s3:*"}], "allow"),
    "not this action": ([statement("Allow", "*") | {"NotAction": "execute-api:*"}], "nothing allows"),
    "a deny of all but another action": ([ALLOWED, deny("*") | {"NotAction": "s3:*"}], "deny"),
    "not another resource": ([allow(NotResource=OTHER)], "allow"),
    "not this resource": ([allow(NotResource=PREFIX + "GET/*")], "nothing allows"),
    "a deny of all but another": ([ALLOWED, deny(NotResource=OTHER)], "deny"),
    "a deny of all but this": ([ALLOWED, deny(NotResource="$ARN")], "allow"),
    "an sid": ([allow("*", Sid="Any1")], "allow"),
}
for written, _ in CASES.values():
    for each in written:
        if "NotAction" in each:
            del each["Action"]


@pytest.mark.parametrize(("statements", "expected"), CASES.values(), ids=CASES)
def test_a_policy_allows(guarded: Guarded, statements: list[Json], expected: str) -> None:
    line = bearer(*statements)
    for _ in range(2):  # as the function says it, and as it is remembered
        assert verdict(guarded.get(b"/prod/token/7", line)) == expected
    assert len(guarded.calls()) == 1
    assert len(guarded.seen()) == (2 if expected == "allow" else 0)


IP = {"aws:SourceIp": "127.0.0.0/8"}
NOWHERE = {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}
PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"

CONDITIONS: dict[str, tuple[Json, bool]] = {
    "address": ({"IpAddress": IP}, True),
    "one of several addresses": ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}, True),
    "another address": ({"IpAddress": NOWHERE}, False),
    "not another address": ({"NotIpAddress": NOWHERE}, True),
    "not this address": ({"NotIpAddress": IP}, False),
    "key of any case": ({"IpAddress": {"AWS:sourceIP": "127.0.0.1/32"}}, True),
    "user agent": ({"StringEquals": {"aws:UserAgent": "tester/1"}}, True),
    "user agent of another case": ({"StringEquals": {"aws:UserAgent": "Tester/1"}}, False),
    "user agent of any case": ({"StringEqualsIgnoreCase": {"aws:UserAgent": "Tester/1"}}, True),
    "not a user agent": ({"StringNotEquals": {"aws:UserAgent": ["a", "b"]}}, True),
    "not this user agent": ({"StringNotEquals": {"aws:UserAgent": ["a", "tester/1"]}}, False),
    "like": ({"StringLike": {"aws:UserAgent": "test*/?"}}, True),
    "not like": ({"StringNotLike": {"aws:UserAgent": "test*/?"}}, False),
    "referer": ({"StringLike": {"aws:Referer": "https://example.com/*"}}, True),
    "no tls": ({"Bool": {"aws:SecureTransport": "false"}}, True),
    "tls": ({"Bool": {"aws:SecureTransport": True}}, False),
    "after": ({"DateGreaterThan": {"aws:CurrentTime": PAST}}, True),
    "before": ({"DateLessThan": {"aws:CurrentTime": PAST}}, False),
    "between": (
        {"DateGreaterThan": {"aws:CurrentTime": PAST}, "DateLessThanEquals": {"aws:CurrentTime": FUTURE}},
        True,
    ),
    "seconds": ({"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}, True),
    "seconds, not yet": ({"NumericGreaterThan": {"aws:EpochTime": 32472144000}}, False),
    "all operators must hold": ({"IpAddress": IP, "Bool": {"aws:SecureTransport": "true"}}, False),
    "all keys must hold": ({"StringLike": {"aws:UserAgent": "*", "aws:Referer": "nowhere"}}, False),
    "absent key": ({"StringEquals": {"aws:PrincipalArn": "x"}}, False),
    "absent key, if it exists": ({"StringEqualsIfExists": {"aws:PrincipalArn": "x"}}, True),
    "absent key, negated": ({"StringNotEquals": {"aws:PrincipalArn": "x"}}, True),
    "absent key must be absent": ({"Null": {"aws:PrincipalArn": "true"}}, True),
    "absent key must exist": ({"Null": {"aws:PrincipalArn": "false"}}, False),
    "unknown key": ({"StringNotEquals": {"example:Unheard": "x"}}, False),
}


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_limits_an_allow(guarded: Guarded, condition: Json, holds: bool) -> None:
    facts = [b"User-Agent: tester/1", b"Referer: https://example.com/a"]
    line = bearer(allow("*", Condition=condition))
    for _ in range(2):
        answer = guarded.get(b"/prod/token/7", line, *facts)
        assert verdict(answer) == ("allow" if holds else "nothing allows")
    assert len(guarded.calls()) == 1


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({"IpAddress": IP}, "deny", id="holds"),
        pytest.param({"IpAddress": NOWHERE}, "allow", id="does not hold"),
        pytest.param(
            {"StringEquals": {"example:Unheard": "x"}}, "deny", id="unknown key: it holds rather too often"
        ),
        pytest.param(
            {"StringEquals": {"example:Unheard": "x"}, "IpAddress": NOWHERE},
            "allow",
            id="known key that does not hold",
        ),
    ],
)
def test_a_condition_limits_a_deny(guarded: Guarded, condition: Json, expected: str) -> None:
    line = bearer(ALLOWED, deny("*", Condition=condition))
    assert verdict(guarded.get(b"/prod/token/7", line)) == expected


def test_a_kept_policy_is_judged_by_the_facts_of_each_request(guarded: Guarded) -> None:
    line = bearer(allow("*", Condition={"StringEquals": {"aws:UserAgent": "tester/1"}}))
    agents = [b"tester/1", b"tester/2", b"tester/1"]
    verdicts = [verdict(guarded.get(b"/prod/token", line, b"User-Agent: " + agent)) for agent in agents]
    assert verdicts == ["allow", "nothing allows", "allow"]
    assert len(guarded.calls()) == 1


def test_the_allow_of_the_first_request_is_none_of_another_verb_or_path(guarded: Guarded) -> None:
    line = bearer(allow("$ARN"))
    assert verdict(guarded.get(b"/prod/token", line)) == "allow"
    assert verdict(guarded.send(b"DELETE", b"/prod/token", line)) == "nothing allows"
    assert verdict(guarded.get(b"/prod/token/7", line)) == "nothing allows"
    assert verdict(guarded.get(b"/prod/token", line)) == "allow"
    assert len(guarded.calls()) == 1
    assert len(guarded.seen()) == 2


def test_a_policy_that_denies_one_verb_only_is_kept_and_allows_the_other(guarded: Guarded) -> None:
    line = bearer(ALLOWED, deny("arn:aws:execute-api:*:*:*/*/DELETE/*"))
    for _ in range(2):
        assert verdict(guarded.send(b"DELETE", b"/prod/token/7", line)) == "deny"
        assert verdict(guarded.get(b"/prod/token/7", line)) == "allow"
    assert len(guarded.calls()) == 1


def test_decisions_are_kept_for_their_time_and_no_longer(guarded: Guarded) -> None:
    line = bearer(ALLOWED)
    assert guarded.status(b"/prod/soon-forgotten", line) == 200
    assert any(
        len(guarded.calls()) > 1 for _ in iter(lambda: guarded.status(b"/prod/soon-forgotten", line), 0)
    )
    assert len(guarded.calls()) == 2


@pytest.mark.parametrize("form", ["an object", "a list"])
@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17", None])
def test_statements_come_in_several_forms(guarded: Guarded, form: str, version: str | None) -> None:
    document: dict[str, Any] = {"Statement": ALLOWED if form == "an object" else [ALLOWED]}
    if version:
        document["Version"] = version
    line = authorization(say={"principalId": "alice", "policyDocument": document})
    assert verdict(guarded.get(b"/prod/token", line)) == "allow"


@pytest.mark.parametrize("more", [{"usageIdentifierKey": "key"}, {"context": None}, {"context": {}}])
def test_what_has_no_effect_does_no_harm(guarded: Guarded, more: Json) -> None:
    line = authorization(say=policy(ALLOWED, **more))
    for _ in range(2):
        assert verdict(guarded.get(b"/prod/token", line)) == "allow"
    assert len(guarded.calls()) == 1


def test_an_authorizer_stands_before_integrations_of_any_kind(guarded: Guarded) -> None:
    for path, host in ((b"/prod/mock", b"localhost"), (b"/prod/guarded", b"proxied.localhost")):
        assert guarded.send(b"GET", path, host=host).status == 401
        assert verdict(guarded.send(b"GET", path, bearer(deny("*")), host=host)) == "deny"
        assert guarded.send(b"GET", path, bearer(ALLOWED), host=host).status == 200
    assert [call.function for call in guarded.calls()].count("proxied") == 1


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_body_that_must_be_looked_at_waits_for_the_authorizers_word(guarded: Guarded, size: int) -> None:
    body = b'{"name": "a", "rest": "%s"}' % (b"x" * size)
    assert guarded.send(b"POST", b"/prod/never-kept", bearer(deny("*")), body=body).status == 403
    assert guarded.send(b"POST", b"/prod/never-kept", body=body).status == 401
    assert guarded.seen() == []
    assert guarded.send(b"POST", b"/prod/never-kept", bearer(allow("*")), body=body).status == 200
    [received] = guarded.seen()
    assert (received.body, received.all(b"x-name")) == (body, [b"a"])
