from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gateline.runtime.process import Command
from gateline.runtime.processes import MARK, LocalProcesses
from gateline.runtime.supervisor import Finished, Policy

LEAVES_ONE_BEHIND = """
import os, time
pipe = os.pipe()
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    os.write(pipe[1], b".")
    time.sleep(600)
os.read(pipe[0], 1)
"""


def python(tmp_path: Path, code: str) -> Command:
    return Command(
        arguments=(sys.executable, "-c", code), environment={}, folder=tmp_path, log=tmp_path / "log"
    )


def until_it_ends(command: Command) -> Finished:
    async def play() -> Finished:
        async with asyncio.timeout(30), LocalProcesses() as processes:
            kept = processes.keep(
                "task/a",
                command,
                Policy(restarts=False),
                on_crash=lambda _: None,
                on_spawn=lambda _: None,
            )
            kept.start()
            kept.ready()
            return await kept.finished

    return asyncio.run(play())


def test_what_is_kept_is_marked_with_its_name(tmp_path: Path) -> None:
    assert until_it_ends(python(tmp_path, f"import os; print(os.environ[{MARK!r}])")).status == 0
    house, _, name = (tmp_path / "log").read_text().strip().partition("/")
    assert len(house) == 16
    assert name == "task/a"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows environments")
def test_what_it_has_left_in_a_session_of_its_own_ends_with_it(tmp_path: Path) -> None:
    until_it_ends(python(tmp_path, LEAVES_ONE_BEHIND))
    pid = int((tmp_path / "log").read_text())
    assert not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()


def test_what_cannot_be_started_says_why_in_its_log(tmp_path: Path) -> None:
    command = Command(arguments=("/none",), environment={}, folder=tmp_path / "none", log=tmp_path / "log")
    assert until_it_ends(command).status == 127
    assert (tmp_path / "log").read_text() == "Gateline cannot start it: No such file or directory\n"


def test_only_this_process_keeps_them() -> None:
    async def play() -> None:
        async with LocalProcesses() as processes:
            assert processes.root == os.getpid()
            processes.remember("key", "value")
            assert processes.recall("key") == "value"
            assert processes.recall("other") is None
            assert processes.held("lock") is None
            assert not processes.outlives(OSError())

    asyncio.run(play())
