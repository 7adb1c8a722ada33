from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from gateline.runtime.background import background, unbroken


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise KeyError("task")


async def fail_in_a_group() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fail())


def end_of(body: Callable[[asyncio.TaskGroup], Coroutine[None, None, None]]) -> None:
    async def play() -> None:
        async with background() as tasks:
            await body(tasks)

    asyncio.run(play())


def test_the_bodys_error_comes_as_it_is_and_ends_the_tasks() -> None:
    async def body(tasks: asyncio.TaskGroup) -> None:
        tasks.create_task(wait_for_ever())
        raise ValueError("body")

    with pytest.raises(ValueError, match="body"):
        end_of(body)


def test_a_tasks_error_ends_the_body_and_comes_as_it_is() -> None:
    async def body(tasks: asyncio.TaskGroup) -> None:
        tasks.create_task(fail_in_a_group())
        await wait_for_ever()

    with pytest.raises(KeyError, match="task"):
        end_of(body)


def test_a_cancelled_body_is_cancelled() -> None:
    async def play() -> None:
        async def body() -> None:
            async with background() as tasks:
                tasks.create_task(wait_for_ever())
                await wait_for_ever()

        running = asyncio.ensure_future(body())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(play())


def test_what_must_not_be_broken_off_is_done_before_the_cancellation_is_raised() -> None:
    done: list[str] = []

    async def work() -> str:
        await asyncio.sleep(0)
        done.append("half")
        await asyncio.sleep(0)
        done.append("whole")
        return "answer"

    async def play() -> None:
        running = asyncio.ensure_future(unbroken(work()))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert done == ["half", "whole"]
        assert await unbroken(work()) == "answer"

    asyncio.run(play())


def test_a_fault_of_what_must_not_be_broken_off_is_raised() -> None:
    with pytest.raises(KeyError, match="task"):
        asyncio.run(unbroken(fail()))
