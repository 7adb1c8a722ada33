from __future__ import annotations

import asyncio
import stat
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from gateline.runtime import process
from gateline.runtime.process import LONGEST_LOG, Child, Command, keep_short, scrubbed, spawn, trim


def python(tmp_path: Path, code: str, **environment: str) -> Command:
    return Command(
        arguments=(sys.executable, "-c", code),
        environment=environment,
        folder=tmp_path,
        log=tmp_path / "log",
    )


def during(command: Command, story: Callable[[Child], Coroutine[None, None, None]] | None = None) -> int:
    async def play() -> int:
        child = spawn(command)
        if story:
            await story(child)
        async with asyncio.timeout(20):
            return await child.ended

    return asyncio.run(play())


def test_the_exit_status_is_told(tmp_path: Path) -> None:
    assert during(python(tmp_path, "raise SystemExit(7)")) == 7


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    async def kill(child: Child) -> None:
        child.kill()

    assert during(python(tmp_path, "input()"), kill) == -9


def test_its_words_are_kept_in_a_private_file(tmp_path: Path) -> None:
    during(python(tmp_path, "import sys; print('out', flush=True); print('err', file=sys.stderr)"))
    assert (tmp_path / "log").read_text() == "out\nerr\n"
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_log_that_grew_too_long_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * (LONGEST_LOG + 1))
    during(python(tmp_path, "print('out')"))
    assert (tmp_path / "log").read_text() == "out\n"


def test_a_log_is_trimmed_under_the_feet_of_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * LONGEST_LOG)
    trim(log)
    assert log.stat().st_size == LONGEST_LOG
    with log.open("ab", buffering=0) as writer:
        writer.write(b"too much")
        trim(log)
        writer.write(b"on it goes")
    assert log.read_bytes() == b"on it goes"
    trim(tmp_path / "none")


def test_it_has_the_environment_that_it_was_given_and_no_input(tmp_path: Path) -> None:
    code = (
        "import os, sys; print(sorted(set(os.environ) - {'LC_CTYPE'}), repr(sys.stdin.read()), os.getcwd())"
    )
    during(python(tmp_path, code, ONLY="x"))
    assert (tmp_path / "log").read_text() == f"['ONLY'] '' {tmp_path}\n"


def test_it_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    during(python(tmp_path, "import os; print(os.getsid(0) == os.getpid())"))
    assert (tmp_path / "log").read_text() == "True\n"


def test_a_child_that_is_gone_can_be_told_to_go(tmp_path: Path) -> None:
    async def play() -> None:
        child = spawn(python(tmp_path, ""))
        await child.ended
        child.terminate()
        child.kill()

    asyncio.run(play())


def test_no_handle_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    during(python(tmp_path, ""))
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.parametrize(("name", "kept"), [("PATH", True), ("HOME", True), ("AWS_SECRET_ACCESS_KEY", False)])
def test_a_scrubbed_environment_holds_what_every_program_needs(name: str, kept: bool) -> None:
    assert (name in scrubbed({name: "x"})) is kept


def test_logs_are_kept_short_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK_AT_LOGS_SECONDS", 0.0)
    logs = tmp_path / "one", tmp_path / "other"

    async def scene() -> None:
        keeping = asyncio.create_task(keep_short(*logs))
        async with asyncio.timeout(20):
            for _ in range(2):
                for log in logs:
                    log.write_bytes(b"x" * (LONGEST_LOG + 1))
                while any(log.stat().st_size for log in logs):  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(0)
        keeping.cancel()

    asyncio.run(scene())
