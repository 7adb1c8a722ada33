"""Authorizers as the script sees them: when the host is asked, what is kept, and what the client gets."""

from __future__ import annotations

import pytest

from compile.gateways import (
    api,
    authorized,
    aws_proxy,
    compiled,
    gateway,
    http_proxy,
    mapping,
    method,
    of_request,
    token_authorizer,
)
from dataplane.asking import (
    ARN,
    GOOD,
    LATER,
    TestHost,
    allow,
    deny,
    front,
    guarded,
    netstrings,
    policy_reply,
    served,
    split,
)
from dataplane.simulated_envoy import REQUEST_ID, Outcome, SimulatedEnvoy
from gateline.dataplane import keys
from gateline.model.gateway import PathMode
from gateline.model.integration import ContextSource
from gateline.model.origin import Origin
from gateline.model.rest_api import Stage


def test_a_caller_without_a_token_is_turned_away_and_nobody_is_asked() -> None:
    host = TestHost(policy_reply(allow("*")))
    envoy = front(served(guarded()), host)
    for headers in ([], [("authorization", "")]):
        outcome = envoy.request("GET", "/dev/a/1", headers)
        assert outcome.verdict == "401 identity_missing"
        assert outcome.answer is not None
        assert outcome.answer.body == '{"message":"Unauthorized"}'
        assert outcome.answer.headers["x-amzn-errortype"] == "UnauthorizedException"
    assert host.questions == []


def test_the_host_is_asked_once_and_the_decision_kept() -> None:
    host = TestHost(policy_reply(allow("*")))
    envoy = front(served(guarded()), host)
    for _ in range(3):
        assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "orders/dev GET /a/{id}"
    assert len(host.questions) == 1


def test_the_host_is_told_who_asks_for_what() -> None:
    host = TestHost(policy_reply(allow("*")))
    front(served(guarded()), host).request("GET", "/dev/a/7/?q=1", GOOD, host="localhost:8080")
    [[scope, authorizer, key, keep, arn, token, request_id, source_ip, call, headers]] = host.questions
    assert (scope, authorizer, keep, token) == ("orders/dev", "token", "1", "Bearer good")
    assert (request_id, source_ip, call, headers) == (REQUEST_ID, "127.0.0.1", "", "0")
    assert key == netstrings("orders/dev", "token", "g1") + "Bearer good"
    assert arn == f"{ARN}/GET/a/7"


def test_a_decision_lasts_until_its_expiry_and_no_longer() -> None:
    host = TestHost(policy_reply(allow("*"), expires=1_760_000_001_000))
    envoy = front(served(guarded()), host)
    for now, asked in ((1_760_000_000_000, 1), (1_760_000_000_999, 1), (1_760_000_001_000, 2)):
        envoy.now = now
        assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "orders/dev GET /a/{id}"
        assert len(host.questions) == asked


def test_a_kept_policy_is_judged_for_each_method_and_path() -> None:
    host = TestHost(policy_reply(allow(f"{ARN}/GET/a/1")))
    envoy = front(served(guarded(), guarded("DELETE", "/a/{id}")), host)
    assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "orders/dev GET /a/{id}"
    for verb, path in (("GET", "/dev/a/2"), ("DELETE", "/dev/a/1")):
        outcome = envoy.request(verb, path, GOOD)
        assert outcome.verdict == "403 authorizer_deny"
        assert outcome.answer is not None
        assert outcome.answer.body == '{"Message":"User is not authorized to access this resource"}'
        assert outcome.answer.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert len(host.questions) == 1


def test_deny_comes_before_allow_and_says_so() -> None:
    host = TestHost(policy_reply(allow("*"), deny(f"{ARN}/GET/a/*")))
    outcome = front(served(guarded()), host).request("GET", "/dev/a/1", GOOD)
    assert outcome.verdict == "403 authorizer_explicit_deny"
    assert outcome.answer is not None
    assert outcome.answer.body == (
        '{"Message":"User is not authorized to access this resource with an explicit deny"}'
    )


@pytest.mark.parametrize(
    "path",
    [
        "/dev/a/secret/",
        "/dev/a/%73ecret",
        "/dev/a/secret;x=1",
        "/dev//a/secret",
        "/dev/a/secret%3Fx",
        "/dev/a/secret%23x",
        "/dev/a/secret%253Fx",
    ],
)
@pytest.mark.parametrize("mode", PathMode)
def test_a_deny_holds_for_every_reading_of_the_path(path: str, mode: PathMode) -> None:
    host = TestHost(policy_reply(allow("*"), deny(f"{ARN}/GET/a/secret")))
    outcome = front(served(guarded(), paths=mode), host).request("GET", path, GOOD)
    assert outcome.verdict == "403 authorizer_explicit_deny"


def test_a_trailing_slash_is_no_part_of_the_arn_but_a_deny_of_it_counts() -> None:
    host = TestHost(policy_reply(allow(f"{ARN}/GET/a/1")))
    envoy = front(served(guarded()), host)
    assert envoy.request("GET", "/dev/a/1/", GOOD).verdict == "orders/dev GET /a/{id}"
    host.reply = policy_reply(allow("*"), deny(f"{ARN}/GET/a/1/*"))
    outcome = envoy.request("GET", "/dev/a/1/", [("authorization", "other")])
    assert outcome.verdict == "403 authorizer_explicit_deny"


def test_an_allow_counts_for_the_bytes_that_were_sent_only() -> None:
    host = TestHost(policy_reply(allow(f"{ARN}/GET/a/john doe")))
    assert (
        front(served(guarded()), host).request("GET", "/dev/a/john%20doe", GOOD).verdict
        == "403 authorizer_deny"
    )
    host.reply = policy_reply(allow(f"{ARN}/GET/a/john%20doe"))
    assert (
        front(served(guarded()), host).request("GET", "/dev/a/john%20doe", GOOD).verdict
        == "orders/dev GET /a/{id}"
    )


def test_the_root_has_an_arn_that_ends_with_a_slash() -> None:
    host = TestHost(policy_reply(allow(f"{ARN}/GET/")))
    envoy = front(served(guarded("GET", "/")), host)
    for path in ("/dev", "/dev/"):
        assert envoy.request("GET", path, GOOD).verdict == "orders/dev GET /"


def test_an_arn_over_the_limit_is_refused() -> None:
    host = TestHost(policy_reply(allow("*")))
    outcome = front(served(guarded()), host).request("GET", "/dev/a/" + "x" * 1600, GOOD)
    assert outcome.verdict == "414 arn_length"


@pytest.mark.parametrize(
    ("status", "reply", "verdict"),
    [
        ("200", netstrings("unauthorized"), "401 authorizer_unauthorized"),
        ("200", netstrings("failure", "function_error"), "500 function_error"),
        ("200", netstrings("failure", "function_timeout"), "500 function_timeout"),
        ("503", "no healthy upstream", "500 authorizer_down"),
        ("500", netstrings("policy"), "500 authorizer_down"),
        ("200", "", "500 authorizer_reply"),
        ("200", "garbage", "500 authorizer_reply"),
        ("200", "9999:x", "500 authorizer_reply"),
        ("200", netstrings("policy", LATER, 1, "junk", "alice", 0), "500 authorizer_reply"),
        ("200", netstrings("policy", LATER, 1), "500 authorizer_reply"),
        ("200", netstrings("allow"), "500 authorizer_reply"),
    ],
)
def test_whatever_is_not_a_policy_is_closed_and_never_kept(status: str, reply: str, verdict: str) -> None:
    host = TestHost(reply, status)
    envoy = front(served(guarded()), host)
    for asked in (1, 2):
        outcome = envoy.request("GET", "/dev/a/1", GOOD)
        assert outcome.verdict == verdict
        assert not outcome.sealed
        assert len(host.questions) == asked
    host.reply, host.status = policy_reply(allow("*")), "200"
    assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "orders/dev GET /a/{id}"


def test_a_failure_of_the_authorizer_looks_as_it_does_at_amazon() -> None:
    outcome = front(served(guarded()), TestHost(netstrings("failure", "x"))).request("GET", "/dev/a/1", GOOD)
    assert outcome.answer is not None
    assert outcome.answer.body == '{"message":null}'
    assert outcome.answer.headers["x-amzn-errortype"] == "AuthorizerConfigurationException"


def test_nothing_of_another_generation_counts() -> None:
    host = TestHost(policy_reply(allow("*")))
    envoy = front(served(guarded()), host)
    envoy.request("GET", "/dev/a/1", GOOD)
    envoy.publish(served(guarded(), generation="g2"))
    envoy.request("GET", "/dev/a/1", GOOD)
    envoy.publish(served(guarded(), generation="g1"))
    envoy.request("GET", "/dev/a/1", GOOD)
    assert [split(question[2][: -len("Bearer good")])[2] for question in host.questions] == ["g1", "g2"]


def test_an_answer_that_comes_late_is_kept_under_the_generation_that_was_asked() -> None:
    host = TestHost(policy_reply(allow("*")))
    envoy = front(served(guarded()), host)

    def flushed_meanwhile(question: str) -> tuple[str, str]:
        envoy.publish(served(guarded(), generation="g2"))
        envoy.host = host
        return host(question)

    envoy.host = flushed_meanwhile
    assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "orders/dev GET /a/{id}"
    envoy.request("GET", "/dev/a/1", GOOD)
    assert len(host.questions) == 2


def test_a_request_that_waits_while_the_rules_change_goes_by_the_new_rules() -> None:
    host = TestHost(policy_reply(allow(f"{ARN}/GET/a/*")))
    envoy = front(served(guarded()), host)
    changed = served(guarded(path="/{any}/{id}"), guarded("GET", "/other"))

    def changed_meanwhile(question: str) -> tuple[str, str]:
        envoy.publish(changed)
        envoy.host = host
        return host(question)

    envoy.host = changed_meanwhile
    assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "orders/dev GET /{any}/{id}"
    assert len(host.questions) == 2  # the authorizer of the new rules has not said anything yet


def test_a_request_under_which_the_rules_never_rest_is_closed() -> None:
    host = TestHost(policy_reply(allow("*"), expires=0))
    envoy = front(served(guarded()), host)
    count = 0

    def ever_changing(question: str) -> tuple[str, str]:
        nonlocal count
        count += 1
        envoy.publish(served(guarded(), guarded("GET", f"/other{count}")))
        return host(question)

    envoy.host = ever_changing
    assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "500 changing"
    assert count == 3


def test_what_the_authorizer_says_reaches_the_backend_in_place_of_what_the_client_says() -> None:
    lines = (
        mapping("header.X-User", ContextSource("authorizer.principalId")),
        mapping("header.X-Tier", ContextSource("authorizer.tier")),
        mapping("header.X-None", ContextSource("authorizer.none")),
        mapping("querystring.user", ContextSource("authorizer.principalId")),
        mapping("querystring.id", of_request("path.id")),
    )
    host = TestHost(policy_reply(allow("*"), context={"tier": 3, "ok": True}))
    envoy = front(served(guarded("GET", "/a/{id}", *lines)), host)
    sent = [*GOOD, ("x-user", "evil"), ("x-none", "evil"), ("x-tier", "evil")]
    for _ in range(2):  # asked, and remembered
        outcome = envoy.request("GET", "/dev/a/1?user=evil&a=b&%75ser=evil;user=evil", sent)
        assert [outcome.header(name) for name in ("x-user", "x-tier", "x-none")] == ["alice", "3", None]
        assert outcome.path == "/x?a=b&user=alice&id=1"


def test_without_an_authorizer_nobody_says_who_the_caller_is() -> None:
    lines = (
        mapping("querystring.user", ContextSource("authorizer.principalId")),
        mapping("querystring.ip", ContextSource("identity.sourceIp")),
    )
    resources = compiled(gateway(api(method("GET", "/a", http_proxy("http://b.test/x", *lines)))))
    outcome = SimulatedEnvoy(resources).request("GET", "/dev/a?user=evil&ip=6.6.6.6&a=b")
    assert outcome.path == "/x?a=b&ip=127.0.0.1"


@pytest.mark.parametrize(
    "spelled", ["User", "+user", "%20user", "user%00", "user[]", "user%5B0%5D", "user.", "%75ser", "USER%20"]
)
def test_no_spelling_of_a_parameter_says_who_the_caller_is(spelled: str) -> None:
    line = mapping("querystring.user", ContextSource("authorizer.principalId"))
    envoy = front(served(guarded("GET", "/a/{id}", line)), TestHost(policy_reply(allow("*"))))
    outcome = envoy.request("GET", f"/dev/a/1?{spelled}=evil&username=kept", GOOD)
    assert outcome.path == "/x?username=kept&user=alice"


@pytest.mark.parametrize(
    ("forwarded", "verdict"), [("https", "orders/dev GET /a/{id}"), ("http", "403 authorizer_deny")]
)
def test_whether_the_transport_is_secure_is_not_the_clients_word(forwarded: str, verdict: str) -> None:
    statement = allow("*") | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    envoy = front(served(guarded()), TestHost(policy_reply(statement)))
    scheme = ":scheme", "https" if forwarded == "http" else "http"
    headers = [*GOOD, ("x-forwarded-proto", forwarded), scheme]
    assert envoy.request("GET", "/dev/a/1", headers).verdict == verdict


def test_a_function_gets_the_request_and_what_its_authorizer_said() -> None:
    host = TestHost(policy_reply(allow("*"), context={"tier": "gold"}))
    resources = served(
        method("ANY", "/f/{rest+}", aws_proxy(), authorization=authorized()),
        method("GET", "/open", aws_proxy()),
    )
    envoy = front(resources, host)
    outcome = envoy.request("POST", "/dev/f/a/b?x=1", [*GOOD, ("accept", "text/plain")])
    assert outcome.verdict == "orders/dev ANY /f/{rest+}"
    assert (outcome.path, outcome.header(":authority")) == ("/invoke", "host")
    call = split(outcome.header(keys.CALL_HEADER) or "")
    assert call[4:8] == ["POST", "/dev/f/a/b", "/f/a/b", "x=1"]
    revision = call[-1]
    assert len(revision) == 16
    assert call[11:] == ["1", "rest", "a/b", "alice", "0", "1", "tier", "gold", "", "", revision]
    assert (outcome.header("accept"), outcome.header("user-agent")) == ("text/plain", keys.ABSENT)
    outcome = envoy.request("GET", "/dev/open")
    assert split(outcome.header(keys.CALL_HEADER) or "")[11:] == ["0", "", "", "0", "", "", revision]


def test_no_caller_gets_past_an_authorizer_whose_function_is_not_declared() -> None:
    project = gateway(api(guarded(), authorizers=(token_authorizer(),)))
    outcome = SimulatedEnvoy(compiled(project)).request("GET", "/dev/a/1", GOOD)
    assert outcome.verdict == "500 authorizer_without_function"
    assert not outcome.sealed


def test_the_function_may_be_named_by_a_stage_variable() -> None:
    stage = Stage(name="dev", variables=(("fn", "auth"),), origin=Origin("gateline.yaml"))
    by = token_authorizer(uri="arn:aws:lambda:us-east-1:1:function:${stageVariables.fn}")
    host = TestHost(policy_reply(allow("*")))
    envoy = front(served(guarded(), authorizers=(by,), stage=stage), host)
    assert envoy.request("GET", "/dev/a/1", GOOD).verdict == "orders/dev GET /a/{id}"


def test_the_log_says_whether_somebody_was_asked() -> None:
    host = TestHost(policy_reply(allow("*")))
    envoy = front(served(guarded(), request_log="/tmp/pipe"), host)
    said: list[Outcome] = [envoy.request("GET", "/dev/a/1", GOOD) for _ in range(2)]
    assert [outcome.metadata[keys.AUTHORIZER] for outcome in said] == ["miss", "hit"]


def test_a_condition_is_judged_by_the_request() -> None:
    statement = allow("*") | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    host = TestHost(policy_reply(statement))
    envoy = front(served(guarded()), host)
    assert envoy.request("GET", "/dev/a/1", GOOD, remote_address="10.1.2.3:9").sealed
    assert (
        envoy.request("GET", "/dev/a/1", GOOD, remote_address="11.1.2.3:9").verdict == "403 authorizer_deny"
    )
