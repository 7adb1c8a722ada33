from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from gateline.functions.speech import Trouble
from gateline.host.assertions import Assertions
from gateline.host.authorize import Authorize
from gateline.host.decisions import Decisions
from gateline.host.directory import Directory
from gateline.model.assertion import Binding
from gateline.model.authorizer import AuthorizerKind
from gateline.model.hosting import HostConfiguration, HostedAuthorizer
from host.questions import (
    ALLOW,
    ARN,
    DENY,
    StandIn,
    authorizer,
    configuration,
    directory,
    question,
    read_reply,
)
from host.signing import claims_of, signing

NOW = 1_700_000_000_000


def desk(functions: StandIn, given: HostedAuthorizer | None = None) -> Authorize:
    decisions = Decisions(now=lambda: NOW)
    return Authorize(
        functions, decisions, directory(given or authorizer()), functions.told.append, now=lambda: NOW
    )


def asked(functions: StandIn, *bodies: bytes, given: HostedAuthorizer | None = None) -> list[list[str]]:
    """The replies to questions, one after another."""

    async def ask() -> list[list[str]]:
        authorize = desk(functions, given)
        return [read_reply(await authorize(body)) for body in bodies]

    return asyncio.run(ask())


def test_a_token_is_asked_about_once_and_the_policy_kept_until_its_absolute_expiry() -> None:
    functions = StandIn()
    replies = asked(functions, question(), question())
    assert replies == [["policy", str(NOW + 300_000), "1", "ann", "level=3"]] * 2
    assert functions.events == [{"type": "TOKEN", "methodArn": ARN, "authorizationToken": "token"}]
    assert functions.called == [
        ("authorizer", "request-1", "arn:aws:lambda:us-east-1:123456789012:function:authorizer")
    ]


def test_a_policy_that_allows_nothing_is_kept_as_such() -> None:
    functions = StandIn(Returned(DENY))
    assert asked(functions, question(), question())[1][:3] == ["policy", str(NOW + 300_000), "0"]
    assert len(functions.events) == 1


@pytest.mark.parametrize(("ttl", "may_be_kept"), [(0, True), (0, False), (300, False)])
def test_without_a_ttl_or_the_scripts_leave_every_request_is_a_call(ttl: int, may_be_kept: bool) -> None:
    functions = StandIn()
    body = question(may_be_kept=may_be_kept)
    assert asked(functions, body, body, given=authorizer(ttl=ttl))[1][0] == "policy"
    assert len(functions.events) == 2


def test_a_request_authorizer_sees_the_request() -> None:
    functions = StandIn()
    body = question(headers={"authorization": "token"})
    asked(functions, body, given=authorizer(AuthorizerKind.REQUEST))
    (event,) = functions.events
    assert (event["type"], event["methodArn"], event["resource"]) == ("REQUEST", ARN, "/orders")
    assert event["queryStringParameters"] == {"a": "1"}
    headers = event["headers"]
    assert isinstance(headers, dict)
    assert headers["Authorization"] == "token"


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (Raised("Unauthorized", "Exception", b"{}"), ["unauthorized"]),
        (Raised("Unauthorized!", "Exception", b"{}"), ["failure", "function_error"]),
        (Raised("KeyError", "KeyError", b"{}"), ["failure", "function_error"]),
        (Returned(b'"Unauthorized"'), ["failure", "malformed_answer"]),
        (Returned(b"{}"), ["failure", "malformed_answer"]),
        (Failed(Fault.TIMEOUT, ""), ["failure", "function_timeout"]),
        (Failed(Fault.CRASHED, ""), ["failure", "function_error"]),
        (Failed(Fault.NOT_STARTED, ""), ["failure", "function_down"]),
        (Failed(Fault.BUSY, ""), ["failure", "busy"]),
        (Failed(Fault.TOO_LARGE, ""), ["failure", "malformed_answer"]),
        (Failed(Fault.UNREACHABLE, ""), ["failure", "function_down"]),
        (Failed(Fault.UNKNOWN, ""), ["failure", "function_down"]),
        (Failed(Fault.INVALID, ""), ["failure", "function_error"]),
    ],
)
def test_whatever_is_no_policy_is_closed_and_never_kept(answer: Answer, reply: list[str]) -> None:
    functions = StandIn(answer)
    assert asked(functions, question(), question()) == [reply, reply]
    assert len(functions.events) == 2


def test_every_fault_has_a_reason() -> None:
    for fault in Fault:
        assert asked(StandIn(Failed(fault, "")), question())[0][0] == "failure"


def test_a_malformed_answer_is_told_to_the_operator_with_its_reason() -> None:
    functions = StandIn(Returned(json.dumps({"principalId": "ann"}).encode()))
    asked(functions, question())
    (told,) = functions.told
    assert isinstance(told, Trouble)
    assert (told.function, told.request_id) == ("authorizer", "request-1")
    assert "shop/prod/tokens" in told.text
    assert "policyDocument" in told.text


@pytest.mark.parametrize(
    "body",
    [
        question(name="other"),
        question(scope="shop/dev"),
        question(key=b"9:shop/prod5:other"),  # a key that is another authorizer's
        question(key=b""),
    ],
)
def test_an_authorizer_that_is_not_known_or_not_the_keys_own_is_closed(body: bytes) -> None:
    functions = StandIn()
    assert asked(functions, body) == [["failure", "unknown_authorizer"]]
    assert functions.events == []


def test_a_request_authorizer_of_a_route_that_is_not_known_is_closed() -> None:
    functions = StandIn()
    body = question(headers={}).replace(b"GET /orders", b"GET /unknow")
    assert asked(functions, body, given=authorizer(AuthorizerKind.REQUEST)) == [
        ["failure", "unknown_authorizer"]
    ]


@pytest.mark.parametrize("body", [b"", b"x", question()[:-1], question() + b"1:x", b"99999999:x"])
def test_what_is_no_question_is_no_request(body: bytes) -> None:
    with pytest.raises(NetstringInvalid):
        asked(StandIn(), body)


def test_a_token_that_does_not_fit_is_unauthorized_without_a_call() -> None:
    functions = StandIn()
    given = authorizer(validation="Bearer .+")
    replies = asked(functions, question("Basic x"), question("Bearer x"), given=given)
    assert replies[0] == ["unauthorized"]
    assert replies[1][0] == "policy"
    assert len(functions.events) == 1


def test_an_expression_that_takes_too_long_refuses_and_is_told_once_without_the_token() -> None:
    functions = StandIn()
    bodies = [question("a" * 5000 + f"!{number}") for number in range(3)]
    assert asked(functions, *bodies, given=authorizer(validation="(a|aa)+$")) == [["unauthorized"]] * 3
    assert functions.events == []
    (told,) = functions.told
    assert "too long" in told.text
    assert "aaaa" not in told.text


def test_a_flood_of_unknown_tokens_is_busy_for_its_source_only() -> None:
    functions = StandIn()
    functions.may_answer = asyncio.Event()

    async def flood() -> None:
        authorize = desk(functions)
        waiting = [
            asyncio.ensure_future(authorize(question(f"random {number}", source_ip="198.51.100.9")))
            for number in range(2000)
        ]
        for _ in range(10):
            await asyncio.sleep(0)
        refused = [each for each in waiting if each.done()]
        assert {tuple(read_reply(each.result())) for each in refused} == {("failure", "busy")}
        assert len(functions.events) == 500
        other = asyncio.ensure_future(authorize(question("good")))
        for _ in range(10):
            await asyncio.sleep(0)
        functions.may_answer.set()
        assert read_reply(await other)[0] == "policy"
        await asyncio.gather(*waiting)

    asyncio.run(flood())


def test_a_kept_decision_costs_no_place_and_no_call() -> None:
    functions = StandIn(Returned(ALLOW))

    async def story() -> None:
        authorize = desk(functions)
        await authorize(question("good", source_ip="198.51.100.9"))
        functions.may_answer.clear()
        waiting = [
            asyncio.ensure_future(authorize(question(f"random {number}", source_ip="198.51.100.9")))
            for number in range(2000)
        ]
        await asyncio.sleep(0)
        assert read_reply(await authorize(question("good", source_ip="198.51.100.9")))[0] == "policy"
        functions.may_answer.set()
        await asyncio.gather(*waiting)

    asyncio.run(story())


def reply_parts(reply: bytes) -> tuple[str, list[str]]:
    """The assertion in front of a reply, "" for none, and the rest."""
    kind, *values = split(reply)
    if kind != b"asserted":
        return "", read_reply(reply)
    rest = NetstringWriter()
    rest.put(*values[3:])
    return values[0].decode(), read_reply(rest.data)


def asserted(given: HostConfiguration, *times: int) -> tuple[StandIn, list[tuple[str, list[str]]]]:
    """What a caller's token is answered at these times, and the function that was asked."""
    functions, clock = StandIn(), [NOW]

    async def ask() -> list[tuple[str, list[str]]]:
        assertions = Assertions(now=lambda: clock[0])
        await assertions.configure(given)
        found = Directory(given)
        authorize = Authorize(
            functions,
            Decisions(now=lambda: clock[0]),
            lambda: found,
            functions.told.append,
            assertions=assertions,
            now=lambda: clock[0],
        )
        replies = []
        for time in times:
            clock[0] = time
            replies.append(reply_parts(await authorize(question())))
        return replies

    return functions, asyncio.run(ask())


def test_the_decision_comes_with_an_assertion_of_who_calls() -> None:
    _, ((token, decision),) = asserted(signing(authorizer()), NOW)
    assert decision == ["policy", str(NOW + 300_000), "1", "ann", "level=3"]
    said = claims_of(token)
    assert (said["sub"], said["ctx"], said["aud"]) == ("ann", {"level": "3"}, "orders")


def test_a_decision_that_is_kept_is_signed_anew_and_the_function_not_asked() -> None:
    functions, replies = asserted(signing(authorizer()), NOW, NOW + 1, NOW + 50_000, NOW + 100_000)
    tokens = [token for token, _ in replies]
    assert len(functions.events) == 1
    assert (tokens[0] == tokens[1], len(set(tokens))) == (True, 3)


def test_without_a_key_or_a_caller_to_speak_of_the_decision_comes_alone() -> None:
    keyless = replace(signing(authorizer()), assertion_kid="", assertion_key="")
    for given in (keyless, signing(authorizer(), binding=Binding.REQUEST), configuration(authorizer())):
        _, ((token, decision),) = asserted(given, NOW)
        assert (token, decision[0]) == ("", "policy")
