from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys

import pytest

from gateline.processes.orphans import reap, reap_orphans

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="process 1 is a container's, as Linux has them"
)


def dead_child() -> int:
    """A child that has ended and that nobody waits for."""
    pid = os.posix_spawn("/bin/true", ["true"], {})
    handle = os.pidfd_open(pid)
    try:
        assert select.select([handle], [], [], 30)[0]
    finally:
        os.close(handle)
    return pid


def is_child(pid: int) -> bool:
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def test_who_is_dead_at_two_looks_is_reaped() -> None:
    pid = dead_child()
    before = reap(frozenset())
    assert pid in before
    assert is_child(pid)  # whoever started it may wait for it still
    assert pid not in reap(frozenset({pid}))
    assert not is_child(pid)


def test_who_lives_is_not() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert process.pid not in reap(frozenset({process.pid}))
        assert process.poll() is None
        process.kill()


def test_whoever_was_waited_for_meanwhile_is_forgotten() -> None:
    pid = dead_child()
    os.waitpid(pid, 0)
    assert pid not in reap(frozenset({pid}))


def test_where_we_are_not_process_1_it_ends_at_once() -> None:
    asyncio.run(reap_orphans())


def test_process_1_looks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    pid = dead_child()

    async def play() -> None:
        reaping = asyncio.create_task(reap_orphans(0.001))
        while is_child(pid):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        reaping.cancel()

    asyncio.run(play())
