from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from gateline.runtime.spawned import Spawned


def spawned(code: str) -> Spawned:
    return Spawned(os.posix_spawn(sys.executable, [sys.executable, "-c", code], {}))


@pytest.fixture(params=["descriptor", "thread"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "thread":
        monkeypatch.delattr(os, "pidfd_open", raising=False)


@pytest.mark.usefixtures("_way")
def test_its_exit_status_is_told() -> None:
    async def play() -> int:
        return await spawned("raise SystemExit(7)").ended

    assert asyncio.run(play()) == 7


@pytest.mark.usefixtures("_way")
def test_a_signal_is_a_negative_status_and_the_dead_get_none() -> None:
    async def play() -> int:
        child = spawned("import time; time.sleep(600)")
        child.kill()
        status = await child.ended
        child.terminate()
        return status

    assert asyncio.run(play()) == -signal.SIGKILL
