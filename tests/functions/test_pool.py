"""The policy of a pool, with workers that do what the test says. Those of `test_python_worker` are real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.python_function import python_function
from gateline.functions import pool as policy
from gateline.functions.answer import Answer, Failed, Fault, Returned
from gateline.functions.pool import Keeper, NotStarted, Pool, Worker
from gateline.functions.speech import Said, Trouble
from gateline.model.function import Function


@dataclass(eq=False)
class Puppet:
    """A worker that does nothing by itself, but die when it is killed."""

    keeper: Keeper
    taken: list[bytes]
    is_killed: bool = False
    is_gone: bool = False

    def take(self, event: bytes, *, request_id: str, invoked_arn: str) -> None:  # noqa: ARG002
        self.taken.append(event)

    def kill(self) -> None:
        if not self.is_killed:
            self.is_killed = True
            asyncio.get_running_loop().call_soon(self.die, "killed")

    def die(self, why: str) -> None:
        self.is_gone = True
        self.keeper.ended(self, why)

    def answer(self, payload: bytes = b"{}") -> None:
        self.keeper.answered(self, Returned(payload))
        self.keeper.ready(self)


class Stage:
    """A pool of puppets."""

    def __init__(self, function: Function) -> None:
        self.puppets: list[Puppet] = []
        self.heard: list[Said | Trouble] = []
        self.failing = ""  # opening fails with these words
        self.opened = 0
        self.is_closed = False
        self.pool = Pool(function, self, self.heard.append)

    async def open(self) -> None:
        self.opened += 1
        if self.failing:
            raise NotStarted(self.failing)

    def make(self, keeper: Keeper) -> Worker:
        self.puppets.append(Puppet(keeper, []))
        return self.puppets[-1]

    def close(self) -> None:
        self.is_closed = True

    def ask(self, event: bytes = b"{}", source: str = "") -> asyncio.Task[Answer]:
        return asyncio.create_task(self.pool.invoke(event, request_id="r1", invoked_arn="", source=source))

    async def ready(self, *numbers: int) -> None:
        await settle()
        for number in numbers:
            self.pool.ready(self.puppets[number])

    @property
    def troubles(self) -> list[str]:
        return [it.text for it in self.heard if isinstance(it, Trouble)]


async def settle() -> None:
    """Let the loop do what is to be done."""
    for _ in range(10):
        await asyncio.sleep(0)


def play(tmp_path: Path, scenario: Callable[[Stage], Coroutine[Any, Any, None]], **changed: Any) -> None:
    function = replace(python_function(tmp_path, "", timeout=timedelta(minutes=1)), **changed)

    async def whole() -> None:
        stage = Stage(function)
        async with asyncio.timeout(30):
            await scenario(stage)
        closing = asyncio.create_task(stage.pool.close())
        await settle()
        closing.cancel()
        await asyncio.wait({closing})
        assert stage.is_closed
        assert all(puppet.is_gone for puppet in stage.puppets)

    asyncio.run(whole())


def fault(task: asyncio.Task[Answer]) -> Fault:
    answer = task.result()
    assert isinstance(answer, Failed), answer
    return answer.fault


def test_the_minimum_is_kept_ready_and_the_maximum_never_exceeded(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.pool.start()
        await stage.ready(0, 1)
        assert len(stage.puppets) == 2
        asked = [stage.ask() for _ in range(9)]
        await settle()
        assert len(stage.puppets) == 3
        stage.pool.ready(stage.puppets[2])
        for _ in range(3):
            for puppet in stage.puppets:
                puppet.answer()
        assert await asyncio.gather(*asked) == [Returned(b"{}")] * len(asked)
        assert [len(puppet.taken) for puppet in stage.puppets] == [3, 3, 3]

    play(tmp_path, scenario, minimum=2, maximum=3)


def test_events_are_taken_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        asked = [stage.ask(b"%d" % number) for number in range(4)]
        await stage.ready(0)
        for _ in asked:
            stage.puppets[0].answer()
        await asyncio.gather(*asked)
        assert stage.puppets[0].taken == [b"0", b"1", b"2", b"3"]

    play(tmp_path, scenario)


def test_a_full_queue_refuses_the_newest_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "MOST_WAITING", 4)  # of which a source gets half
    monkeypatch.setattr(policy, "MOST_WAITING_BYTES", 100)

    async def scenario(stage: Stage) -> None:
        first, second, third = stage.ask(), stage.ask(), stage.ask()
        await settle()
        assert fault(third) is Fault.BUSY
        first.cancel()
        await settle()
        large, small = stage.ask(b"x" * 99), stage.ask()
        await settle()
        assert fault(large) is Fault.BUSY
        await stage.ready(0)
        stage.puppets[0].answer()
        stage.puppets[0].answer()
        await settle()
        assert isinstance(second.result(), Returned)
        assert isinstance(small.result(), Returned)
        assert stage.puppets[0].taken == [b"{}", b"{}"]

    play(tmp_path, scenario)


def test_who_waits_too_long_is_told_that_all_are_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "GRACE_SECONDS", 0)

    async def scenario(stage: Stage) -> None:
        stage.ask(b"first")
        await stage.ready(0)
        monkeypatch.setattr(stage.pool, "_timeout", 0.01)
        waiting = stage.ask(b"second")
        assert fault(await finished(waiting)) is Fault.BUSY
        stage.puppets[0].answer()
        assert stage.puppets[0].taken == [b"first"]

    play(tmp_path, scenario)


def test_a_start_takes_no_time_of_the_function_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "GRACE_SECONDS", 0)

    async def scenario(stage: Stage) -> None:
        asked = stage.ask()
        await asyncio.sleep(0.05)
        await stage.ready(0)
        stage.puppets[0].answer()
        assert await asked == Returned(b"{}")

    play(tmp_path, scenario, timeout=timedelta(seconds=0.01))


async def finished(task: asyncio.Task[Answer]) -> asyncio.Task[Answer]:
    await asyncio.wait({task})
    return task


def test_a_running_event_that_nobody_waits_for_runs_on(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        dropped = stage.ask(b"dropped")
        await stage.ready(0)
        dropped.cancel()
        kept = stage.ask(b"kept")
        await settle()
        stage.puppets[0].answer(b"1")
        stage.puppets[0].answer(b"2")
        assert await kept == Returned(b"2")
        assert (stage.puppets[0].taken, stage.puppets[0].is_killed) == ([b"dropped", b"kept"], False)

    play(tmp_path, scenario)


def test_the_time_of_an_event_ends_its_worker_also_when_it_lingers_after_the_answer(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        asked, next_one = stage.ask(), stage.ask()
        await stage.ready(0)
        stage.pool.answered(stage.puppets[0], Returned(b"{}"))
        assert isinstance(await asked, Returned)
        while len(stage.puppets) < 2:  # noqa: ASYNC110 - until the pool's timer
            await asyncio.sleep(0)
        stage.pool.ready(stage.puppets[1])
        stage.puppets[1].answer()
        assert isinstance(await next_one, Returned)
        assert stage.puppets[0].is_killed
        assert stage.troubles == []

    play(tmp_path, scenario, timeout=timedelta(seconds=0.1))


def test_a_start_that_fails_is_told_once_answered_and_not_tried_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "_FIRST_BACK_OFF", 0.2)

    async def scenario(stage: Stage) -> None:
        stage.failing = "no code"
        asked = [stage.ask() for _ in range(5)]
        await settle()
        assert {fault(task) for task in asked} == {Fault.NOT_STARTED}
        assert (stage.opened, stage.troubles) == (1, ["no code"])
        again = await finished(stage.ask())
        assert (fault(again), stage.opened) == (Fault.NOT_STARTED, 1)
        stage.failing = ""
        while stage.opened == 1:
            asked = [stage.ask()]
            await asyncio.sleep(0.01)
        await stage.ready(0)
        stage.puppets[0].answer()
        assert isinstance(await asked[0], Returned)

    play(tmp_path, scenario)


def test_each_further_failure_doubles_the_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_FIRST_BACK_OFF", 0.001)

    async def scenario(stage: Stage) -> None:
        pauses: list[float] = []
        while len(pauses) < 6:
            asked = stage.ask()
            await settle()
            if len(stage.puppets) > len(pauses):
                before = asyncio.get_running_loop().time()
                stage.puppets[-1].die("no")
                pauses.append(stage.pool._retry_at - before)
            await finished(asked)
        assert [round(pause * 1000) for pause in pauses] == [1, 2, 4, 8, 16, 32]

    play(tmp_path, scenario)


def test_a_worker_that_never_gets_ready_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "START_SECONDS", 0.05)

    async def scenario(stage: Stage) -> None:
        asked = stage.ask()
        assert fault(await finished(asked)) is Fault.NOT_STARTED
        assert stage.puppets[0].is_killed
        assert stage.troubles == ["was not ready within 0 seconds"]

    play(tmp_path, scenario)


def test_an_idle_worker_that_dies_is_told_and_replaced_when_it_is_needed(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.pool.start()
        await stage.ready(0)
        stage.puppets[0].die("signal SIGKILL")
        await settle()
        assert stage.troubles == ["an idle worker ended: signal SIGKILL"]
        assert len(stage.puppets) == 1
        asked = stage.ask()
        await stage.ready(1)
        stage.puppets[1].answer()
        assert isinstance(await asked, Returned)

    play(tmp_path, scenario)


def test_workers_above_the_minimum_go_when_they_were_idle_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "IDLE_SECONDS", 0.05)

    async def scenario(stage: Stage) -> None:
        asked = [stage.ask() for _ in range(3)]
        await stage.ready(0, 1, 2)
        for puppet in stage.puppets:
            puppet.answer()
        await asyncio.gather(*asked)
        while sum(puppet.is_killed for puppet in stage.puppets) < 2:  # noqa: ASYNC110 - until the pool's timer
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        assert [puppet.is_killed for puppet in stage.puppets] == [True, True, False]
        assert stage.troubles == []

    play(tmp_path, scenario, maximum=3)


def test_closing_lets_finish_what_runs_and_waits(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        asked = [stage.ask(), stage.ask()]
        await stage.ready(0)
        closing = asyncio.create_task(stage.pool.close())
        await settle()
        assert not closing.done()
        stage.puppets[0].answer()
        stage.puppets[0].answer()
        await closing
        assert await asyncio.gather(*asked) == [Returned(b"{}")] * len(asked)
        assert stage.puppets[0].is_killed

    play(tmp_path, scenario)


def test_a_closing_that_is_broken_off_ends_all_of_it(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        asked = [stage.ask(), stage.ask()]
        await stage.ready(0)
        closing = asyncio.create_task(stage.pool.close())
        await settle()
        closing.cancel()
        await asyncio.wait({closing})
        assert closing.cancelled()
        assert [fault(await finished(task)) for task in asked] == [Fault.CRASHED, Fault.CRASHED]

    play(tmp_path, scenario)


def test_an_event_over_lambda_s_limit_is_refused(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        assert fault(await finished(stage.ask(b"x" * 6_291_557))) is Fault.TOO_LARGE

    play(tmp_path, scenario)


def test_sources_that_wait_are_served_in_turn(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.pool.start()
        await stage.ready(0)
        asked = [stage.ask(b"%d" % number, "flood") for number in range(5)]
        await settle()
        asked += [stage.ask(b"a", "other"), stage.ask(b"b", "third")]
        await settle()
        puppet = stage.puppets[0]
        for _ in range(6):
            stage.pool.answered(puppet, Returned(b"{}"))
            stage.pool.ready(puppet)
        assert puppet.taken == [b"0", b"1", b"a", b"b", b"2", b"3", b"4"]
        stage.pool.answered(puppet, Returned(b"{}"))
        stage.pool.ready(puppet)
        await asyncio.gather(*asked)

    play(tmp_path, scenario, minimum=1, maximum=1)
