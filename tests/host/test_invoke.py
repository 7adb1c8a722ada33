from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from gateline.host.bodies import Bodies
from gateline.host.directory import Directory
from gateline.host.invoke import refusal
from gateline.integrations.event import LARGEST_EVENT
from gateline.integrations.proxy_response import ProxyResponse
from gateline.model.gateway_response import Answer as Customised
from gateline.model.gateway_response import Part, PartKind
from gateline.model.hosting import HostConfiguration
from host.questions import StandIn, answered, configuration, described, invoking

GOOD = Returned(json.dumps({"statusCode": 201, "headers": {"X-Own": "yes"}, "body": "made"}).encode())


def invoked(
    functions: StandIn,
    *,
    given: HostConfiguration | None = None,
    call: bytes | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    body: bytes = b"",
) -> ProxyResponse:
    directory = Directory(configuration() if given is None else given)
    invoke = invoking(functions, lambda: directory)
    return asyncio.run(answered(invoke, described() if call is None else call, headers, body))


def test_the_function_gets_the_request_and_the_client_its_answer() -> None:
    functions = StandIn(GOOD)
    response = invoked(functions, headers=((b"X-Client", b"1"), (b"X-CLIENT", b"2")), body=b"hello")
    assert (response.status, response.body) == (201, b"made")
    assert ("X-Own", "yes") in response.headers
    assert ("X-Amzn-Trace-Id", "Root=1-2-3") in response.headers
    (event,) = functions.events
    assert (event["resource"], event["body"]) == ("/orders", "hello")
    multi = event["multiValueHeaders"]
    assert isinstance(multi, dict)
    assert multi["X-Client"] == ["1", "2"]
    assert functions.called == [
        ("orders", "request-1", "arn:aws:lambda:us-east-1:123456789012:function:orders")
    ]


def test_a_functions_own_trace_header_gives_way_to_the_gateways() -> None:
    functions = StandIn(Returned(b'{"headers": {"x-amzn-trace-id": "forged"}}'))
    traces = [value for name, value in invoked(functions).headers if name.lower() == "x-amzn-trace-id"]
    assert traces == ["Root=1-2-3"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Returned(b"[]"), 502),
        (Returned(b'{"statusCode": "test"}'), 502),
        (Raised("boom", "Exception", b"{}"), 502),
        (Failed(Fault.TIMEOUT, ""), 502),
        (Failed(Fault.CRASHED, ""), 502),
        (Failed(Fault.NOT_STARTED, ""), 502),
        (Failed(Fault.TOO_LARGE, ""), 502),
        (Failed(Fault.INVALID, ""), 502),
        (Failed(Fault.BUSY, ""), 500),
        (Failed(Fault.UNKNOWN, ""), 500),
        (Failed(Fault.UNREACHABLE, ""), 500),
    ],
)
def test_a_fault_of_the_function_is_no_business_of_the_clients(answer: Answer, status: int) -> None:
    response = invoked(StandIn(answer))
    assert response.status == status
    assert response.body == b'{"message": "Internal server error"}'
    assert ("x-amzn-errortype", "InternalServerErrorException") in response.headers


def test_an_answer_that_is_none_is_told_to_the_operator() -> None:
    functions = StandIn(Returned(b'{"statuscode": 200}'))
    invoked(functions)
    (told,) = functions.told
    assert (told.function, told.request_id) == ("orders", "request-1")
    assert "shop/prod GET /orders" in told.text


@pytest.mark.parametrize(
    "given",
    [HostConfiguration(), configuration(function=""), configuration(is_post=False)],
    ids=["not configured", "no function", "an integration that is no POST"],
)
def test_what_leads_to_no_function_is_a_500(given: HostConfiguration) -> None:
    functions = StandIn(GOOD)
    assert invoked(functions, given=given) == refusal()
    assert functions.events == []


def customised(*answers: Customised, **method: Any) -> HostConfiguration:
    """The usual stage, with answers of its own and a method that differs."""
    given = configuration()
    (stage,) = given.stages
    changed = replace(stage.methods[0], **method)
    return replace(
        given, stages=(replace(stage, answers=answers, methods=(changed,), models=(("Pet", PET),)),)
    )


PET = '{"type": "object", "required": ["name"]}'
TEAPOT = Customised(
    type="INTEGRATION_FAILURE", status=418, headers=(("x-cors", (Part(PartKind.TEXT, "*"),)),)
)


def test_a_stage_may_answer_for_a_failed_function_in_its_own_way() -> None:
    response = invoked(StandIn(Raised("boom", "Exception", b"{}")), given=customised(TEAPOT))
    assert response.status == 418
    assert ("x-cors", "*") in response.headers


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        (b"application/json", b'{"name": "Rex"}', None),
        (b"application/json", b"{}", b"[object has missing required properties"),
        (b"application/json", b"", b"[object has missing required properties"),
        (b"application/json", b"no JSON", b"[Unknown error parsing request body]"),
        (b"text/plain", b"no JSON", None),
    ],
)
def test_a_body_must_fit_its_model_before_a_function_sees_it(
    content_type: bytes, body: bytes, error: bytes | None
) -> None:
    functions = StandIn(GOOD)
    told = Part(PartKind.CONTEXT, "error.validationErrorString")
    own = Customised(type="BAD_REQUEST_BODY", status=400, templates=(("application/json", (told,)),))
    given = customised(own, models=(("application/json", "Pet"),))
    response = invoked(functions, given=given, headers=((b"Content-Type", content_type),), body=body)
    assert (response.status, response.body[: len(error or b"made")]) == (
        (400, error) if error else (201, b"made")
    )
    assert len(functions.events) == (error is None)


def test_a_body_that_does_not_fit_is_a_400_in_amazons_words() -> None:
    response = invoked(StandIn(GOOD), given=customised(models=(("application/json", "Pet"),)), body=b"{}")
    assert (response.status, response.body) == (400, b'{"message": "Invalid request body"}')
    assert ("x-amzn-errortype", "BadRequestException") in response.headers


def test_a_model_that_nobody_knows_closes_the_method() -> None:
    functions = StandIn(GOOD)
    response = invoked(functions, given=customised(models=(("application/json", "None"),)), body=b"{}")
    assert (response.status, response.body) == (500, b'{"message": "Internal server error"}')
    assert functions.events == []
    (told,) = functions.told
    assert "the model None" in told.text


@pytest.mark.parametrize("call", [b"", b"x", described()[:-3], described(route="shop/prod GET /none")])
def test_a_call_that_is_none_is_a_500(call: bytes) -> None:
    assert invoked(StandIn(GOOD), call=call) == refusal()


def test_an_event_over_lambdas_limit_is_too_long() -> None:
    functions = StandIn(GOOD)
    response = invoked(functions, body=b"x" * LARGEST_EVENT)
    assert (response.status, response.body) == (413, b'{"message": "Request Too Long"}')
    assert ("x-amzn-errortype", "BadRequestException") in response.headers
    assert functions.events == []


def test_one_source_cannot_take_all_places() -> None:
    functions = StandIn(GOOD)
    functions.may_answer = asyncio.Event()

    async def story() -> None:
        directory = Directory(configuration())
        invoke = invoking(functions, lambda: directory)
        flood = [asyncio.ensure_future(answered(invoke, described())) for _ in range(3000)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(functions.events) == 1024
        other = asyncio.ensure_future(answered(invoke, described(source_ip="192.0.2.8")))
        for _ in range(5):
            await asyncio.sleep(0)
        functions.may_answer.set()
        assert (await other).status == 201
        assert sum(each.status == 500 for each in await asyncio.gather(*flood)) == 3000 - 1024

    asyncio.run(story())


def test_a_request_goes_by_the_rules_that_let_it_in() -> None:
    functions = StandIn(GOOD)

    async def story() -> None:
        directory = Directory(configuration())
        invoke = invoking(functions, lambda: directory)
        with invoke.place(described()) as invocation, Bodies().body("") as room:
            directory = Directory(HostConfiguration())  # while the client takes its time with the body
            assert (await invoke(invocation, (), b"late", room)).status == 201
        assert await answered(invoke, described()) == refusal()

    asyncio.run(story())
