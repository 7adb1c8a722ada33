from __future__ import annotations

import asyncio
import threading

import pytest

from gateline.discovery.aside import aside


def test_the_works_result_is_returned_and_its_fault_raised() -> None:
    def fail() -> int:
        raise OSError("no")

    async def play() -> None:
        assert await aside(lambda: 7, "work") == 7
        with pytest.raises(OSError, match="no"):
            await aside(fail, "work")

    asyncio.run(play())


def test_nobody_waits_for_work_that_does_not_end() -> None:
    end = threading.Event()

    async def play() -> None:
        waiting = asyncio.ensure_future(aside(end.wait, "slow work"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(play())
    [thread] = [each for each in threading.enumerate() if each.name == "slow work"]
    assert thread.daemon
    end.set()
    thread.join(10)
