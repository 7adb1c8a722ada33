from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import pytest
import typer
from rich.console import Console

from gateline.cli import session
from gateline.cli.notices import Narrator
from gateline.cli.session import Stopper, run_session
from gateline.errors import AddressInUse, DefinitionInvalid
from gateline.model.diagnostic import Report
from gateline.runtime.control_start import STOPPING
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack

SETTINGS = Settings(project=Path("gateline.yaml"), environ={})


class FakeStack:
    """Starts and stops as the test says; notes what it was told."""

    def __init__(self) -> None:
        self.hurried = 0
        self.left = 0
        self.start: Callable[[], Awaitable[None]] = _nothing
        self.stop: Callable[[], Awaitable[None]] = _nothing

    def __call__(self, *_: object) -> Self:
        return self

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def leaving(self) -> None:
        self.left += 1

    def hurry(self) -> None:
        self.hurried += 1


async def _nothing() -> None:
    return


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPPING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    fake = FakeStack()
    monkeypatch.setattr(session, "Stack", fake)
    return fake


def signalled(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def code_of(work: Callable[[Stack, Stopper], Awaitable[int]]) -> int:
    narrator = Narrator(Console(file=sys.stderr))
    try:
        run_session(SETTINGS, narrator, work, broken_off=lambda number: 128 + number)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


async def until_stopped(_: Stack, stopper: Stopper) -> int:
    await stopper.stopping.wait()
    return 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_work(stack: FakeStack, number: signal.Signals) -> None:
    async def work(_: Stack, stopper: Stopper) -> int:
        signalled(number)
        return await until_stopped(_, stopper)

    assert code_of(work) == 0
    assert stack.hurried == 0


def test_a_second_signal_hurries_the_stop(stack: FakeStack) -> None:
    async def stop() -> None:
        signalled()
        while not stack.hurried:  # noqa: ASYNC110 - a signal's handler runs when the loop turns
            await asyncio.sleep(0)

    stack.stop = stop

    async def work(_: Stack, stopper: Stopper) -> int:
        signalled()
        return await until_stopped(_, stopper)

    assert code_of(work) == 0
    assert stack.hurried == 1


def test_a_signal_after_the_work_is_done_hurries_the_stop(stack: FakeStack) -> None:
    async def stop() -> None:
        signalled()
        while not stack.hurried:  # noqa: ASYNC110 - a signal's handler runs when the loop turns
            await asyncio.sleep(0)

    stack.stop = stop

    async def work(*_: object) -> int:
        return 3

    assert code_of(work) == 3


def test_a_third_signal_ends_the_process(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)

    async def play() -> None:
        stopper = Stopper(cast("Stack", stack))
        stopper.listen()
        stopper.leaving()
        for done in (lambda: stack.hurried, lambda: ended):
            signalled()
            while not done():  # noqa: ASYNC110 - a signal's handler runs when the loop turns
                await asyncio.sleep(0)

    asyncio.run(play())
    assert ended == [128 + signal.SIGTERM]


def test_a_signal_during_the_start_breaks_it_off(stack: FakeStack) -> None:
    async def start() -> None:
        signalled()
        await asyncio.Event().wait()

    stack.start = start

    async def work(*_: object) -> int:
        raise AssertionError("it worked")

    assert code_of(work) == 128 + signal.SIGTERM


def back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be the session of a control that follows one that served."""
    processes = LocalProcesses()
    processes.has_served = True
    monkeypatch.setattr(session, "open_processes", lambda _: processes)


def test_a_signal_while_a_control_comes_back_lets_it_take_over_and_then_ends_the_work(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    back(monkeypatch)
    taken_over: list[bool] = []

    async def start() -> None:
        signalled()
        while not stack.left:  # noqa: ASYNC110 - a signal's handler runs when the loop turns
            await asyncio.sleep(0)
        taken_over.append(True)

    stack.start = start
    assert code_of(until_stopped) == 0
    assert taken_over


def test_a_second_signal_while_a_control_comes_back_breaks_it_off(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    back(monkeypatch)

    async def start() -> None:
        signalled()
        while not stack.left:  # noqa: ASYNC110 - a signal's handler runs when the loop turns
            await asyncio.sleep(0)
        signalled()
        await asyncio.Event().wait()

    stack.start = start
    assert code_of(until_stopped) == 128 + signal.SIGTERM


def test_a_signal_that_came_while_signals_were_blocked_is_heard(stack: FakeStack) -> None:
    async def start() -> None:
        await asyncio.Event().wait()

    stack.start = start
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    signal.pthread_kill(
        threading.get_ident(), signal.SIGTERM
    )  # no other thread may take it: they block nothing
    assert code_of(until_stopped) == 128 + signal.SIGTERM


def test_a_signal_after_the_session_changes_nothing(stack: FakeStack) -> None:
    assert code_of(_zero) == 0
    signalled()
    signalled(signal.SIGINT)


async def _zero(*_: object) -> int:
    return 0


def test_signals_may_be_forwarded_instead(stack: FakeStack) -> None:
    async def work(_: Stack, stopper: Stopper) -> int:
        heard = asyncio.get_running_loop().create_future()
        stopper.forward = heard.set_result
        signalled(signal.SIGINT)
        assert await heard is signal.SIGINT
        assert not stopper.stopping.is_set()
        return 4

    assert code_of(work) == 4


def test_definitions_that_the_narrator_complained_about_are_exit_code_1(stack: FakeStack) -> None:
    async def start() -> None:
        raise DefinitionInvalid(Report())

    stack.start = start
    assert code_of(until_stopped) == 1


def test_other_faults_are_the_command_lines_to_tell(stack: FakeStack) -> None:
    async def start() -> None:
        raise AddressInUse("taken")

    stack.start = start
    with pytest.raises(AddressInUse, match="taken"):
        code_of(until_stopped)
