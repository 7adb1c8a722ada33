from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateline.host.decisions import Busy, Decisions, now_ms
from gateline.host.store import Decision

ALLOWS = Decision(b"allow", expires=10_000, grants=True)


class Function:
    """An authorizer that answers when it is told to."""

    def __init__(self, answer: Decision = ALLOWS) -> None:
        self.answer = answer
        self.calls = 0
        self.broken_off = 0
        self.may_answer = asyncio.Event()

    async def __call__(self) -> Decision:
        self.calls += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        return self.answer


def decisions(*, most_calls: int = 1024, most_callers: int = 8192) -> Decisions:
    return Decisions(now=lambda: 0, most_calls=most_calls, most_callers=most_callers)


def played(story: Callable[[], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(30):
            await story()

    asyncio.run(play())


async def turns() -> None:
    """Let everything happen that can happen."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_five_hundred_callers_with_one_key_cost_one_call() -> None:
    async def story() -> None:
        held, function = decisions(), Function()
        herd = [asyncio.ensure_future(held.decide(b"key", "ip", function, shared=True)) for _ in range(500)]
        await turns()
        function.may_answer.set()
        assert set(await asyncio.gather(*herd)) == {ALLOWS}
        assert function.calls == 1
        assert held.kept(b"key") == ALLOWS
        assert held.in_flight == 0

    played(story)


def test_an_authorizer_that_keeps_nothing_is_called_for_each_request() -> None:
    async def story() -> None:
        held, function = decisions(), Function(Decision(b"allow", grants=True))
        function.may_answer.set()
        for _ in range(3):
            await held.decide(b"key", "ip", function, shared=False)
        both = [asyncio.ensure_future(held.decide(b"key", "ip", function, shared=False)) for _ in range(2)]
        await asyncio.gather(*both)
        assert function.calls == 5
        assert held.kept(b"key") is None
        assert held.in_flight == 0

    played(story)


def test_a_caller_that_goes_away_breaks_nothing_off_while_another_waits() -> None:
    async def story() -> None:
        held, function = decisions(), Function()
        first = asyncio.ensure_future(held.decide(b"key", "ip", function, shared=True))
        second = asyncio.ensure_future(held.decide(b"key", "ip", function, shared=True))
        await turns()
        first.cancel()
        await turns()
        function.may_answer.set()
        assert await second == ALLOWS
        assert (function.calls, function.broken_off) == (1, 0)

    played(story)


def test_the_last_caller_that_goes_away_breaks_the_call_off_and_the_next_asks_anew() -> None:
    async def story() -> None:
        held, function = decisions(), Function()
        only = asyncio.ensure_future(held.decide(b"key", "ip", function, shared=True))
        await turns()
        only.cancel()
        next_one = asyncio.ensure_future(held.decide(b"key", "ip", function, shared=True))
        await turns()
        assert (function.calls, function.broken_off) == (2, 1)
        function.may_answer.set()
        assert await next_one == ALLOWS
        assert held.in_flight == 0

    played(story)


def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    async def story() -> None:
        held, function = decisions(), Function(Decision(b"failure"))
        herd = [asyncio.ensure_future(held.decide(b"key", "ip", function, shared=True)) for _ in range(3)]
        await turns()
        function.may_answer.set()
        assert {each.reply for each in await asyncio.gather(*herd)} == {b"failure"}
        assert held.kept(b"key") is None
        await held.decide(b"key", "ip", function, shared=True)
        assert function.calls == 2

    played(story)


def test_a_fault_of_ours_reaches_all_who_wait_and_leaves_nothing() -> None:
    async def fault() -> Decision:
        await asyncio.sleep(0)
        raise KeyError

    async def story() -> None:
        held = decisions(most_calls=2)
        for _ in range(5):
            herd = [asyncio.ensure_future(held.decide(b"key", "ip", fault, shared=True)) for _ in range(3)]
            answers = await asyncio.gather(*herd, return_exceptions=True)
            assert {type(each) for each in answers} == {KeyError}
        assert held.in_flight == 0

    played(story)


def test_a_flush_lets_go_of_calls_in_flight() -> None:
    async def story() -> None:
        held, function, later = decisions(), Function(), Function()
        early = asyncio.ensure_future(held.decide(b"1:a old", "ip", function, shared=True))
        other = asyncio.ensure_future(held.decide(b"1:b old", "ip", function, shared=True))
        await turns()
        held.flush((b"1:a",))
        late = asyncio.ensure_future(held.decide(b"1:a old", "ip", later, shared=True))
        await turns()
        function.may_answer.set()
        assert (await early, await other) == (ALLOWS, ALLOWS)
        assert held.kept(b"1:a old") is None  # decided before the flush
        assert held.kept(b"1:b old") == ALLOWS
        later.may_answer.set()
        await late
        assert held.kept(b"1:a old") == ALLOWS
        assert (function.calls, later.calls) == (2, 1)

    played(story)


def test_a_flood_of_one_source_leaves_room_for_others_and_costs_no_call() -> None:
    async def story() -> None:
        held, function = decisions(most_calls=100), Function()
        flood = [
            asyncio.ensure_future(held.decide(b"random %d" % number, "flood", function, shared=True))
            for number in range(1000)
        ]
        await turns()
        assert function.calls == 50
        other = asyncio.ensure_future(held.decide(b"honest", "other", function, shared=True))
        await turns()
        function.may_answer.set()
        assert await other == ALLOWS
        answers = await asyncio.gather(*flood, return_exceptions=True)
        assert sum(isinstance(each, Busy) for each in answers) == 950
        assert held.in_flight == 0

    played(story)


def test_waiting_callers_are_bounded_too() -> None:
    async def story() -> None:
        held, function = decisions(most_callers=10), Function()
        herd = [asyncio.ensure_future(held.decide(b"key", "ip", function, shared=True)) for _ in range(20)]
        await turns()
        function.may_answer.set()
        answers = await asyncio.gather(*herd, return_exceptions=True)
        assert sum(isinstance(each, Busy) for each in answers) == 15
        assert function.calls == 1

    played(story)


def test_a_call_that_is_broken_off_holds_its_place_until_it_has_ended() -> None:
    async def story() -> None:
        held, ending = decisions(most_calls=2), asyncio.Event()

        async def stubborn() -> Decision:
            try:
                await asyncio.Event().wait()
            finally:
                await ending.wait()
            return ALLOWS

        left = asyncio.ensure_future(held.decide(b"a", "ip", stubborn, shared=True))
        await turns()
        left.cancel()
        await turns()
        with pytest.raises(Busy):
            await held.decide(b"b", "ip", stubborn, shared=True)
        ending.set()
        await turns()
        function = Function()
        function.may_answer.set()
        assert await held.decide(b"b", "ip", function, shared=True) == ALLOWS

    played(story)


def test_the_clock_is_in_milliseconds_since_the_epoch() -> None:
    assert 1_700_000_000_000 < now_ms() < 10_000_000_000_000
