"""What functions can do to their process, and what becomes of it. Every case with a real process."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from functions.python_function import Listened, gone, is_alive, python_function, run
from gateline.functions.answer import Answer, Failed, Fault
from gateline.functions.speech import Trouble

SOON = timedelta(seconds=1)

FINE = """
import os
def handler(event, context):
    if event == "pid":
        return os.getpid()
    misbehave(event, context)
"""


def failed(answer: Answer, fault: Fault) -> str:
    """The detail of a failure of this kind."""
    assert isinstance(answer, Failed), answer
    assert answer.fault is fault
    return answer.detail


CRASHES = {
    "import sys; sys.exit()": "status 0",
    "import sys; sys.exit(3)": "status 3",
    "import sys; sys.exit('words')": "status 1",
    "os._exit(5)": "status 5",
    "os.kill(os.getpid(), 9)": "signal SIGKILL",
    "os.kill(os.getpid(), 15)": "signal SIGTERM",
    "import ctypes; ctypes.string_at(0)": "signal SIGSEGV",
    "os.abort()": "signal SIGABRT",
    "raise KeyboardInterrupt": "status 1",
    "os.closerange(3, 65536)": "status",  # the channel has the number that it had in this process
    "import threading; threading.Thread(target=lambda: os._exit(6)).start(); threading.Event().wait()": "status 6",
}


@pytest.mark.parametrize("act", CRASHES, ids=lambda act: act[:24])
def test_a_worker_that_dies_fails_its_event_and_is_replaced(tmp_path: Path, act: str) -> None:
    source = f"{FINE}\ndef misbehave(event, context):\n    {act}\n"

    async def scenario(functions: Listened) -> None:
        first = await functions.returned("pid")
        detail = failed(await functions.ask("misbehave", "r2"), Fault.CRASHED)
        assert CRASHES[act] in detail
        assert not is_alive(first)
        assert functions.troubles == [detail]
        assert await functions.returned("pid") != first

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


def test_what_a_dying_function_printed_is_told(tmp_path: Path) -> None:
    source = f"{FINE}\ndef misbehave(event, context):\n    print('last words')\n    os._exit(1)\n"

    async def scenario(functions: Listened) -> None:
        failed(await functions.ask("misbehave"), Fault.CRASHED)
        assert functions.lines() == [("r1", "last words")]

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


ENDLESS = {
    "loop": "while True: pass",
    "sleep": "import time; time.sleep(600)",
    "deaf": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()",
    "in-c": "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')",
    "stopped": "import signal; os.kill(os.getpid(), signal.SIGSTOP)",
}


def test_workers_without_end_are_killed_in_time_and_replaced(tmp_path: Path) -> None:
    endless = [
        python_function(
            tmp_path / name, f"{FINE}\ndef misbehave(e, c):\n    {act}\n", name=name, timeout=SOON
        )
        for name, act in ENDLESS.items()
    ]

    async def one(functions: Listened, name: str) -> None:
        first = await functions.returned("pid", name=name)
        detail = failed(await functions.ask("misbehave", "r2", name), Fault.TIMEOUT)
        assert detail == "Task timed out after 1.00 seconds"
        assert Trouble(name, "r2", detail) in functions.heard
        assert await functions.returned("pid", name=name) != first
        await gone(first)

    async def scenario(functions: Listened) -> None:
        await asyncio.gather(*(one(functions, name) for name in ENDLESS))

    run(tmp_path, scenario, *endless)


def test_what_a_function_forked_goes_with_its_worker(tmp_path: Path) -> None:
    source = """
import os, subprocess, sys, time
def handler(event, context):
    child = os.fork()
    if child == 0:
        time.sleep(600)
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if event == "die":
        print(child, started.pid, flush=True)
        os._exit(1)
    return [os.getpid(), child, started.pid]
"""

    pids: list[int] = []

    async def scenario(functions: Listened) -> None:
        failed(await functions.ask("die"), Fault.CRASHED)
        for pid in functions.lines()[0][1].split():
            await gone(int(pid))
        pids.extend(await functions.returned())
        assert all(map(is_alive, pids))

    run(tmp_path, scenario, python_function(tmp_path / "code", source))
    assert not any(map(is_alive, pids))


def test_a_forked_child_neither_answers_nor_holds_the_channel(tmp_path: Path) -> None:
    source = """
import os, subprocess
def handler(event, context):
    own = os.getpid()
    os.fork()  # both go on and return
    inherited = subprocess.run(["ls", "-l", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False).stdout
    if os.getpid() != own and event == "garbage":
        for descriptor in range(3, 4096):
            try:
                os.write(descriptor, b"garbage")
            except OSError:
                pass
    return ["parent" if os.getpid() == own else "child", inherited.count(b"socket:")]
"""

    async def scenario(functions: Listened) -> None:
        for event in ("", "garbage", "", "garbage", ""):
            assert await functions.returned(event) == ["parent", 0]

    assert run(tmp_path, scenario, python_function(tmp_path / "code", source)).troubles == []


GARBAGE = {
    "other bytes": "b'HTTP/1.1 200 OK' * 10",
    "a length without end": "b'\\xff' * 64",
    "an answer to another event": "b'\\0\\0\\0\\7' + b'\\0\\0\\0\\7' + b'R{}'",
    "two answers": "(b'\\0\\0\\0\\7' + b'\\0\\0\\0\\2' + b'R{}') * 2",
    "ready again": "b'\\0\\0\\0\\5' + b'\\0\\0\\0\\0' + b'K'",
    "too short": "b'\\0\\0\\0\\1' * 4",
    "an unknown kind": "b'\\0\\0\\0\\7' + b'\\0\\0\\0\\2' + b'Q{}'",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_in_the_channel_is_no_answer(tmp_path: Path, garbage: str) -> None:
    source = f"""{FINE}
import stat, time
def misbehave(event, context):
    for descriptor in range(3, 4096):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, {garbage})
                time.sleep(600)
        except OSError:
            pass
"""

    async def scenario(functions: Listened) -> None:
        first = await functions.returned("pid")
        failed(await functions.ask("misbehave", "r2"), Fault.INVALID)
        assert await functions.returned("pid") != first
        await gone(first)
        assert any("is no answer" in text for text in functions.troubles)

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


def test_fifty_megabytes_of_prints_hold_up_nobody(tmp_path: Path) -> None:
    source = """
def handler(event, context):
    for _ in range(50):
        print("x" * 99 * 10_000 + "\\n" + "y" * 9_999)
    return "done"
"""

    async def scenario(functions: Listened) -> None:
        assert await functions.returned() == "done"

    heard = run(tmp_path, scenario, python_function(tmp_path / "code", source))
    assert sum(len(text) for _, text in heard.lines()) <= 256 * 1024
    assert [text[:8] for text in heard.troubles] == ["printed "]


def test_a_function_without_standard_output_still_answers(tmp_path: Path) -> None:
    source = """
import os, sys
def handler(event, context):
    if event == "close":
        os.closerange(0, 3)
    elif event == "replace":
        sys.stdout = sys.stderr = None
    elif event == "raise":
        raise ValueError("no")
    return event
"""

    async def scenario(functions: Listened) -> None:
        for event in ("fine", "close", "replace"):
            assert await functions.returned(event) == event
        assert (await functions.raised("raise"))["errorMessage"] == "no"

    run(tmp_path, scenario, python_function(tmp_path / "code", source))


def test_an_interpreter_that_is_none_is_told(tmp_path: Path) -> None:
    async def scenario(functions: Listened) -> None:
        assert "does not" in failed(await functions.ask(), Fault.NOT_STARTED) or functions.troubles

    function = python_function(tmp_path / "code", "", interpreter=str(tmp_path / "no/python"))
    heard = run(tmp_path, scenario, function)
    assert "its interpreter" in heard.troubles[0]
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\necho no python here >&2\n")
    silent.chmod(0o755)
    heard = run(tmp_path, scenario, python_function(tmp_path / "code", "", interpreter=str(silent)))
    assert heard.troubles == ["did not start: the process ended with status 0"]
    assert heard.lines("stderr") == [("", "no python here")]
