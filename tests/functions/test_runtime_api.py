from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping

import pytest

from gateline.functions.answer import Answer, Failed, Fault, Raised, Returned
from gateline.functions.runtime_api import Asked, Invocation, RuntimeApi, Told, trace_id

ROOT = "/2018-06-01/runtime"
NEXT = Asked(method="GET", path=f"{ROOT}/invocation/next")
OK = Told(202, b'{"status":"OK"}\n')


class Recorder:
    """Hears what a worker says."""

    def __init__(self) -> None:
        self.heard: list[str | Answer] = []

    def ready(self) -> None:
        self.heard.append("ready")

    def answered(self, answer: Answer) -> None:
        self.heard.append(answer)

    def not_started(self, why: str) -> None:
        self.heard.append(why)


def post(what: str, body: bytes | None = b"{}", **headers: str) -> Asked:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked(method="POST", path=f"{ROOT}/{what}", headers=named, body=body)


def an_event(request_id: str = "one", event: bytes = b'{"a":1}') -> Invocation:
    return Invocation(
        request_id=request_id, event=event, deadline_ms=1700000000000, invoked_arn="arn:f", trace_id="Root=1"
    )


def played(scene: Callable[[RuntimeApi, Recorder], Awaitable[None]]) -> None:
    """Play a scene with a new Runtime API."""

    async def play() -> None:
        recorder = Recorder()
        async with asyncio.timeout(20):
            await scene(RuntimeApi(recorder), recorder)

    asyncio.run(play())


async def with_event(api: RuntimeApi, request_id: str = "one") -> Told:
    """Bring a worker to where it has an event."""
    asked = asyncio.create_task(api.answer(NEXT))
    await asyncio.sleep(0)
    api.hand(an_event(request_id))
    return await asked


def problem(told: Told) -> tuple[int, Mapping[str, str]]:
    return told.status, json.loads(told.body)


def test_next_waits_for_an_event_and_says_all_of_it() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        told = await with_event(api)
        assert recorder.heard == ["ready"]
        assert told == Told(
            200,
            b'{"a":1}',
            (
                ("Lambda-Runtime-Aws-Request-Id", "one"),
                ("Lambda-Runtime-Deadline-Ms", "1700000000000"),
                ("Lambda-Runtime-Invoked-Function-Arn", "arn:f"),
                ("Lambda-Runtime-Trace-Id", "Root=1"),
            ),
        )

    played(scene)


def test_an_answer_is_handed_on_and_then_the_next_event_comes() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        await with_event(api, "one")
        assert await api.answer(post("invocation/one/response", b"[7]")) == OK
        told = await with_event(api, "two")
        assert told.headers[0] == ("Lambda-Runtime-Aws-Request-Id", "two")
        error = post("invocation/two/error", b"boom", lambda_runtime_function_error_type="T")
        assert await api.answer(error) == OK
        assert recorder.heard[:3] == ["ready", Returned(b"[7]"), "ready"]
        assert isinstance(recorder.heard[3], Raised)
        assert (recorder.heard[3].message, recorder.heard[3].error_type) == ("boom", "T")

    played(scene)


def test_whoever_asks_again_gets_the_same_event_again() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        lost = asyncio.create_task(api.answer(NEXT))
        await asyncio.sleep(0)
        lost.cancel()  # its connection broke
        first = await with_event(api)
        assert await api.answer(NEXT) == first
        assert recorder.heard == ["ready"]

    played(scene)


def test_a_streamed_answer_is_an_answer_and_a_broken_stream_is_an_error() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        await with_event(api, "one")
        mode = {"lambda-runtime-function-response-mode": "streaming"}
        path = f"{ROOT}/invocation/one/response"
        assert await api.answer(Asked(method="POST", path=path, headers=mode, body=b"text")) == OK
        await with_event(api, "two")
        trailers = {
            "lambda-runtime-function-error-type": "Broken",
            "lambda-runtime-function-error-body": b64encode(b'{"errorMessage":"m"}').decode(),
        }
        path = f"{ROOT}/invocation/two/response"
        broken = Asked(method="POST", path=path, headers=mode, body=b"te", trailers=trailers)
        assert await api.answer(broken) == OK
        assert recorder.heard[1] == Returned(b"text")
        assert recorder.heard[3] == Raised("m", "Broken", b'{"errorMessage":"m"}')

    played(scene)


def test_another_mode_of_response_is_refused() -> None:
    async def scene(api: RuntimeApi, _: Recorder) -> None:
        await with_event(api)
        odd = post("invocation/one/response", lambda_runtime_function_response_mode="odd")
        assert problem(await api.answer(odd))[1]["errorType"] == "InvalidFunctionResponseMode"
        assert await api.answer(post("invocation/one/response")) == OK

    played(scene)


def test_an_answer_that_is_too_long_is_the_end_of_its_event() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        for what in ("response", "error"):
            await with_event(api)
            status, body = problem(await api.answer(post(f"invocation/one/{what}", None)))
            assert (status, body["errorType"]) == (413, "RequestEntityTooLarge")
            assert body["errorMessage"] == "Exceeded maximum allowed payload size (6291556 bytes)."
        faults = [answer.fault for answer in recorder.heard if isinstance(answer, Failed)]
        assert faults == [Fault.TOO_LARGE, Fault.TOO_LARGE]

    played(scene)


@pytest.mark.parametrize("what", ["response", "error"])
def test_a_wrong_request_id_is_refused_and_the_right_one_still_counts(what: str) -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        for other in ("", "two"):
            await with_event(api) if not recorder.heard else None
            told = await api.answer(post(f"invocation/{other}/{what}"))
            assert problem(told) == (
                400,
                {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"},
            )
        assert await api.answer(post(f"invocation/one/{what}")) == OK

    played(scene)


def test_a_second_answer_is_refused_and_changes_nothing() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        await with_event(api)
        await api.answer(post("invocation/one/response", b"1"))
        for what in ("response", "error"):
            status, body = problem(await api.answer(post(f"invocation/one/{what}", b"2")))
            assert (status, body["errorType"]) == (403, "InvalidStateTransition")
            assert "from ResponseSent to Invocation" in body["errorMessage"]
        assert recorder.heard == ["ready", Returned(b"1")]

    played(scene)


def test_a_second_answer_after_asking_for_more_is_refused_and_the_next_event_still_comes() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        await with_event(api, "one")
        await api.answer(post("invocation/one/response", b"1"))
        asked = asyncio.create_task(api.answer(NEXT))
        await asyncio.sleep(0)
        assert (await api.answer(post("invocation/one/response", b"2"))).status == 400
        api.hand(an_event("two"))
        assert (await asked).headers[0] == ("Lambda-Runtime-Aws-Request-Id", "two")
        assert recorder.heard == ["ready", Returned(b"1"), "ready"]

    played(scene)


def test_nobody_answers_before_there_was_an_event() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        assert (await api.answer(post("invocation//response"))).status == 400
        assert (await api.answer(post("invocation/one/response"))).status == 400
        assert recorder.heard == []

    played(scene)


def test_an_error_of_the_start_is_told_once_and_nothing_follows_it() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        body = b'{"errorMessage": "no module", "errorType": "ImportError", "stackTrace": ["line 1\\n"]}'
        assert await api.answer(post("init/error", body)) == OK
        assert (await api.answer(post("init/error", body))).status == 403
        assert (await api.answer(NEXT)).status == 403
        assert recorder.heard == ["ImportError: no module\nline 1"]

    played(scene)


def test_who_has_started_cannot_tell_that_it_did_not() -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        await with_event(api)
        assert (await api.answer(post("init/error"))).status == 403
        assert recorder.heard == ["ready"]

    played(scene)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{ROOT}/invocation/next", 405),
        ("GET", f"{ROOT}/invocation/one/response", 405),
        ("GET", f"{ROOT}/init/error", 405),
        ("GET", f"{ROOT}/restore/next", 404),
        ("POST", f"{ROOT}/invocation/one/other", 404),
        ("POST", f"{ROOT}/invocation/one/response/more", 404),
        ("GET", "/", 404),
        ("GET", "/2020-01-01/extension/register", 404),
    ],
)
def test_what_is_not_of_the_api_is_refused(method: str, path: str, status: int) -> None:
    async def scene(api: RuntimeApi, recorder: Recorder) -> None:
        assert (await api.answer(Asked(method=method, path=path))).status == status
        assert recorder.heard == []

    played(scene)


def test_a_trace_id_has_amazon_s_form() -> None:
    root, sampled = trace_id("0b9f1c1e-1f2d-4a54-9d7a-3c1f6f6f0a11").split(";")
    one, seconds, unique = root.removeprefix("Root=").split("-")
    assert (one, len(seconds), unique, sampled) == ("1", 8, "1f2d4a549d7a3c1f6f6f0a11", "Sampled=0")
    assert len(trace_id("x").partition(";")[0].rpartition("-")[2]) == 24
