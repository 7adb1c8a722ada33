from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.model.authorizer import AuthorizerKind
from gateline.model.function import Function, FunctionKind
from gateline.model.hosting import (
    HostConfiguration,
    HostedAuthorizer,
    HostedLogin,
    HostedMethod,
    HostedPlan,
    HostedStage,
    HostedTarget,
)
from gateline.model.origin import Origin
from gateline.model.usage_plan import ApiKey
from gateline.runtime import hosting
from gateline.runtime.background import background
from gateline.runtime.host_link import HostRefused
from gateline.runtime.hosting import Hosting, overlapping
from gateline.runtime.notice import FunctionSaid, FunctionTrouble, HostBack, HostCrashed, Notice
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.supervisor import Finished
from host.questions import question


def function(name: str = "f", code: str = "") -> Function:
    return Function(name=name, kind=FunctionKind.PYTHON, handler="code.run", code=code, origin=Origin("x"))


def authorizer(name: str, validation: str = "") -> HostedAuthorizer:
    return HostedAuthorizer(
        name=name, kind=AuthorizerKind.TOKEN, function="f", ttl=300, validation=validation
    )


def stage(
    scope: str, *authorizers: HostedAuthorizer, routes: tuple[str, ...] = (), revision: str = ""
) -> HostedStage:
    return HostedStage(
        scope=scope,
        api_id="a",
        stage="s",
        account_id="1",
        region="us-east-1",
        revision=revision,
        authorizers=authorizers,
        methods=tuple(HostedMethod(route=route, resource="/", resource_id="r") for route in routes),
    )


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


@pytest.fixture
def needed(tmp_path: Path) -> HostConfiguration:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "code.py").write_text("print('loaded')\ndef run(event, context): return {}\n")
    return HostConfiguration(functions=(function(code=str(tmp_path / "code")),), stages=(stage("a/s"),))


class Bench:
    def __init__(self, state: StateDir, tasks: asyncio.TaskGroup, processes: LocalProcesses) -> None:
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()
        self.changes = 0
        environ = {"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": "/trusted.pem"}
        self.hosting = Hosting(state, environ, tasks, processes, self.notices.put_nowait, self._count)

    def _count(self) -> None:
        self.changes += 1

    async def told(self) -> Notice:
        """The next notice that is not a function's."""
        while isinstance(told := await self.notices.get(), FunctionSaid | FunctionTrouble):
            pass
        return told


def played(state: StateDir, story: Callable[[Bench], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(60), LocalProcesses() as processes, background() as tasks:
            bench = Bench(state, tasks, processes)
            try:
                await story(bench)
            finally:
                bench.hosting.stop()
                await bench.hosting.finished()

    asyncio.run(play())


def told_by_kernel(pid: int, place: str) -> str:
    return Path(f"/proc/{pid}/{place}").read_text(errors="replace")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_needs_no_host_starts_none(state: StateDir) -> None:
    async def story(bench: Bench) -> None:
        await bench.hosting.configure(HostConfiguration())
        assert bench.hosting.pid is None

    played(state, story)


def test_a_host_comes_up_speaks_for_its_functions_and_leaves_nothing(
    state: StateDir, needed: HostConfiguration
) -> None:
    pids: list[int] = []

    async def story(bench: Bench) -> None:
        await bench.hosting.configure(needed)
        assert bench.hosting.pid
        pids.append(bench.hosting.pid)
        for socket in (state.host_socket, state.host_control_socket):
            assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        assert "gateline.host" in told_by_kernel(pids[0], "cmdline").split("\0")
        assert "SSL_CERT_FILE=/trusted.pem" in told_by_kernel(pids[0], "environ").split("\0")
        while not isinstance(said := await bench.notices.get(), FunctionSaid):
            pass
        assert (said.function, said.text) == ("f", "loaded")

    played(state, story)
    assert not is_alive(pids[0])


def test_a_host_knows_none_of_the_heavy_libraries(state: StateDir, needed: HostConfiguration) -> None:
    async def story(bench: Bench) -> None:
        await bench.hosting.configure(needed)
        assert bench.hosting.pid
        mapped = told_by_kernel(bench.hosting.pid, "maps")
        for library in ("grpc", "pydantic", "google/_upb", "cryptography"):
            assert library not in mapped

    played(state, story)


def test_a_killed_host_comes_back_configured(state: StateDir, needed: HostConfiguration) -> None:
    async def story(bench: Bench) -> None:
        await bench.hosting.configure(needed)
        first = bench.hosting.pid
        assert first
        os.kill(first, signal.SIGKILL)
        assert await bench.told() == HostCrashed(-9, 0.0)
        back = await bench.told()
        assert isinstance(back, HostBack)
        assert back.pid == bench.hosting.pid != first
        assert bench.changes == 3  # up, down, up
        await bench.hosting.configure(needed)

    played(state, story)


def test_a_refused_configuration_is_told_and_the_host_serves_on(
    state: StateDir, needed: HostConfiguration
) -> None:
    async def story(bench: Bench) -> None:
        await bench.hosting.configure(needed)
        first = bench.hosting.pid
        bad = replace(needed, stages=(stage("a/s", authorizer("tokens", validation="(")),))
        with pytest.raises(HostRefused, match="a/s/tokens"):
            await bench.hosting.configure(bad)
        await bench.hosting.configure(needed)
        assert bench.hosting.pid == first

    played(state, story)


def test_a_host_that_does_not_come_up_is_told_with_its_last_words_and_tried_again_later(
    state: StateDir, needed: HostConfiguration, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def story(bench: Bench) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(hosting, "PACKAGES", tmp_path)
            (tmp_path / "gateline").mkdir()
            (tmp_path / "gateline" / "__init__.py").write_text("raise SystemExit('no luck today')")
            with pytest.raises(GatelineError, match="no luck today"):
                await bench.hosting.configure(needed)
        await bench.hosting.configure(needed)
        assert bench.hosting.pid

    played(state, story)


def test_a_function_that_runs_on_without_a_caller_does_not_hold_up_the_end(
    state: StateDir, needed: HostConfiguration, tmp_path: Path
) -> None:
    (tmp_path / "code" / "code.py").write_text(
        "import time\ndef run(event, context):\n    print('running')\n    time.sleep(600)\n"
    )
    slow = replace(needed.functions[0], timeout=timedelta(seconds=600))
    given = replace(needed, functions=(slow,), stages=(stage("shop/prod", authorizer("tokens")),))

    async def story(bench: Bench) -> None:
        await bench.hosting.configure(given)
        _, writer = await asyncio.open_unix_connection(state.host_socket)
        body = question()
        writer.write(b"POST /authorize HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        while getattr(await bench.notices.get(), "text", "") != "running":
            pass
        writer.close()
        bench.hosting.stop()
        await bench.hosting.finished()
        assert bench.hosting._keeper is not None
        assert bench.hosting._keeper.finished.result() == Finished(0)  # ended by itself, not killed

    played(state, story)


def test_after_a_stop_none_is_started(state: StateDir, needed: HostConfiguration) -> None:
    async def story(bench: Bench) -> None:
        await bench.hosting.configure(needed)
        bench.hosting.stop()
        await bench.hosting.finished()
        with pytest.raises(GatelineError):
            await bench.hosting.configure(replace(needed, stages=()))
        assert bench.hosting.pid is None

    played(state, story)


def test_while_envoy_changes_over_the_host_serves_the_old_and_the_new() -> None:
    before = HostConfiguration(
        functions=(function("f", "old"), function("gone")),
        revisions=(("f", "1"), ("gone", "1")),
        stages=(
            stage("a/s", authorizer("x"), authorizer("gone"), routes=("one", "two"), revision="1"),
            stage("b/s", authorizer("y")),
            stage("d/s", authorizer("z"), routes=("same",), revision="5"),
        ),
    )
    after = HostConfiguration(
        functions=(function("f", "new"),),
        revisions=(("f", "2"),),
        stages=(
            stage("a/s", authorizer("x", "new"), routes=("two", "three"), revision="2"),
            stage("c/s"),
            stage("d/s", routes=("same",), revision="5"),
        ),
    )
    both = overlapping(before, after)
    assert both.functions == (function("f", "new"), function("gone"))
    assert both.revisions == (("f", "2"), ("gone", "1"))
    assert both.stages == (
        stage("a/s", authorizer("x", "new"), authorizer("gone"), routes=("two", "three"), revision="2"),
        stage("c/s"),
        stage("d/s", authorizer("z"), routes=("same",), revision="5"),
        stage("a/s", routes=("one", "two"), revision="1"),  # for requests that it has let in
        stage("b/s", authorizer("y")),
    )


def test_assertions_are_signed_with_the_new_key_at_once() -> None:
    """Services were shown it long before; and what was signed with the old one is good for its minute."""
    before = HostConfiguration(stages=(stage("a/s"),), assertion_issuer="gateline:a", assertion_kid="1")
    after = replace(before, assertion_kid="2", assertion_key="pem")
    assert overlapping(before, after) == after


def test_logins_of_both_are_answered_with_the_new_keys() -> None:
    old, kept, new = (HostedLogin(name=f"front:443/{name}") for name in ("1 old", "2 kept", "1 new"))
    before = HostConfiguration(logins=(old, kept), session_keys=("a",), claims_keys=(("k", "pem"),))
    after = HostConfiguration(logins=(new, kept), session_keys=("b", "a"), claims_keys=(("l", "pem"),))
    assert overlapping(before, after) == replace(after, logins=(new, kept, old))
    assert overlapping(before, HostConfiguration()) == before
    assert overlapping(HostConfiguration(), after) == after


def test_everything_that_both_have_alike_overlaps_to_the_same() -> None:
    """A field that is forgotten would be gone for the seconds of each change."""
    whole = HostConfiguration(
        functions=(function(),),
        revisions=(("f", "1"),),
        stages=(stage("a/s", authorizer("x")),),
        plans=(HostedPlan(name="p", scopes=("a/s",)),),
        keys=(ApiKey(name="k", key_id="k", digest="d", plans=("p",)),),
        pepper="pepper",
        assertion_issuer="gateline:a",
        assertion_kid="1",
        assertion_key="pem",
        endpoints=(("", "http://127.0.0.1:1"),),
        logins=(HostedLogin(name="front:443/1"),),
        session_keys=("a",),
        claims_keys=(("k", "pem"),),
        targets=(HostedTarget(group="g", arn="arn:g", function="f", function_arn="arn:f"),),
    )
    assert [field.name for field in fields(whole) if getattr(whole, field.name) == field.default] == []
    assert overlapping(whole, whole) == whole


def test_what_only_adds_is_not_changed_by_what_was() -> None:
    before = HostConfiguration(functions=(function(),), revisions=(("f", "1"),), stages=(stage("a/s"),))
    after = HostConfiguration(
        functions=(function(), function("g")),
        revisions=(("f", "2"), ("g", "1")),
        stages=(stage("a/s", authorizer("x")),),
    )
    assert overlapping(before, after) == after
    assert overlapping(HostConfiguration(), after) == after


def test_control_knows_none_of_the_libraries_of_the_host() -> None:
    code = "import sys, gateline.runtime.stack; print(*sys.modules)"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    asked = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    strangers = {
        "uvicorn",
        "starlette",
        "uvloop",
        "httptools",
        "regex",
        "gateline.functions",
    }
    assert not strangers & set(asked.stdout.split())
