from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from gateline.runtime.admin import Admin
from gateline.runtime.keeper import Keeper
from gateline.runtime.process import Command
from gateline.runtime.supervisor import Crashed, Finished, Policy

OBEDIENT = "import time; time.sleep(600)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


class BusyAdmin(Admin):
    """An Envoy with so many requests in flight, one less each time one asks."""

    def __init__(self, in_flight: int = 0) -> None:
        self.asked: list[str] = []
        self._in_flight = in_flight

    async def fail_health_check(self) -> None:
        self.asked.append("fail")

    async def drain_listeners(self) -> None:
        self.asked.append("drain")

    async def requests_in_flight(self) -> int:
        self.asked.append(str(self._in_flight))
        self._in_flight -= 1
        return self._in_flight + 1


class Bench:
    """A keeper of a sleeping Python."""

    def __init__(self, tmp_path: Path, code: str, admin: Admin, policy: Policy) -> None:
        self.crashes: list[Crashed] = []
        self.spawned: asyncio.Queue[int] = asyncio.Queue()
        self.log = tmp_path / "log"
        command = Command(
            arguments=(sys.executable, "-c", code), environment={}, folder=tmp_path, log=self.log
        )
        self.keeper = Keeper(
            command,
            policy,
            drain=admin.drain,
            on_crash=self.crashes.append,
            on_spawn=self.spawned.put_nowait,
        )

    async def up(self) -> int:
        pid = await self.spawned.get()
        self.keeper.ready()
        return pid


def with_keeper(
    tmp_path: Path,
    story: Callable[[Bench], Coroutine[None, None, None]],
    *,
    code: str = OBEDIENT,
    admin: Admin | None = None,
    policy: Policy | None = None,
) -> tuple[Finished, Bench]:
    async def play() -> tuple[Finished, Bench]:
        bench = Bench(tmp_path, code, admin or BusyAdmin(), policy or Policy(next_delay=0.0))
        running = asyncio.ensure_future(bench.keeper.run())
        async with asyncio.timeout(30):
            bench.keeper.start()
            await story(bench)
            return await running, bench

    return asyncio.run(play())


def test_a_killed_envoy_is_started_again(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        first = await bench.up()
        os.kill(first, signal.SIGKILL)
        second = await bench.up()
        assert second != first
        assert bench.keeper.pid == second
        bench.keeper.stop()

    finished, bench = with_keeper(tmp_path, story)
    assert bench.crashes == [Crashed(-9, 0.0)]
    assert finished == Finished(-signal.SIGTERM)


def test_an_envoy_that_never_comes_up_is_given_up(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.spawned.get()

    finished, bench = with_keeper(tmp_path, story, code="raise SystemExit(3)")
    assert finished == Finished(3, failed=True)
    assert bench.crashes == []


def test_a_stop_waits_for_the_requests_in_flight(tmp_path: Path) -> None:
    admin = BusyAdmin(in_flight=2)

    async def story(bench: Bench) -> None:
        await bench.up()
        bench.keeper.stop()

    with_keeper(tmp_path, story, admin=admin)
    assert admin.asked == ["fail", "drain", "2", "1", "0"]


def test_a_second_stop_does_not_wait(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.up()
        bench.keeper.stop()
        bench.keeper.stop()

    finished, _ = with_keeper(tmp_path, story, admin=BusyAdmin(in_flight=1_000_000))
    assert finished == Finished(-signal.SIGKILL)


def test_an_envoy_whose_admin_does_not_answer_is_terminated(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.up()
        bench.keeper.stop()

    finished, _ = with_keeper(tmp_path, story, admin=Admin(tmp_path / "none.sock"))
    assert finished == Finished(-signal.SIGTERM)


def test_an_envoy_that_ignores_being_told_is_killed(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.up()
        while "up" not in bench.log.read_text():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0)
        bench.keeper.stop()

    finished, _ = with_keeper(tmp_path, story, code=STUBBORN, policy=Policy(terminate_timeout=0.0))
    assert finished == Finished(-signal.SIGKILL)


def test_a_drain_that_takes_too_long_is_cut_short(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.up()
        bench.keeper.stop()

    finished, _ = with_keeper(
        tmp_path, story, admin=BusyAdmin(in_flight=1_000_000), policy=Policy(drain_timeout=0.0)
    )
    assert finished == Finished(-signal.SIGTERM)


def test_a_keeper_that_is_cancelled_leaves_no_envoy(tmp_path: Path) -> None:
    async def play() -> int:
        bench = Bench(tmp_path, OBEDIENT, BusyAdmin(), Policy())
        running = asyncio.ensure_future(bench.keeper.run())
        bench.keeper.start()
        pid = await bench.up()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert bench.keeper.finished.done()
        return pid

    pid = asyncio.run(play())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_needs_no_draining_is_asked_to_end_at_once(tmp_path: Path) -> None:
    async def play() -> Finished:
        command = Command(
            arguments=(sys.executable, "-c", OBEDIENT), environment={}, folder=tmp_path, log=tmp_path / "log"
        )
        spawned: asyncio.Queue[int] = asyncio.Queue()
        keeper = Keeper(command, Policy(), on_crash=lambda _: None, on_spawn=spawned.put_nowait)
        running = asyncio.ensure_future(keeper.run())
        async with asyncio.timeout(30):
            keeper.start()
            await spawned.get()
            keeper.ready()
            keeper.stop()
            return await running

    assert asyncio.run(play()) == Finished(-signal.SIGTERM)
