from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import uvloop

from functions.python_function import LONG, Listened, gone, is_alive, python_function, run
from gateline.functions.answer import Failed, Fault, Returned
from gateline.functions.remote import ArnRunner
from gateline.model.function import FunctionKind

PID = "import os, time\ndef handler(event, context):\n    time.sleep(event or 0)\n    return os.getpid()\n"


def test_an_unknown_function_is_answered(tmp_path: Path) -> None:
    async def scenario(functions: Listened) -> None:
        answer = await functions.ask(name="nobody")
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.UNKNOWN

    run(tmp_path, scenario)


def test_what_did_not_change_keeps_its_processes(tmp_path: Path) -> None:
    one = python_function(tmp_path / "code", PID)
    two = replace(one, name="two")

    async def scenario(functions: Listened) -> None:
        await functions.configure((one, two), {"fn": "1"})
        first, second = await functions.returned(), await functions.returned(name="two")
        assert first != second
        await functions.configure((two, one), {"fn": "1", "other": "x"})
        assert [await functions.returned(), await functions.returned(name="two")] == [first, second]
        await functions.configure((one, two), {"fn": "2"})
        assert await functions.returned() not in {first, second}
        assert await functions.returned(name="two") == second
        await gone(first)
        await functions.configure((replace(two, memory_size=512),), {})
        assert await functions.returned(name="two") != second
        await gone(second)
        assert getattr(await functions.ask(), "fault", None) is Fault.UNKNOWN

    run(tmp_path, scenario)


def test_edited_code_answers_from_the_moment_of_its_configuration(tmp_path: Path) -> None:
    """Same size, same second: the byte code of the old one must not be taken for the new one's."""
    function = python_function(tmp_path / "code", "def handler(e, c): return 1")
    source = tmp_path / "code/app.py"
    before = source.stat()

    async def scenario(functions: Listened) -> None:
        assert await functions.returned() == 1
        source.write_text("def handler(e, c): return 2")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
        await functions.configure((function,), {"fn": "2"})
        assert await functions.returned() == 2

    run(tmp_path, scenario, function)
    assert list((tmp_path / "code").iterdir()) == [source]


def test_the_old_finish_while_the_new_answer(tmp_path: Path) -> None:
    source = """
import os, time
def handler(event, context):
    while event and not os.path.exists(event):
        time.sleep(0.01)
    return os.getpid()
"""
    function = python_function(tmp_path / "code", source)
    sign = tmp_path / "sign"

    async def scenario(functions: Listened) -> None:
        first = await functions.returned()
        running, waiting = (asyncio.create_task(functions.returned(str(sign))) for _ in range(2))
        await asyncio.sleep(0)
        await functions.configure((function,), {"fn": "2"})
        second = await functions.returned()
        assert second != first
        sign.touch()
        assert await running == first
        assert await waiting == first
        await gone(first)

    run(tmp_path, scenario, function)


def test_leaving_waits_for_what_runs_and_leaves_nothing(tmp_path: Path) -> None:
    pids: list[int] = []
    asked: list[asyncio.Task[int]] = []

    async def scenario(functions: Listened) -> None:
        pids.append(await functions.returned())
        asked.append(asyncio.create_task(functions.returned(0.2)))
        await asyncio.sleep(0)

    run(tmp_path, scenario, python_function(tmp_path / "code", PID))
    assert asked[0].result() == pids[0]
    assert not is_alive(pids[0])


def test_leaving_may_be_cut_short(tmp_path: Path) -> None:
    listened = Listened(tmp_path)
    pids: list[int] = []

    async def life() -> None:
        async with listened:
            await listened.configure((python_function(tmp_path / "code", PID),), {})
            pids.append(await listened.returned())
            asked.append(asyncio.create_task(listened.ask(600)))
            await asyncio.sleep(0)
            leaving.set()

    async def scenario() -> None:
        living = asyncio.create_task(life())
        await leaving.wait()
        await asyncio.sleep(0)
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living
        answer = await asked[0]
        assert isinstance(answer, Failed)
        assert not is_alive(pids[0])

    leaving = asyncio.Event()
    asked: list[asyncio.Task[object]] = []
    asyncio.run(asyncio.wait_for(scenario(), LONG))


def test_a_flood_is_bounded_and_the_others_are_answered(tmp_path: Path) -> None:
    """Fair: who came first is served; who finds half of the queue taken by itself is told so at once."""
    function = python_function(tmp_path / "code", "def handler(e, c): return e", maximum=2)

    async def scenario(functions: Listened) -> None:
        answers = await asyncio.gather(*(functions.ask(number) for number in range(1500)))
        kinds = [isinstance(answer, Returned) for answer in answers]
        assert kinds == [True] * 500 + [False] * 1000
        assert {answer.fault for answer in answers if isinstance(answer, Failed)} == {Fault.BUSY}

    run(tmp_path, scenario, function)


def test_it_works_on_the_host_s_own_loop(tmp_path: Path) -> None:
    listened = Listened(tmp_path)
    source = (
        "import os\ndef handler(e, c):\n    print('x' * 100_000)\n    return os._exit(1) if e == 1 else e\n"
    )

    async def scenario() -> None:
        async with asyncio.timeout(LONG), listened:
            await listened.configure((python_function(tmp_path / "code", source),), {})
            assert await listened.returned("x" * 3_000_000) == "x" * 3_000_000
            assert isinstance(await listened.ask(1), Failed)
            assert await listened.returned(2) == 2

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())


def test_each_kind_of_function_has_its_runner(tmp_path: Path) -> None:
    class Invocation(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"url": ' + body + b"}")

        def log_message(self, *_: object) -> None:
            pass

    bootstrap = tmp_path / "bootstrap"
    bootstrap.write_text(
        f"#!{sys.executable}\n"
        "import os, urllib.request\n"
        "api = f'http://{os.environ[\"AWS_LAMBDA_RUNTIME_API\"]}/2018-06-01/runtime/invocation'\n"
        "while True:\n"
        "    with urllib.request.urlopen(f'{api}/next') as event:\n"
        "        request_id = event.headers['lambda-runtime-aws-request-id']\n"
        "    urllib.request.urlopen(f'{api}/{request_id}/response', b'\"from a bootstrap\"').close()\n"
    )
    bootstrap.chmod(0o755)
    server = HTTPServer(("127.0.0.1", 0), Invocation)
    Thread(target=server.serve_forever, daemon=True).start()
    python = python_function(tmp_path / "code", "def handler(e, c): return e")
    url = replace(
        python, name="url", kind=FunctionKind.URL, code="", url=f"http://127.0.0.1:{server.server_port}/f"
    )
    arn = replace(python, name="arn", kind=FunctionKind.ARN, code="", arn="arn:aws:lambda:x:1:function:f")
    bootstrapped = replace(
        python,
        name="bootstrapped",
        kind=FunctionKind.RUNTIME_API,
        code=str(tmp_path),
        runtime="provided.al2023",
    )

    async def scenario(functions: Listened) -> None:
        assert await functions.returned(1) == 1
        assert await functions.returned(1, name="url") == {"url": 1}
        assert await functions.returned(1, name="bootstrapped") == "from a bootstrap"
        assert isinstance(functions._runners["arn"][2], ArnRunner)

    run(tmp_path, scenario, python, url, arn, bootstrapped)
    server.shutdown()
    server.server_close()


def test_as_root_the_scratch_folder_can_be_passed_but_not_listed(tmp_path: Path) -> None:
    async def scenario(functions: Listened) -> None:
        mode = stat.S_IMODE(functions.scratch.stat().st_mode)
        assert mode == (0o711 if os.geteuid() == 0 else 0o700)

    run(tmp_path, scenario)
