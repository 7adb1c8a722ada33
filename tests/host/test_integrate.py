from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateline.compile import names
from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from gateline.host import aws_service, integrate
from gateline.host.bodies import PIECE
from gateline.host.service import Service
from gateline.integrations.proxy_response import ProxyResponse
from gateline.model.hosting import HostConfiguration
from gateline.model.integration import Integration, IntegrationKind, PassthroughBehavior
from host.egress_peer import OK, EgressPeer, failed, listening
from host.questions import StandIn, answered, configuration, described, made_service
from integrations.hosted import LAMBDA, entry, integration

JSON = ((b"Content-Type", b"application/json"),)
WRONG = b'{"message": "Internal server error"}'


def hosting(of: Integration, given: HostConfiguration | None = None, **method: Any) -> HostConfiguration:
    """The usual stage, whose method has an integration that the host performs."""
    given = given or configuration()
    (stage,) = given.stages
    changed = replace(
        stage.methods[0],
        integration=of,
        egress="shop/prod GET /orders",
        authority="backend.test",
        **{"function": "orders" if of.uri == LAMBDA else "", **method},
    )
    stage = replace(stage, methods=(changed,), models=(("Pet", '{"required": ["name"]}'),))
    return replace(given, stages=(stage,))


@dataclass
class Bench:
    """A service with an Envoy, functions, and a method."""

    service: Service
    peer: EgressPeer
    functions: StandIn

    async def ask(
        self, body: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = JSON, **call: str
    ) -> ProxyResponse:
        return await answered(self.service.invoke, described(**call), headers, body)


def played(
    folder: Path,
    of: Integration,
    story: Callable[[Bench], Awaitable[None]],
    *,
    says: Callable[[bytes], bytes | None] = lambda _: OK,
    answer: Answer | None = None,
    signs: HostConfiguration | None = None,
    **method: Any,
) -> None:
    async def play() -> None:
        async with EgressPeer(folder / "egress", says).serving() as peer:
            functions = StandIn(answer or Returned(b'{"a": 1}'))
            service = made_service(functions, egress=peer.socket)
            try:
                await service.configure(hosting(of, signs, **method))
                async with asyncio.timeout(30):
                    await story(Bench(service, peer, functions))
            finally:
                service.close()
                service.egress.close()
                service.aws.close()

    asyncio.run(play())


def one(folder: Path, of: Integration, body: bytes = b"", **around: Any) -> tuple[ProxyResponse, Bench]:
    """What a client gets of one request."""
    found: list[tuple[ProxyResponse, Bench]] = []

    async def story(bench: Bench) -> None:
        found.append((await bench.ask(body), bench))

    played(folder, of, story, **around)
    return found[0]


def mock(template: str, **responses: Any) -> Integration:
    return integration(
        IntegrationKind.MOCK,
        templates={"application/json": template},
        responses=[entry(**{"status": 200, **responses})],
    )


def test_a_mock_renders_its_templates_and_asks_nobody(tmp_path: Path) -> None:
    answers = {"application/json": '{"said": $input.json("$.x"), "for": "$context.requestId"}'}
    response, bench = one(tmp_path, mock('{"statusCode": 200}', templates=answers))
    assert (response.status, response.body) == (200, b'{"said": "", "for": "request-1"}')
    assert (bench.peer.heads, bench.functions.events) == ([], [])


def test_a_backend_gets_what_the_template_says_and_the_client_what_comes_back(tmp_path: Path) -> None:
    of = integration(
        parameters={"header.X-Sent": "context.requestId"},
        templates={"application/json": '{"wrapped": $input.body}'},
        responses=[entry(pattern="2..", status=201, headers={"X-Got": "integration.response.header.X-Back"})],
    )
    raw = b"HTTP/1.1 200 OK\r\nX-Back: yes\r\nX-Other: no\r\nContent-Length: 2\r\n\r\nok"
    response, bench = one(tmp_path, of, b'{"a":1}', says=lambda _: raw)
    assert (response.status, response.body) == (201, b"ok")
    named = {name.lower(): value for name, value in response.headers}
    assert named["x-got"] == "yes"
    assert "x-other" not in named
    assert named["x-amzn-trace-id"] == "Root=1-2-3"
    (head,), (body,) = bench.peer.heads, bench.peer.bodies
    assert body == b'{"wrapped": {"a":1}}'
    assert b"\r\nX-Sent: request-1\r\n" in head
    assert b"\r\nx-gl-scope: shop/prod egress rev1\r\nx-gl-egress: shop/prod GET /orders\r\n" in head


def test_the_scope_is_the_one_that_the_compiler_makes() -> None:
    assert names.egress_scope("shop", "prod", "rev1") == "shop/prod egress rev1"


@pytest.mark.parametrize(
    ("flags", "status", "body"),
    [
        ("UT", 504, b'{"message": "Endpoint request timed out"}'),
        ("UF", 504, b'{"message": "Network error communicating with endpoint"}'),
        ("UH", 500, WRONG),
    ],
)
def test_what_envoy_answers_is_said_in_amazons_words(
    tmp_path: Path, flags: str, status: int, body: bytes
) -> None:
    response, bench = one(tmp_path, integration(), says=lambda _: failed(flags))
    assert (response.status, response.body) == (status, body)
    (told,) = bench.functions.told
    assert told.text.startswith("shop/prod GET /orders: ")


def test_an_envoy_that_says_nothing_is_waited_for_a_little_longer_than_the_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrate, "GRACE_SECONDS", 0.01)
    of = replace(integration(), timeout=timedelta(milliseconds=50))
    response, _ = one(tmp_path, of, says=lambda _: None)
    assert (response.status, response.body) == (504, b'{"message": "Endpoint request timed out"}')


def test_a_body_without_a_template_is_refused_when_the_definition_says_so(tmp_path: Path) -> None:
    response, bench = one(tmp_path, integration(passthrough=PassthroughBehavior.NEVER), b"{}")
    assert (response.status, response.body) == (415, b'{"message": "Unsupported Media Type"}')
    assert (bench.peer.heads, bench.functions.told) == ([], [])  # a client's fault is no news


def test_a_body_must_fit_its_model_before_anything_is_sent(tmp_path: Path) -> None:
    response, bench = one(tmp_path, integration(), b"{}", models=(("application/json", "Pet"),))
    assert (response.status, response.body) == (400, b'{"message": "Invalid request body"}')
    assert bench.peer.heads == []


def test_a_template_that_fails_is_a_500_and_told(tmp_path: Path) -> None:
    of = mock('#set($x = {})#foreach($i in [1..1000])#foreach($j in [1..1000])$x#end#end{"statusCode": 200}')
    response, bench = one(tmp_path, of)
    assert (response.status, response.body) == (500, WRONG)
    assert len(bench.functions.told) == 1


# Functions


def custom(**around: Any) -> Integration:
    """An `aws` integration with a function."""
    default: Mapping[str, Any] = {
        "responses": [
            entry(),
            entry(pattern=".*Task timed out.*", status=504),
            entry(pattern="(?s).*", status=502),
        ]
    }
    return integration(IntegrationKind.AWS, uri=LAMBDA, **{**default, **around})


def test_a_function_gets_the_template_and_the_client_its_result(tmp_path: Path) -> None:
    of = custom(templates={"application/json": '{"id": $input.json("$.id")}'})
    response, bench = one(tmp_path, of, b'{"id": 7}', answer=Returned(b'{"done": true}'))
    assert (response.status, response.body) == (200, b'{"done": true}')
    assert bench.functions.events == [{"id": 7}]
    assert bench.functions.called == [
        ("orders", "request-1", "arn:aws:lambda:us-east-1:123456789012:function:orders")
    ]


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (Raised("boom", "E", b'{"errorMessage": "boom", "errorType": "E"}'), 502, "boom"),
        (
            Failed(Fault.TIMEOUT, "Task timed out after 3.00 seconds"),
            504,
            "RequestId: request-1 Error: Task timed out after 3.00 seconds",
        ),
        (
            Failed(Fault.CRASHED, "a detail"),
            502,
            "RequestId: request-1 Error: Runtime exited without providing a reason",
        ),
        (
            Failed(Fault.NOT_STARTED, "a detail"),
            502,
            "RequestId: request-1 Error: Runtime exited with error: exit status 1",
        ),
        (
            Failed(Fault.TOO_LARGE, "a detail"),
            502,
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
    ],
)
def test_what_becomes_of_a_function_selects_the_response(
    tmp_path: Path, answer: Answer, status: int, says: str
) -> None:
    response, _ = one(tmp_path, custom(), b"{}", answer=answer)
    assert (response.status, json.loads(response.body)["errorMessage"]) == (status, says)


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.UNKNOWN, Fault.UNREACHABLE])
def test_a_function_that_is_not_there_is_a_500(tmp_path: Path, fault: Fault) -> None:
    response, bench = one(tmp_path, custom(), b"{}", answer=Failed(fault, "why"))
    assert (response.status, response.body) == (500, WRONG)
    (told,) = bench.functions.told
    assert (told.function, "why" in told.text) == ("orders", True)


def test_a_function_over_the_integrations_time_is_a_504(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrate, "GRACE_SECONDS", 0.01)

    async def story(bench: Bench) -> None:
        bench.functions.may_answer.clear()
        response = await bench.ask(b"{}")
        assert (response.status, response.body) == (504, b'{"message": "Endpoint request timed out"}')
        assert bench.functions.broken_off == 1

    played(tmp_path, replace(custom(), timeout=timedelta(milliseconds=50)), story)


EVENT = {"header.X-Amz-Invocation-Type": "'Event'"}


def test_an_asynchronous_event_is_answered_before_it_has_run_and_its_failure_is_told(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.functions.may_answer.clear()
        response = await bench.ask(b'{"n": 1}')
        assert (response.status, response.body) == (200, b"")
        while not bench.functions.events:  # noqa: ASYNC110 - a task of the service makes it so
            await asyncio.sleep(0)
        bench.functions.may_answer.set()
        while not bench.functions.told:  # noqa: ASYNC110
            await asyncio.sleep(0)
        (told,) = bench.functions.told
        assert (told.function, "asynchronous" in told.text) == ("orders", True)

    played(tmp_path, custom(parameters=EVENT), story, answer=Failed(Fault.CRASHED, "it crashed"))


def test_asynchronous_events_that_wait_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrate, "MOST_ASYNCHRONOUS", 4)

    async def story(bench: Bench) -> None:
        bench.functions.may_answer.clear()
        statuses = [(await bench.ask(b"{}")).status for _ in range(4)]
        assert statuses == [200, 200, 500, 500]  # one source has half of the places
        assert (await bench.ask(b"{}", source_ip="192.0.2.8")).status == 200
        bench.functions.may_answer.set()
        while len(bench.functions.events) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)

    played(tmp_path, custom(parameters=EVENT), story)


def test_asynchronous_events_take_no_more_memory_than_they_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrate, "_ASYNCHRONOUS_PIECES", 8)
    event = json.dumps("x" * 4 * PIECE).encode()

    async def story(bench: Bench) -> None:
        bench.functions.may_answer.clear()
        assert [(await bench.ask(event)).status for _ in range(4)] == [200, 500, 500, 500]
        assert (await bench.ask(b"{}")).status == 200
        bench.functions.may_answer.set()
        for _ in range(10):  # what is answered leaves its room
            await asyncio.sleep(0)
        assert (await bench.ask(event)).status == 200

    played(tmp_path, custom(parameters=EVENT), story)


# Services


def test_a_service_is_called_and_its_status_selects_the_response(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    of = integration(
        IntegrationKind.AWS,
        uri="arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders",
        parameters={"header.Content-Type": "'application/x-www-form-urlencoded'"},
        templates={"application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
        responses=[entry(pattern="2..", status=202)],
    )

    async def story(bench: Bench) -> None:
        async with listening() as (peer, url):
            bench.service.aws.configure({"sqs": url})
            response = await bench.ask(b'{"a": 1}')
            assert (response.status, response.body) == (202, b"ok")
            assert peer.heads[0].startswith(b"POST /123456789012/orders HTTP/1.1\r\n")
            assert peer.bodies == [b"Action=SendMessage&MessageBody=%7B%22a%22%3A+1%7D"]

    played(tmp_path, of, story)


def test_who_configures_a_service_without_botocore_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateline.host.service.can_sign", lambda: False)
    of = integration(IntegrationKind.AWS, uri="arn:aws:apigateway:us-east-1:sqs:action/ListQueues")

    async def story(bench: Bench) -> None:
        (told,) = bench.functions.told
        assert told.text == aws_service.NO_BOTO3

    played(tmp_path, of, story)


# Many and large ones


def test_a_heavy_template_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    heavy = "#foreach($i in [1..1000])#foreach($j in [1..40])#set($x = $j)#end#end"
    of = mock(f'#if($input.body == "heavy"){heavy}#end{{"statusCode": 200}}')

    async def story(bench: Bench) -> None:
        done: list[bytes] = []

        async def ask(body: bytes, source: str) -> None:
            assert (await bench.ask(body, source_ip=source)).status == 200
            done.append(body)

        hogs = [asyncio.ensure_future(ask(b"heavy", "192.0.2.66")) for _ in range(8)]
        await asyncio.sleep(0)
        await ask(b"light", "192.0.2.7")
        await asyncio.gather(*hogs)
        assert done.index(b"light") <= 4  # two ran, and others had one turn each before it

    played(tmp_path, of, story)


def test_a_template_that_takes_long_writes_once_though_it_was_begun_twice(tmp_path: Path) -> None:
    heavy = "#foreach($i in [1..100])#foreach($j in [1..100])#set($x = $j)#end#end"
    of = mock(
        f'#set($context.said = "$!context.said+"){heavy}{{"statusCode": 200}}',
        templates={"application/json": f'#set($context.said = "$!context.said~"){heavy}$context.said'},
    )

    async def story(bench: Bench) -> None:
        for _ in range(3):  # the later ones are not begun in a hurry
            assert (await bench.ask()).body == b"+~"

    played(tmp_path, of, story)


def test_ten_bodies_of_ten_megabytes_at_once_are_all_answered(tmp_path: Path) -> None:
    body = b"x" * 10_485_760

    async def story(bench: Bench) -> None:
        answers = await asyncio.gather(
            *(bench.ask(body, ((b"Content-Type", b"text/plain"),)) for _ in range(10))
        )
        assert [(each.status, each.body == body) for each in answers] == [(200, True)] * 10

    raw = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    played(tmp_path, integration(), story, says=lambda _: raw)
