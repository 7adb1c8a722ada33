from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateline.model.target_group import Registration
from gateline.runtime.cluster_targets import QUIET_LOOKS, Targets
from gateline.runtime.target_health import CLUSTERS

ONE = Registration("orders", address="127.0.0.1", port=9001)
TWO = Registration("orders", address="127.0.0.1", port=9002)


class Envoy:
    """What Envoy was told of targets, and what it says about them."""

    def __init__(self) -> None:
        self.told: list[tuple[Registration, ...]] = []
        self.ill: set[int] = set()
        self.busy: dict[int, int] = {}
        self.looks = 0
        self.looked = asyncio.Condition()
        self.fault: Exception | None = None
        self.holds = asyncio.Event()
        self.holds.set()

    async def register(self, registrations: tuple[Registration, ...]) -> None:
        await self.holds.wait()
        self.told.append(registrations)

    async def clusters(self, names: str) -> bytes:
        assert names == CLUSTERS
        async with self.looked:
            self.looks += 1
            self.looked.notify_all()
        if self.fault:
            raise self.fault
        hosts = [
            {
                "address": {"socket_address": {"address": each.address, "port_value": each.port}},
                "stats": [{"name": "rq_active", "value": str(self.busy.get(each.port, 0))}],
                "health_status": {"failed_active_health_check": each.port in self.ill},
            }
            for each in self.told[-1]
        ]
        return json.dumps({"cluster_statuses": [{"name": "targets/orders", "host_statuses": hosts}]}).encode()


class Heard:
    """What the owner of a task was told."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[bool] = asyncio.Queue()
        self.drained = asyncio.Event()


def played(story: Callable[[Targets, Envoy], Awaitable[None]], *, used: bool = True) -> None:
    async def play() -> None:
        envoy = Envoy()
        targets = Targets(envoy.register, envoy.clusters)
        targets.use({"orders"} if used else set())
        work = asyncio.ensure_future(targets.run())
        try:
            async with asyncio.timeout(30):
                await story(targets, envoy)
        finally:
            work.cancel()
            await asyncio.wait({work})

    asyncio.run(play())


def add(targets: Targets, task: str, registration: Registration) -> Heard:
    heard = Heard()
    targets.add(task, registration, on_seen=heard.seen.put_nowait, on_drained=heard.drained.set)
    return heard


async def next_look(envoy: Envoy, count: int = 1) -> None:
    wanted = envoy.looks + count
    async with envoy.looked:
        await envoy.looked.wait_for(lambda: envoy.looks >= wanted)


def test_a_task_is_published_and_seen_as_envoy_sees_it() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        envoy.ill = {9001}
        heard = add(targets, "1", ONE)
        assert await heard.seen.get() is False
        assert envoy.told[-1] == (ONE,)
        envoy.ill = set()
        while not await heard.seen.get():
            pass

    played(story)


def test_a_task_that_drains_is_drained_when_no_request_is_in_flight_there_several_times() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        heard = add(targets, "1", ONE)
        other = add(targets, "2", TWO)
        await heard.seen.get()
        envoy.busy = {9001: 2}
        targets.drain("1")
        await next_look(envoy, 3)
        assert [each.draining for each in envoy.told[-1]] == [True, False]
        assert not heard.drained.is_set()
        envoy.busy = {}
        before = envoy.looks
        await heard.drained.wait()
        assert envoy.looks >= before + QUIET_LOOKS
        assert not other.drained.is_set()

    played(story)


def test_who_asks_again_is_told_again() -> None:
    """A control that took over a draining task may not have known yet what was wanted."""

    async def story(targets: Targets, envoy: Envoy) -> None:
        heard = add(targets, "1", replace(ONE, draining=True))
        await heard.drained.wait()
        heard.drained.clear()
        targets.drain("1")
        await heard.drained.wait()

    played(story)


def test_looks_before_envoy_was_told_do_not_count() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        heard = add(targets, "1", ONE)
        await heard.seen.get()
        envoy.holds.clear()
        targets.drain("1")
        add(targets, "2", TWO)
        await asyncio.sleep(0)
        assert not heard.drained.is_set()
        envoy.holds.set()
        await heard.drained.wait()
        assert envoy.told[-1][0].draining

    played(story)


def test_a_task_that_is_removed_is_published_no_more_and_hears_nothing() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        heard = add(targets, "1", ONE)
        other = add(targets, "2", TWO)
        await heard.seen.get()
        targets.remove("1")
        targets.remove("never there")
        while envoy.told[-1] != (TWO,):
            await other.seen.get()
        while not heard.seen.empty():
            heard.seen.get_nowait()
        await next_look(envoy, 2)
        assert heard.seen.empty()

    played(story)


def test_of_a_group_without_a_cluster_nobody_is_asked_and_its_tasks_are_well() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        heard = add(targets, "1", ONE)
        assert await heard.seen.get() is True
        targets.drain("1")
        await heard.drained.wait()
        assert envoy.looks == 0

    played(story, used=False)


def test_while_envoy_is_away_nothing_is_in_flight_and_nothing_is_known_of_health() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        envoy.fault = ConnectionRefusedError()
        heard, staying = add(targets, "1", ONE), add(targets, "2", TWO)
        await next_look(envoy)
        targets.drain("1")
        await heard.drained.wait()
        assert staying.seen.empty()

    played(story)


def test_an_answer_that_does_not_come_says_nothing() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        envoy.fault = TimeoutError()
        heard = add(targets, "1", ONE)
        targets.drain("1")
        await next_look(envoy, QUIET_LOOKS + 1)
        assert not heard.drained.is_set()
        envoy.fault = None
        await heard.drained.wait()

    played(story)


def test_when_envoy_is_gone_who_drains_is_drained_at_once() -> None:
    async def story(targets: Targets, envoy: Envoy) -> None:
        heard = add(targets, "1", ONE)
        await heard.seen.get()
        told = len(envoy.told)
        targets.envoy_is_gone()
        targets.drain("1")
        await heard.drained.wait()
        assert len(envoy.told) == told

    played(story)
