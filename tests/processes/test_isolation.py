from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

import pytest

from functions.python_function import gone, is_alive
from gateline.processes import isolation
from gateline.processes.isolation import NOBODY_ELSE, Child, Command, NotTold, ending, own_user, start, uid_of

LEAVES_A_CHILD = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    print(child, flush=True)
    {then}
time.sleep(600)
"""

READABLE_BY_ALL = "/usr/bin/python3"
"""A Python that other users can run; the one of these tests may lie in somebody's home."""

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not Path(READABLE_BY_ALL).exists(), reason="needs root and a Python of the system"
)

SCRATCH = Path("/scratch")


def a_command(
    *arguments: str, stdout: int = subprocess.DEVNULL, uid: int = NOBODY_ELSE, environment: Mapping[str, str]
) -> Command:
    return Command(
        arguments=arguments,
        environment=environment,
        folder=Path("/"),
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        uid=uid,
    )


async def started(
    code: str,
    *,
    python: str = sys.executable,
    uid: int = NOBODY_ELSE,
    environment: Mapping[str, str] | None = None,
) -> tuple[Child, Callable[[], Coroutine[None, None, str]]]:
    """A child that runs this Python, and a way to wait for what it prints next."""
    reader, writer = os.pipe()
    child = start(a_command(python, "-c", code, stdout=writer, uid=uid, environment=environment or {}))
    os.close(writer)

    async def said() -> str:
        line = await asyncio.to_thread(os.read, reader, 4096)
        if not line:
            os.close(reader)
        return line.decode().strip()

    return child, said


@pytest.fixture(params=["by a descriptor", "by a thread"])
def watched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the end of a process is seen: as Linux tells it, and as elsewhere."""
    if request.param == "by a thread":
        monkeypatch.delattr(os, "pidfd_open", raising=False)


@pytest.mark.usefixtures("watched")
def test_a_killed_process_takes_its_children_along() -> None:
    async def scenario() -> None:
        child, said = await started(LEAVES_A_CHILD.format(then=""))
        grandchild = int(await said())
        child.kill()
        assert ending(await child.ended) == "signal SIGKILL"
        await gone(grandchild)
        assert await said() == ""
        child.kill()

    asyncio.run(asyncio.wait_for(scenario(), 20))


@pytest.mark.usefixtures("watched")
def test_a_process_that_ends_leaves_no_child_behind() -> None:
    async def scenario() -> None:
        child, said = await started(LEAVES_A_CHILD.format(then="os._exit(7)"))
        grandchild = int(await said())
        assert ending(await child.ended) == "status 7"
        await gone(grandchild)
        assert await said() == ""

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_only_the_given_environment_reaches_the_program_and_nothing_its_start() -> None:
    async def scenario() -> None:
        code = "import os; print(sorted(os.environ.items()))"
        given = {"A": "1", "LD_PRELOAD": "/no/such/library.so"}
        child, said = await started(code, environment=given)
        found = await said()
        assert "('A', '1')" in found
        assert "('LD_PRELOAD', '/no/such/library.so')" in found
        assert "TETHERED" not in found
        assert await child.ended == 0
        assert await said() == ""

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_a_program_that_is_missing_ends_with_a_status() -> None:
    async def scenario() -> None:
        assert await start(a_command("/no/such/program", environment={})).ended == 1

    asyncio.run(asyncio.wait_for(scenario(), 20))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a watchman does it")
def test_a_process_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    parent = tmp_path / "parent.py"
    parent.write_text(
        """
import asyncio, subprocess, sys, time
from pathlib import Path
from gateline.processes.isolation import Command, start
async def main():
    child = start(Command(arguments=(sys.executable, "-c", "import time; time.sleep(600)"), environment={},
        folder=Path("/"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    while "sleep" not in Path(f"/proc/{child.pid}/cmdline").read_text() or "tether" in \\
            Path(f"/proc/{child.pid}/cmdline").read_text():
        await asyncio.sleep(0.01)
    print(child.pid, flush=True)
    time.sleep(600)
asyncio.run(main())
"""
    )
    source = str(Path(isolation.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, parent], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": source}
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert is_alive(pid)
        process.send_signal(signal.SIGKILL)
    asyncio.run(asyncio.wait_for(gone(pid), 20))


def test_a_function_s_user_is_always_the_same_and_high() -> None:
    assert uid_of(SCRATCH, "orders") == uid_of(SCRATCH, "orders")
    assert uid_of(SCRATCH, "orders") != uid_of(SCRATCH, "authorizer")
    assert uid_of(SCRATCH, "orders") != uid_of(Path("/other"), "orders")
    assert 0x7000_0000 <= uid_of(SCRATCH, "orders") < 0x7FFF_FFFF


@needs_root
def test_as_root_a_function_gets_a_user_of_its_own() -> None:
    async def scenario() -> None:
        uid, why = await own_user(uid_of(SCRATCH, "orders"), [Path(READABLE_BY_ALL)])
        assert (uid, why) == (uid_of(SCRATCH, "orders"), "")
        code = "import os; print(os.getresuid(), os.getresgid(), os.getgroups())"
        child, said = await started(code, python=READABLE_BY_ALL, uid=uid)
        assert await said() == f"({uid}, {uid}, {uid}) ({uid}, {uid}, {uid}) []"
        assert await child.ended == 0
        assert await said() == ""

    asyncio.run(asyncio.wait_for(scenario(), 20))


@needs_root
def test_what_another_user_cannot_read_keeps_a_function_with_our_own(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    secret = tmp_path / "code" / "app.py"
    secret.write_text("")
    secret.chmod(0o600)
    uid, why = asyncio.run(own_user(uid_of(SCRATCH, "orders"), [tmp_path / "code"]))
    assert uid == NOBODY_ELSE
    assert "not isolated" in why


def test_without_root_a_function_runs_as_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert asyncio.run(own_user(uid_of(SCRATCH, "orders"), [])) == (NOBODY_ELSE, "")


@pytest.mark.parametrize("why", ["killed", "odd"])
def test_who_ends_the_question_does_not_become_us(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    programs = {"killed": "import os; os.kill(os.getpid(), 9)", "odd": "raise SystemExit(1)"}
    monkeypatch.setattr(isolation, "_tethered", lambda _uid, _rest: [sys.executable, "-c", programs[why]])
    with pytest.raises(NotTold):
        asyncio.run(own_user(uid_of(SCRATCH, "orders"), [Path(READABLE_BY_ALL)]))
