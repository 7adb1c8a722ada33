from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack

import pytest

from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from gateline.functions.speech import Trouble
from gateline.host.directory import Directory
from gateline.host.target import MOST_REQUESTS, NoTarget, Targets
from gateline.integrations.outgoing import RawHeaders
from gateline.integrations.proxy_response import ProxyResponse
from gateline.model.hosting import HostConfiguration, HostedTarget
from host.questions import StandIn

ORDERS = HostedTarget(group="orders", arn="arn:group", function="f", function_arn="arn:f")
FOUND = Directory(HostConfiguration(targets=(ORDERS,)))
OF_A_CLIENT = ((b"X-Gl-Target", b"orders"), (b"x-gl-source", b"192.0.2.7"))


def targets(functions: StandIn) -> Targets:
    return Targets(functions, lambda: FOUND, functions.told.append)


def asked(answer: Answer, headers: RawHeaders = OF_A_CLIENT) -> tuple[ProxyResponse, StandIn]:
    """What a client gets when the function answers this."""
    functions = StandIn(answer)
    all_targets = targets(functions)

    async def ask() -> ProxyResponse:
        with all_targets.place("GET", b"/a?b=c", headers) as request:
            return await all_targets(request, b"")

    return asyncio.run(ask()), functions


def test_a_function_is_asked_with_its_event_and_its_arn() -> None:
    response, functions = asked(Returned(b'{"statusCode": 201, "body": "ok"}'))
    assert (response.status, response.body) == (201, b"ok")
    [(name, request_id, arn)] = functions.called
    assert (name, arn) == ("f", "arn:f")
    assert request_id
    [event] = functions.events
    assert (event["path"], event["queryStringParameters"]) == ("/a", {"b": "c"})


def test_a_request_without_a_source_is_a_health_check() -> None:
    _, functions = asked(Returned(b'{"statusCode": 200}'), ((b"x-gl-target", b"orders"), (b"x-b", b"c")))
    [event] = functions.events
    assert event["headers"] == {"user-agent": "ELB-HealthChecker/2.0"}


@pytest.mark.parametrize(
    "answer",
    [
        Raised("private words", "Error", json.dumps({}).encode()),
        *(Failed(fault, "private words") for fault in Fault),
        Returned(b"private words"),
    ],
)
def test_whatever_goes_wrong_a_client_learns_502(answer: Answer) -> None:
    response, functions = asked(answer)
    assert response.status == 502
    assert b"private" not in response.body
    assert not any("private" in word.text for word in functions.told)


def test_an_operator_learns_which_answer_was_refused() -> None:
    _, functions = asked(Returned(b"{}"))
    [told] = functions.told
    assert isinstance(told, Trouble)
    assert "target group orders" in told.text


def test_nobody_gets_a_request_of_a_group_that_is_not_known() -> None:
    functions = StandIn()
    for headers in ((), ((b"x-gl-target", b"other"),)):
        with pytest.raises(NoTarget), targets(functions).place("GET", b"/", headers):
            raise AssertionError


def test_one_source_cannot_take_all_places() -> None:
    all_targets = targets(StandIn())
    with ExitStack() as held:
        for _ in range(MOST_REQUESTS // 2):
            held.enter_context(all_targets.place("GET", b"/", OF_A_CLIENT))
        with pytest.raises(NoTarget):
            held.enter_context(all_targets.place("GET", b"/", OF_A_CLIENT))
        other = (OF_A_CLIENT[0], (b"x-gl-source", b"192.0.2.8"))
        assert held.enter_context(all_targets.place("GET", b"/", other)).source == "192.0.2.8"
