from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateline.functions import remote
from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from gateline.functions.pool import LARGEST_PAYLOAD
from gateline.functions.remote import INVOKE_PATH, NO_BOTO3, ArnRunner, UrlRunner
from gateline.functions.runner import Runner
from gateline.model.function import FunctionKind
from harness.fake_lambda import FakeLambda, a_lambda
from harness.runtime_function import Listener, a_function

LAMBDA_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer:live"
UNAUTHORIZED = b'{"errorMessage": "Unauthorized", "errorType": "Exception", "stackTrace": []}'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLambda]:
    """A Lambda on loopback, which boto3 takes for Amazon's."""
    with a_lambda() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", fake.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        yield fake


def played(
    scene: Callable[[Runner, Listener], Awaitable[None]], kind: FunctionKind, url: str = "", **changed: object
) -> None:
    """Play a scene with a runner."""
    if kind is FunctionKind.ARN and importlib.util.find_spec("boto3") is None:
        pytest.skip("there is no boto3")

    async def play() -> None:
        function = a_function(**({"kind": kind, "url": url, "arn": LAMBDA_ARN} | changed))
        listener = Listener()
        runner: Runner = (
            UrlRunner(function, listener.tell)
            if kind is FunctionKind.URL
            else ArnRunner(function, listener.tell)
        )
        runner.start()
        try:
            async with asyncio.timeout(30):
                await scene(runner, listener)
        finally:
            async with asyncio.timeout(10):
                await runner.close()

    asyncio.run(play())


async def invoked(runner: Runner, event: bytes = b'{"a": 1}') -> Answer:
    return await runner.invoke(event, request_id="0b9f1c1e-1f2d-4a54-9d7a-3c1f6f6f0a11", invoked_arn="arn:f")


async def arrival(server: FakeLambda) -> None:
    """Wait until a request has come."""
    assert await asyncio.to_thread(server.came.wait, 20)


BOTH = pytest.mark.parametrize("kind", [FunctionKind.URL, FunctionKind.ARN], ids=lambda kind: kind.value)


@BOTH
def test_the_event_goes_out_and_the_answer_comes_back(server: FakeLambda, kind: FunctionKind) -> None:
    async def scene(runner: Runner, _: Listener) -> None:
        assert await invoked(runner) == Returned(b'{"ok": true}')

    played(scene, kind, server.url)
    [(_, headers, body)] = server.requests
    assert body == b'{"a": 1}'
    if kind is FunctionKind.URL:
        assert headers["content-type"] == "application/json"
        assert headers["x-amz-invocation-type"] == "RequestResponse"
        assert headers["x-amzn-requestid"] == "0b9f1c1e-1f2d-4a54-9d7a-3c1f6f6f0a11"
        assert headers["x-amzn-trace-id"].endswith("-1f2d4a549d7a3c1f6f6f0a11;Sampled=0")
    else:
        assert "/eu-west-1/lambda/aws4_request" in headers["authorization"]


@BOTH
def test_a_function_s_error_is_raised(server: FakeLambda, kind: FunctionKind) -> None:
    server.reply = (200, {"X-Amz-Function-Error": "Unhandled"}, UNAUTHORIZED)

    async def scene(runner: Runner, listener: Listener) -> None:
        assert await invoked(runner) == Raised("Unauthorized", "Exception", UNAUTHORIZED)
        assert listener.troubles == []

    played(scene, kind, server.url)


@BOTH
def test_one_that_takes_too_long_is_given_up(server: FakeLambda, kind: FunctionKind) -> None:
    server.go_on.clear()

    async def scene(runner: Runner, listener: Listener) -> None:
        answer = await invoked(runner)
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.TIMEOUT
        assert listener.troubles == [answer.detail]
        server.go_on.set()

    played(scene, kind, server.url, timeout=timedelta(seconds=0.3))


@BOTH
def test_nobody_there_is_unreachable(
    server: FakeLambda, kind: FunctionKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")

    async def scene(runner: Runner, listener: Listener) -> None:
        answer = await invoked(runner)
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.UNREACHABLE
        assert listener.troubles == [answer.detail]

    played(scene, kind, "http://127.0.0.1:1")


@BOTH
@pytest.mark.parametrize(("extra", "fault"), [(0, None), (1, Fault.TOO_LARGE)])
def test_answers_and_events_have_a_bound(
    server: FakeLambda, kind: FunctionKind, extra: int, fault: Fault | None
) -> None:
    server.reply = (200, {}, b"x" * (LARGEST_PAYLOAD + extra))

    async def scene(runner: Runner, _: Listener) -> None:
        for event in (b"1", b"1" * (LARGEST_PAYLOAD + extra)):
            answer = await invoked(runner, event)
            assert (answer.fault if isinstance(answer, Failed) else None) is fault
        assert len(server.requests) == (1 if extra else 2)

    played(scene, kind, server.url)


@BOTH
def test_no_more_than_the_maximum_run_at_once_and_the_others_wait(
    server: FakeLambda, kind: FunctionKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_WAITING", 6)  # of which a source gets half
    server.go_on.clear()

    async def scene(runner: Runner, _: Listener) -> None:
        calls = [asyncio.create_task(invoked(runner)) for _ in range(6)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        await arrival(server)
        server.go_on.set()
        answers = await asyncio.gather(*calls)
        assert answers[:5] == [Returned(b'{"ok": true}')] * 5
        assert answers[5] == Failed(Fault.BUSY, "3 events are waiting already")
        assert server.most_at_once <= 2

    played(scene, kind, server.url, maximum=2)


def test_who_waits_too_long_is_turned_away() -> None:
    async def scene() -> None:
        turns = remote._Turns(1, 0.01)
        assert await turns.take(b"1", "a") is None
        assert await turns.take(b"2", "a") == Failed(Fault.BUSY, "no turn within 0.01 seconds")
        turns.give_back()
        assert await turns.take(b"3", "a") is None

    asyncio.run(scene())


@BOTH
def test_a_call_that_nobody_waits_for_gives_its_turn_back(server: FakeLambda, kind: FunctionKind) -> None:
    server.go_on.clear()

    async def scene(runner: Runner, _: Listener) -> None:
        call = asyncio.create_task(invoked(runner))
        await arrival(server)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        server.go_on.set()
        assert await invoked(runner) == Returned(b'{"ok": true}')

    played(scene, kind, server.url, maximum=1)


@BOTH
def test_closing_waits_for_what_runs(server: FakeLambda, kind: FunctionKind) -> None:
    server.go_on.clear()

    async def scene(runner: Runner, _: Listener) -> None:
        call = asyncio.create_task(invoked(runner))
        await arrival(server)
        closing = asyncio.create_task(runner.close())
        server.go_on.set()
        assert await call == Returned(b'{"ok": true}')
        await closing

    if kind is FunctionKind.ARN:
        pytest.importorskip("boto3")

    async def play() -> None:
        function = a_function(kind=kind, url=server.url, arn=LAMBDA_ARN)
        tell = Listener().tell
        await scene(
            UrlRunner(function, tell) if kind is FunctionKind.URL else ArnRunner(function, tell), Listener()
        )

    asyncio.run(play())


# A URL


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("", INVOKE_PATH),
        ("/", INVOKE_PATH),
        ("?a=b", INVOKE_PATH + "?a=b"),
        ("/my/function?x=%2F", "/my/function?x=%2F"),
    ],
)
def test_a_url_without_a_path_gets_that_of_amazon_s_images(
    server: FakeLambda, path: str, wanted: str
) -> None:
    async def scene(runner: Runner, _: Listener) -> None:
        await invoked(runner)

    played(scene, FunctionKind.URL, server.url + path)
    assert server.requests[0][0] == wanted


def test_an_error_object_is_an_error_where_no_header_says_so(server: FakeLambda) -> None:
    server.reply = (200, {}, UNAUTHORIZED)

    async def scene(runner: Runner, _: Listener) -> None:
        assert await invoked(runner) == Raised("Unauthorized", "Exception", UNAUTHORIZED)

    played(scene, FunctionKind.URL, server.url)


@pytest.mark.parametrize("status", [201, 204, 302, 307, 400, 404, 500, 502])
def test_any_other_status_is_a_failure_and_redirects_are_not_followed(
    server: FakeLambda, status: int
) -> None:
    server.reply = (status, {"Location": server.url + "/other"}, b"" if status == 204 else b"why")

    async def scene(runner: Runner, listener: Listener) -> None:
        answer = await invoked(runner)
        assert isinstance(answer, Failed)
        assert (answer.fault, f"status {status}" in answer.detail) == (Fault.UNREACHABLE, True)
        assert listener.troubles == [answer.detail]

    played(scene, FunctionKind.URL, server.url)
    assert len(server.requests) == 1


def test_a_connection_is_used_again(server: FakeLambda) -> None:
    async def scene(runner: Runner, _: Listener) -> None:
        for _number in range(5):
            await invoked(runner)

    played(scene, FunctionKind.URL, server.url)
    assert len(server.clients) == 1


def test_a_url_s_password_is_sent_and_never_told(server: FakeLambda) -> None:
    server.reply = (500, {}, b"no")

    async def scene(runner: Runner, listener: Listener) -> None:
        await invoked(runner)
        assert "status 500" in listener.troubles[0]
        assert "hush" not in str(listener.heard)

    played(scene, FunctionKind.URL, server.url.replace("//", "//user:hush@"))
    assert server.requests[0][1]["authorization"].startswith("Basic ")


def test_a_proxy_of_the_environment_is_not_used(server: FakeLambda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def scene(runner: Runner, _: Listener) -> None:
        assert await invoked(runner) == Returned(b'{"ok": true}')

    played(scene, FunctionKind.URL, server.url)


# An ARN


def test_the_arn_is_called_with_its_alias(server: FakeLambda) -> None:
    async def scene(runner: Runner, _: Listener) -> None:
        await invoked(runner)

    played(scene, FunctionKind.ARN)
    quoted = LAMBDA_ARN.replace(":", "%3A")
    assert server.requests[0][0] == f"/2015-03-31/functions/{quoted}/invocations"


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (404, "ResourceNotFoundException", Fault.UNKNOWN),
        (429, "TooManyRequestsException", Fault.BUSY),
        (413, "RequestTooLargeException", Fault.TOO_LARGE),
        (403, "AccessDeniedException", Fault.UNREACHABLE),
        (500, "ServiceException", Fault.UNREACHABLE),
    ],
)
def test_what_lambda_refuses_is_told_apart(server: FakeLambda, status: int, code: str, fault: Fault) -> None:
    reply = json.dumps({"message": "no", "Type": "User"}).encode()
    server.reply = (status, {"x-amzn-ErrorType": code}, reply)

    async def scene(runner: Runner, listener: Listener) -> None:
        answer = await invoked(runner)
        assert isinstance(answer, Failed)
        assert answer.fault is fault
        assert code in answer.detail
        assert listener.troubles == [answer.detail]

    played(scene, FunctionKind.ARN)
    assert len(server.requests) == 1, "a call is not repeated"


def test_without_credentials_it_is_told(server: FakeLambda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    async def scene(runner: Runner, listener: Listener) -> None:
        answer = await invoked(runner)
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.UNREACHABLE
        assert "Unable to locate credentials" in listener.troubles[0]

    played(scene, FunctionKind.ARN)


def test_without_boto3_it_is_told_at_the_start_and_at_every_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_module(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", no_module)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    async def scene() -> None:
        listener = Listener()
        runner = ArnRunner(a_function(kind=FunctionKind.ARN, arn=LAMBDA_ARN), listener.tell)
        runner.start()
        assert await invoked(runner) == Failed(Fault.NOT_STARTED, NO_BOTO3)
        assert listener.troubles == [NO_BOTO3, NO_BOTO3]
        await runner.close()

    asyncio.run(scene())
