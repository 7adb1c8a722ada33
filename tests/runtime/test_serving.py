"""Changes of a running project with a function behind it, against a real Envoy and a real host."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import select
import signal
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateline.compile.resources import LISTENER
from gateline.errors import GatelineError
from gateline.runtime import candidate, control_client, serving, stack
from gateline.runtime.candidate import Candidate
from gateline.runtime.notice import (
    Complained,
    FunctionSaid,
    FunctionTrouble,
    HostBack,
    HostCrashed,
    Notice,
    Published,
    Remarked,
)
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from harness.gateway_process import running_gateway
from runtime.authorized import calls, definition, write_authorized_project, write_code, write_definition
from runtime.projects import API_KEY, MOCK, write_keyed_project, write_project

pytestmark = pytest.mark.envoy

NAME = "orders/prod/tokens"


class Running:
    def __init__(self, served: Stack, settings: Settings, notices: asyncio.Queue[Notice]) -> None:
        self.stack = served
        self.settings = settings
        self._notices = notices

    async def get(self, token: str, path: str = "/prod/orders") -> int:
        """The status of a GET with this token."""
        return await asyncio.to_thread(status, self.stack.gateway.edge.port, token, path)

    async def told(self) -> Notice:
        """The next notice that is not a function's."""
        while isinstance(told := await self._notices.get(), FunctionSaid | FunctionTrouble):
            pass
        return told

    async def flush(self, *names: str) -> tuple[str, ...]:
        return await control_client.flush(self.settings.project, None, list(names) or None)


def status(port: int, token: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Authorization": token})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def served(settings: Settings, story: Callable[[Running], Awaitable[None]]) -> None:
    async def play() -> None:
        notices: asyncio.Queue[Notice] = asyncio.Queue()
        async with (
            asyncio.timeout(60),
            LocalProcesses() as processes,
            Stack(settings, notices.put_nowait, processes) as running,
        ):
            await story(Running(running, settings, notices))

    asyncio.run(play())


def one_worker(folder: Path) -> Settings:
    """The project with one worker of Envoy, whose cache then holds what was decided once."""
    settings = write_authorized_project(folder)
    text = settings.project.read_text().replace("workers: 2", "workers: 1")
    settings.project.write_text(text)
    return settings


def test_the_host_runs_beside_envoy_and_is_named_in_the_ready_file(tmp_path: Path) -> None:
    settings = replace(write_authorized_project(tmp_path), ready_file=tmp_path / "ready.json")

    async def story(running: Running) -> None:
        assert set(running.stack.pids) == {"gateline", "control", "envoy", "host"}
        assert json.loads((tmp_path / "ready.json").read_text())["pids"] == running.stack.pids
        assert [await running.get(token) for token in ("good", "bad", "")] == [200, 401, 401]
        assert calls(tmp_path) == 2

    served(settings, story)
    assert not any((tmp_path / ".gateline").glob("*.path"))


def test_workers_of_envoy_share_what_the_host_has_decided(tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        assert {await running.get("good") for _ in range(20)} == {200}
        assert calls(tmp_path) == 1

    served(write_authorized_project(tmp_path), story)


@pytest.mark.parametrize("name", ["tokens", NAME])
def test_a_flush_lets_every_worker_ask_anew(tmp_path: Path, name: str) -> None:
    async def story(running: Running) -> None:
        for _ in range(10):
            await running.get("good")
        assert await running.flush(name) == (NAME,)
        for _ in range(10):
            await running.get("good")
        assert calls(tmp_path) == 2
        assert await running.flush() == (NAME,)
        await running.get("good")
        assert calls(tmp_path) == 3
        with pytest.raises(
            GatelineError, match="no authorizer is called other; there are: orders/prod/tokens"
        ):
            await running.flush("other")

    served(write_authorized_project(tmp_path), story)


def test_code_that_is_edited_decides_anew(tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        assert (await running.get("good"), await running.get("other")) == (200, 401)
        write_code(tmp_path, good="other")
        assert isinstance(await running.told(), Published)
        assert (await running.get("good"), await running.get("other")) == (401, 200)
        write_code(tmp_path, good="good")
        assert isinstance(await running.told(), Published)
        assert (await running.get("good"), await running.get("other")) == (200, 401)

    served(write_authorized_project(tmp_path), story)


def test_a_flush_survives_a_reload_that_was_compiled_before_it(tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        assert await running.get("good") == 200
        write_definition(tmp_path, definition(path="/other"))
        await running.flush()
        assert isinstance(await running.told(), Published)
        assert await running.get("good", "/prod/other") == 200
        assert calls(tmp_path) == 2

    served(one_worker(tmp_path), story)


def test_a_revoked_key_survives_a_reload_that_was_read_before_it(tmp_path: Path) -> None:
    settings = write_keyed_project(tmp_path, {"/hello": MOCK})

    def opens(port: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", "/prod/hello", headers={"x-api-key": API_KEY})
            return connection.getresponse().status
        finally:
            connection.close()

    async def story(running: Running) -> None:
        port = running.stack.gateway.edge.port
        assert await asyncio.to_thread(opens, port) == 200
        settings.project.write_text(settings.project.read_text().replace("limit: 1000", "limit: 2000"))
        asked = {"action": "revoke", "key": "acme"}
        await control_client.keys(settings.project, None, asked)
        assert await asyncio.to_thread(opens, port) == 403
        assert isinstance(await running.told(), Published)
        assert await asyncio.to_thread(opens, port) == 403

    served(settings, story)


def test_a_killed_host_closes_what_is_not_cached_and_comes_back(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    settings = replace(one_worker(tmp_path), ready_file=ready)

    async def story(running: Running) -> None:
        assert await running.get("good") == 200
        os.kill(running.stack.pids["host"], signal.SIGKILL)
        assert await running.get("good") == 200
        assert await running.told() == HostCrashed(-9, 0.0)
        assert isinstance(await running.told(), HostBack)
        assert json.loads(ready.read_text())["pids"] == running.stack.pids
        assert (await running.get("other"), await running.get("good")) == (401, 200)
        assert calls(tmp_path) == 2

    served(settings, story)


def test_a_host_that_is_first_needed_by_an_edit_is_started_then(tmp_path: Path) -> None:
    plain, guarded = tmp_path / "plain", tmp_path / "guarded"
    plain.mkdir()
    guarded.mkdir()
    settings = write_project(plain, {"/orders": MOCK}, gateway={"workers": 1})
    whole = write_authorized_project(guarded).project.read_text()

    async def story(running: Running) -> None:
        assert "host" not in running.stack.pids
        assert await running.flush() == ()
        write_code(plain)
        write_definition(plain, definition())
        (plain / "next").write_text(whole)
        (plain / "next").replace(plain / "gateline.yaml")
        while not isinstance(await running.told(), Published):
            pass  # the definition may be seen before the function is declared
        assert running.stack.pids["host"]
        assert (await running.get("good"), await running.get("bad")) == (200, 401)

    served(settings, story)


def test_an_expression_that_the_host_refuses_leaves_the_last_good_configuration(tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        assert await running.get("good") == 200
        write_definition(tmp_path, definition(validation="(?<=a+)b"))  # compiles nowhere but in `regex`
        write_definition(tmp_path, definition(validation="(unclosed"))
        told = await running.told()
        while isinstance(told, Published):
            told = await running.told()
        assert isinstance(told, Remarked | Complained)
        assert (await running.get("good"), await running.get("new")) == (200, 401)

    served(one_worker(tmp_path), story)


def test_what_envoy_refuses_leaves_the_host_with_the_last_good_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = False

    def build_badly(*args: Any) -> Candidate:
        made = candidate.build(*args)
        if not bad or made.resources is None:
            return made
        listeners = dict(made.resources.by_type[LISTENER])
        for name, message in listeners.items():
            broken: Any = type(message)()
            broken.CopyFrom(message)
            broken.address.socket_address.port_value = 70_000
            listeners[name] = broken
        by_type = {**made.resources.by_type, LISTENER: listeners}
        return replace(made, resources=replace(made.resources, by_type=by_type))

    monkeypatch.setattr(stack, "build", build_badly)

    async def story(running: Running) -> None:
        nonlocal bad
        assert await running.get("good") == 200
        bad = True
        write_code(tmp_path, good="other")
        assert isinstance(await running.told(), Complained)
        # The host runs the code that is on disk, whichever configuration it serves; nothing kept is believed.
        assert calls(tmp_path) == 1
        write_code(tmp_path, good="good")
        assert isinstance(await running.told(), Complained)
        bad = False
        write_definition(tmp_path, definition(path="/later"))
        assert isinstance(await running.told(), Published)
        assert (await running.get("good", "/prod/later"), await running.get("other", "/prod/later")) == (
            200,
            401,
        )

    served(one_worker(tmp_path), story)


def test_paths_that_come_and_go_fail_no_request_of_a_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "OVERLAP_SECONDS", 0.05)
    over = threading.Event()
    seen: list[int] = []

    def load(port: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            seen.append(status(port, f"unknown {number}", "/prod/orders"))

    def document(number: int) -> dict[str, Any]:
        made = definition()
        made["paths"][f"/extra/{number}"] = made["paths"]["/orders"]
        return made

    async def story(running: Running) -> None:
        loading = asyncio.ensure_future(asyncio.to_thread(load, running.stack.gateway.edge.port))
        for number in range(10):
            write_definition(tmp_path, document(number))
            assert isinstance(await running.told(), Published)
            assert await running.get("good", f"/prod/extra/{number}") == 200
        over.set()
        await loading

    served(write_authorized_project(tmp_path), story)
    assert set(seen) == {401}


def test_a_gateline_that_is_killed_leaves_no_host_and_no_worker_and_what_it_left_is_removed(
    tmp_path: Path,
) -> None:
    settings = write_authorized_project(tmp_path)
    with running_gateway(settings.project, tmp_path, {}) as gateway:
        assert status(gateway.port, "good", "/prod/orders") == 200
        host = gateway.pids["host"]
        workers = [int(pid) for pid in Path(f"/proc/{host}/task/{host}/children").read_text().split()]
        assert workers
        handles = [os.pidfd_open(pid) for pid in (gateway.pids["envoy"], host, *workers)]
        os.kill(gateway.pids["gateline"], signal.SIGKILL)
        for handle in handles:
            assert select.select([handle], [], [], 20)[0] == [handle]
            os.close(handle)
        left = Path((gateway.state / "scratch.path").read_text())
        assert left.exists()
    (tmp_path / "ready.json").unlink()  # it speaks of the run that was killed
    with running_gateway(settings.project, tmp_path, {}) as gateway:
        assert status(gateway.port, "good", "/prod/orders") == 200
        assert not left.exists()
