"""Work that is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateline.host.once import Once


class Bench:
    """Work that waits to be told to end, and a clock."""

    def __init__(self, *, most: int = 10) -> None:
        self.now = 1000
        self.once = Once[str](kept_ms=500, now=lambda: self.now, most=most)
        self.begun = 0
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def work(self) -> str:
        self.begun += 1
        self.has_begun.set()
        number = self.begun
        await self.may_end.wait()
        return f"result {number}"


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def running() -> None:
        await story()

    asyncio.run(running())


def test_all_who_ask_at_a_time_get_one_result() -> None:
    async def story() -> None:
        bench = Bench()
        asking = [asyncio.create_task(bench.once.run(b"k", bench.work)) for _ in range(20)]
        await asyncio.sleep(0)
        bench.may_end.set()
        assert set(await asyncio.gather(*asking)) == {"result 1"}
        assert await bench.once.run(b"other", bench.work) == "result 2"

    run(story)


def test_a_result_is_remembered_for_its_time() -> None:
    async def story() -> None:
        bench = Bench()
        bench.may_end.set()
        assert bench.once.remembered(b"k") is None
        await bench.once.run(b"k", bench.work)
        bench.now += 499
        assert await bench.once.run(b"k", bench.work) == bench.once.remembered(b"k") == "result 1"
        bench.now += 1
        assert bench.once.remembered(b"k") is None
        assert await bench.once.run(b"k", bench.work) == "result 2"

    run(story)


def test_the_work_goes_on_when_nobody_waits_any_more() -> None:
    async def story() -> None:
        bench = Bench()
        asking = asyncio.create_task(bench.once.run(b"k", bench.work))
        await bench.has_begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        later = asyncio.create_task(bench.once.run(b"k", bench.work))
        bench.may_end.set()
        assert await later == "result 1"

    run(story)


def test_a_failure_reaches_all_and_is_not_remembered() -> None:
    async def story() -> None:
        bench = Bench()

        async def fail() -> str:
            await bench.work()
            raise LookupError

        asking = [asyncio.create_task(bench.once.run(b"k", fail)) for _ in range(3)]
        await asyncio.sleep(0)
        bench.may_end.set()
        assert [type(each) for each in await asyncio.gather(*asking, return_exceptions=True)] == [
            LookupError
        ] * 3
        assert await bench.once.run(b"k", bench.work) == "result 2"

    run(story)


def test_the_oldest_results_give_way() -> None:
    async def story() -> None:
        bench = Bench(most=3)
        bench.may_end.set()
        for number in range(5):
            await bench.once.run(b"%d" % number, bench.work)
        assert [number for number in range(5) if bench.once.remembered(b"%d" % number)] == [2, 3, 4]

    run(story)
