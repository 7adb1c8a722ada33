"""Faults of a process that speaks the Runtime API: what it does to itself, and what others try."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gateline.functions import runtime_worker
from gateline.functions.answer import Failed, Fault, Raised, Returned
from gateline.functions.output import MOST
from harness.runtime_function import RunningFunction, running

CLIENT = f"""#!{sys.executable} -IS
import http.client, os, signal, socket, sys, time

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

def ask(method, what, body=None, headers={{}}):
    connection.request(method, "/2018-06-01/runtime/" + what, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()

def take():
    status, headers, event = ask("GET", "invocation/next")
    return headers["Lambda-Runtime-Aws-Request-Id"], event

def answer(request_id, body):
    return ask("POST", f"invocation/{{request_id}}/response", body)[0]
"""


def bootstrap(body: str) -> dict[str, str]:
    """A bootstrap by hand."""
    return {"bootstrap": CLIENT + body}


ECHOES = "while True:\n    request_id, event = take()\n    answer(request_id, event)\n"
SECOND = timedelta(seconds=1)


def test_a_bootstrap_by_hand_answers_one_event_after_the_other(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, bootstrap(ECHOES)) as function:
            for number in (b"1", b"2", b"3"):
                assert await function.invoke(number) == Returned(number)
            assert [text for text in function.troubles if "not isolated" not in text] == []

    asyncio.run(scene())


def test_what_it_prints_is_said_with_the_request_that_it_printed_for(tmp_path: Path) -> None:
    body = (
        "print('hello', flush=True)\n"
        "while True:\n    request_id, event = take()\n"
        "    print('out', event.decode(), flush=True)\n"
        "    print('err', file=sys.stderr, flush=True)\n"
        "    answer(request_id, event)\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            await function.invoke(b"7", "one")
            await function.invoke(b"8", "two")
            wanted = {("", "hello"), ("one", "out 7"), ("one", "err"), ("two", "out 8"), ("two", "err")}
            await function.until(lambda: wanted <= set(function.said))

    asyncio.run(scene())


def test_megabytes_of_words_neither_block_it_nor_fill_our_memory(tmp_path: Path) -> None:
    body = (
        "while True:\n    request_id, event = take()\n"
        "    for _ in range(64):\n        sys.stdout.write('x' * 65535 + '\\n')\n    sys.stdout.flush()\n"
        "    answer(request_id, event)\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            assert await function.invoke(b"7") == Returned(b"7")
            assert await function.invoke(b"8") == Returned(b"8")
            await function.until(lambda: sum("were dropped" in text for text in function.troubles) == 2)
            assert sum(len(text) for _, text in function.said) < 3 * MOST

    asyncio.run(scene())


def test_one_that_never_asks_for_an_event_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateline.functions.pool.START_SECONDS", 1.0)

    async def scene() -> None:
        async with running(tmp_path, bootstrap("time.sleep(600)\n")) as function:
            answer = await function.invoke(b"1")
            assert isinstance(answer, Failed)
            assert answer.fault is Fault.NOT_STARTED

    asyncio.run(scene())


def test_one_that_exits_before_it_is_ready_is_told_with_its_status_and_words(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, bootstrap("sys.exit('no key')\n")) as function:
            answer = await function.invoke(b"1")
            told = "ended with status 1 before it asked for an event\nno key"
            assert answer == Failed(Fault.NOT_STARTED, told)
            assert answer.detail in function.troubles

    asyncio.run(scene())


def test_one_that_tells_why_it_cannot_start_is_ended_and_its_text_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_worker, "LEAVE_SECONDS", 0.1)
    body = (
        'ask(\'POST\', \'init/error\', \'{"errorMessage": "no module", "errorType": "ImportError"}\')\n'
        "time.sleep(600)\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            assert await function.invoke(b"1") == Failed(Fault.NOT_STARTED, "ImportError: no module")

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("end", "why"),
    [("sys.exit(3)", "status 3"), ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL")],
    ids=["exits", "is killed"],
)
def test_one_that_ends_with_an_event_is_replaced(tmp_path: Path, end: str, why: str) -> None:
    body = (
        "while True:\n    request_id, event = take()\n"
        f"    if event == b'\"die\"':\n        {end}\n"
        "    answer(request_id, event)\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            assert await function.invoke(b'"die"') == Failed(Fault.CRASHED, f"ended with {why}")
            assert await function.invoke(b"2") == Returned(b"2")

    asyncio.run(scene())


def test_one_that_ends_after_its_answer_has_answered(tmp_path: Path) -> None:
    body = "request_id, event = take()\nanswer(request_id, event)\nsys.exit(1)\n"

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            for number in (b"1", b"2"):
                assert await function.invoke(number) == Returned(number)

    asyncio.run(scene())


def test_one_that_takes_too_long_is_killed_with_its_children_and_replaced(tmp_path: Path) -> None:
    body = (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while True:\n    request_id, event = take()\n"
        "    if event == b'\"hang\"':\n"
        "        child = os.fork()\n"
        "        if child:\n            print(os.getpid(), child, flush=True)\n"
        "        time.sleep(600)\n"
        "    answer(request_id, event)\n"
    )

    async def scene() -> list[int]:
        async with running(tmp_path, bootstrap(body), timeout=SECOND) as function:
            answer = await function.invoke(b'"hang"', "one")
            assert answer == Failed(Fault.TIMEOUT, "Task timed out after 1.00 seconds")
            assert await function.invoke(b"2") == Returned(b"2")
            await function.until(lambda: any(request == "one" for request, _ in function.said))
            return [int(word) for request, text in function.said if request == "one" for word in text.split()]

    pids = asyncio.run(scene())
    assert len(pids) == 2
    assert [pid for pid in pids if runs(pid)] == []


def test_a_wrong_request_id_is_refused_and_told_once(tmp_path: Path) -> None:
    body = (
        "while True:\n    request_id, event = take()\n"
        "    refused = [answer('other', event), answer('other', event)]\n"
        "    answer(request_id, str(refused))\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            assert await function.invoke(b"1") == Returned(b"[400, 400]")
            told = [text for text in function.troubles if "refused" in text]
            assert len(told) == 1
            assert "POST /2018-06-01/runtime/invocation/other/response: 400" in told[0]

    asyncio.run(scene())


def test_the_first_of_two_answers_counts(tmp_path: Path) -> None:
    body = (
        "while True:\n    request_id, event = take()\n"
        "    answer(request_id, event)\n"
        "    print('second', answer(request_id, b'0'), flush=True)\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            for number in (b"1", b"2"):
                assert await function.invoke(number) == Returned(number)
            await function.until(lambda: sum(text == "second 403" for _, text in function.said) == 2)

    asyncio.run(scene())


def test_an_answer_that_is_too_long_is_none_and_the_worker_lives(tmp_path: Path) -> None:
    body = (
        "while True:\n    request_id, event = take()\n"
        "    answer(request_id, b'x' * int(event))\n"
        "    print(os.getpid(), flush=True)\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            answer = await function.invoke(b"6291557")
            assert isinstance(answer, Failed)
            assert answer.fault is Fault.TOO_LARGE
            assert await function.invoke(b"6291556") == Returned(b"x" * 6291556)
            await function.until(lambda: len(function.said) == 2)
            assert len({text for _, text in function.said}) == 1

    asyncio.run(scene())


def test_an_error_is_raised_with_what_it_says(tmp_path: Path) -> None:
    body = (
        "while True:\n    request_id, event = take()\n"
        "    ask('POST', f'invocation/{request_id}/error', event, {'Lambda-Runtime-Function-Error-Type': 'T'})\n"
    )

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            payload = b'{"errorMessage": "Unauthorized", "errorType": "Exception"}'
            assert await function.invoke(payload) == Raised("Unauthorized", "Exception", payload)
            odd = await function.invoke(b"7")
            assert isinstance(odd, Raised)
            assert (odd.message, odd.error_type) == ("7", "T")

    asyncio.run(scene())


def runs(pid: int) -> bool:
    """Whether a process runs still; a dead one may wait for the machine's first process to see it."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, check=False)
    return found.stdout.strip()[:1] not in {b"", b"Z"}


async def port_of(function: RunningFunction) -> tuple[str, int]:
    """The port of the only worker, which the bootstrap printed."""
    await function.until(lambda: any(text.startswith("127.0.0.1:") for _, text in function.said))
    address = next(text for _, text in function.said if text.startswith("127.0.0.1:"))
    return "127.0.0.1", int(address.rpartition(":")[2])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
def test_a_process_that_is_not_the_worker_s_gets_no_event_and_cannot_answer(tmp_path: Path) -> None:
    body = "print(os.environ['AWS_LAMBDA_RUNTIME_API'], flush=True)\n" + ECHOES

    async def scene() -> None:
        async with running(tmp_path, bootstrap(body)) as function:
            reader, writer = await asyncio.open_connection(*await port_of(function))
            writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                assert await reader.read() == b""
            except ConnectionResetError:
                pass
            finally:
                writer.close()
            await function.until(lambda: any("not the function's" in text for text in function.troubles))
            assert await function.invoke(b"1") == Returned(b"1")

    asyncio.run(scene())
