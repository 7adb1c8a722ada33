from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from gateline.host.turns import LARGE, SMALL, Turns


class Bench:
    """Work that says when it has begun, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = threading.Semaphore(0)
        self.loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()

    def work(self, name: str) -> Callable[[], str]:
        def run() -> str:
            self.loop.call_soon_threadsafe(self._began, name)
            self.may_end.acquire()
            return name

        return run

    def _began(self, name: str) -> None:
        self.begun.append(name)
        self.changed.set()

    async def until(self, count: int) -> None:
        """Wait until so many have begun."""
        while len(self.begun) < count:
            self.changed.clear()
            await self.changed.wait()


def played(story: Callable[[Turns, Bench], Awaitable[None]]) -> None:
    async def play() -> None:
        turns = Turns()
        bench = Bench()
        try:
            await asyncio.wait_for(story(turns, bench), 20)
        finally:
            for _ in range(50):
                bench.may_end.release()
            turns.close()

    asyncio.run(play())


def test_work_yields_what_it_yields_and_raises_what_it_raises() -> None:
    async def story(turns: Turns, _: Bench) -> None:
        assert await turns.run("a", 0, lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await turns.run("a", 0, lambda: 1 // 0)

    played(story)


def test_the_loop_goes_on_meanwhile() -> None:
    async def story(turns: Turns, _: Bench) -> None:
        loop_went_on = threading.Event()
        working = asyncio.ensure_future(turns.run("a", 0, lambda: loop_went_on.wait(10)))
        await asyncio.sleep(0)
        loop_went_on.set()
        assert await working

    played(story)


def test_sources_come_in_turn() -> None:
    async def story(turns: Turns, bench: Bench) -> None:
        flood = [asyncio.ensure_future(turns.run("flood", 0, bench.work(f"flood{n}"))) for n in range(6)]
        await bench.until(2)
        other = asyncio.ensure_future(turns.run("other", 0, bench.work("other")))
        await asyncio.sleep(0)
        for _ in range(7):
            bench.may_end.release()
        assert await other == "other"
        await asyncio.gather(*flood)
        assert bench.begun.index("other") <= 3  # after two that ran, and one at most whose turn came before

    played(story)


def test_one_large_piece_is_done_at_a_time_and_small_ones_beside_it() -> None:
    async def story(turns: Turns, bench: Bench) -> None:
        large = [asyncio.ensure_future(turns.run("a", LARGE + 1, bench.work(f"large{n}"))) for n in range(2)]
        small = asyncio.ensure_future(turns.run("a", LARGE, bench.work("small")))
        await bench.until(2)
        assert sorted(bench.begun) == ["large0", "small"]
        for _ in range(3):
            bench.may_end.release()
        assert [*await asyncio.gather(*large), await small] == ["large0", "large1", "small"]

    played(story)


def test_what_is_given_up_while_it_runs_keeps_its_turn_until_it_ends() -> None:
    async def story(turns: Turns, bench: Bench) -> None:
        gone = asyncio.ensure_future(turns.run("a", LARGE + 1, bench.work("gone")))
        await bench.until(1)
        gone.cancel()
        after = asyncio.ensure_future(turns.run("a", LARGE + 1, bench.work("after")))
        await asyncio.sleep(0)
        assert gone.cancelled()
        assert bench.begun == ["gone"]
        for _ in range(2):
            bench.may_end.release()
        assert await after == "after"

    played(story)


def test_what_is_given_up_while_it_waits_is_never_begun() -> None:
    async def story(turns: Turns, bench: Bench) -> None:
        first = asyncio.ensure_future(turns.run("a", LARGE + 1, bench.work("first")))
        await bench.until(1)
        gone = asyncio.ensure_future(turns.run("a", LARGE + 1, bench.work("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        after = asyncio.ensure_future(turns.run("a", LARGE + 1, bench.work("after")))
        for _ in range(3):
            bench.may_end.release()
        assert [await first, await after] == ["first", "after"]
        assert bench.begun == ["first", "after"]

    played(story)


def test_what_is_small_and_brief_is_done_at_once_and_all_else_in_a_thread() -> None:
    async def story(turns: Turns, _: Bench) -> None:
        own = threading.get_ident()
        done: list[tuple[bool, bool]] = []

        def work(is_brief: bool) -> int:
            done.append((is_brief, threading.get_ident() == own))
            return 7

        assert await turns.briefly("n", "a", SMALL, work, KeyError) == 7
        assert await turns.briefly("n", "a", SMALL + 1, work, KeyError) == 7
        assert done == [(True, True), (False, False)]

    played(story)


def test_what_was_not_brief_is_done_again_in_a_thread_and_not_tried_again_soon() -> None:
    async def story(turns: Turns, _: Bench) -> None:
        tried: list[bool] = []

        def work(is_brief: bool) -> int:
            tried.append(is_brief)
            if is_brief:
                raise KeyError
            return 7

        for name in ("slow", "slow", "other"):
            assert await turns.briefly(name, "a", 0, work, KeyError) == 7
        assert tried == [True, False, False, True, False]
        with pytest.raises(KeyError):
            await turns.briefly("third", "a", 0, lambda _: dict[str, int]()["none"], ZeroDivisionError)

    played(story)
