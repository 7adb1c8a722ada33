"""Target groups with a real Envoy and real targets: who gets requests, who leaves in peace."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from gateline.model.target_group import Algorithm, Registration, Target
from harness.health_checked_target import Target as Backend
from harness.target_bench import TargetBench
from harness.target_scenes import (
    HOST,
    NOBODY,
    PLACE,
    Play,
    group,
    place,
    play_in,
    serving,
    task,
)

pytestmark = pytest.mark.envoy


@pytest.fixture
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Play a scene on a bench."""
    folder = tmp_path_factory.mktemp("t")
    return lambda scene: play_in(folder, scene)


def test_requests_go_round_and_checks_are_amazons(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one"), Backend("two"))
        await bench.deliver(group(one, two))
        assert Counter(await bench.gets("g", 10)) == {(200, "one"): 5, (200, "two"): 5}
        [check] = one.checks
        lines = check.lower().split("\r\n")
        assert lines[0] == "get /health http/1.1"
        assert f"host: {place(one)}" in lines
        assert "user-agent: elb-healthchecker/2.0" in lines
        assert "connection: close" in lines

    play(scene)


def test_without_a_registered_target_the_answer_is_503(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        await bench.deliver(group())
        assert await bench.get("g") == NOBODY
        [one] = await serving(opened, Backend("one"))
        await bench.delivery.register((task(one),))
        assert await bench.get("g") == (200, "one")
        await bench.delivery.register(())
        assert await bench.get("g") == NOBODY

    play(scene)


def test_a_host_that_resolves_anew_leads_to_the_new_address_and_old_requests_end_in_peace(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = Backend("one"), Backend("two")
        await opened.enter_async_context(one.serve("127.0.2.1"))
        await opened.enter_async_context(two.serve("127.0.2.2", one.port))
        bench.answers[HOST] = ["127.0.2.1"]
        named = Target(host=HOST, port=one.port, origin=PLACE)
        await bench.deliver(replace(group(), targets=(named,)))
        assert await bench.get("g") == (200, "one")
        one.released.clear()
        one.entered.clear()
        in_flight = asyncio.ensure_future(bench.get("g"))
        await one.entered.wait()
        bench.answers[HOST] = ["127.0.2.2"]
        await bench.resolve_again()
        assert set(await bench.hosts("g")) == {place(two)}
        assert set(await bench.gets("g", 5)) == {(200, "two")}
        one.released.set()
        assert await in_flight == (200, "one")

    play(scene)


def test_least_outstanding_requests_prefers_whoever_is_idle(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        backends = await serving(opened, *(Backend(name) for name in ("one", "two", "three", "four")))
        await bench.deliver(group(*backends, algorithm=Algorithm.LEAST_OUTSTANDING_REQUESTS))
        for each in backends:
            each.released.clear()
        in_flight = []
        for _ in range(3):  # each goes to another: who has one is not asked
            in_flight.append(asyncio.ensure_future(bench.get("g")))
            await asyncio.wait(
                [asyncio.ensure_future(each.entered.wait()) for each in backends if not each.requests],
                return_when=asyncio.FIRST_COMPLETED,
            )
        [idle] = [each for each in backends if not each.requests]
        idle.released.set()
        assert await bench.gets("g", 20) == [(200, idle.name)] * 20
        for each in backends:
            each.released.set()
        assert {name for _, name in await asyncio.gather(*in_flight)} == {b.name for b in backends} - {
            idle.name
        }

    play(scene)


def test_a_draining_task_gets_nothing_new_and_finishes_what_it_has(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one"), Backend("two"))
        await bench.deliver(group())
        await bench.delivery.register((task(one),))
        one.released.clear()
        in_flight = asyncio.ensure_future(bench.get("g"))
        await one.entered.wait()
        await bench.delivery.register((task(one, draining=True), task(two)))
        assert set(await bench.gets("g", 10)) == {(200, "two")}
        stats = (await bench.hosts("g"))[place(one)]["stats"]
        assert {"type": "GAUGE", "name": "rq_active", "value": "1"} in stats
        await bench.delivery.register((task(one, draining=True),))
        assert await bench.get("g") == NOBODY
        assert not in_flight.done()
        await bench.delivery.register(())
        one.released.set()
        assert await in_flight == (200, "one")
        assert one.requests == 1

    play(scene)


def test_a_draining_task_gets_nothing_while_all_others_are_unhealthy(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        leaving, sick = await serving(opened, Backend("leaving"), Backend("sick", status=500))
        await bench.deliver(group())
        await bench.delivery.register((task(leaving, draining=True), task(sick)))
        assert set(await bench.gets("g", 20)) == {(200, "sick")}

    play(scene)


def test_a_task_that_drains_and_is_registered_again_gets_requests_again(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        [one] = await serving(opened, Backend("one"))
        await bench.deliver(group())
        for draining, answer in ((False, (200, "one")), (True, NOBODY), (False, (200, "one"))):
            await bench.delivery.register((task(one, draining=draining),))
            assert await bench.get("g") == answer

    play(scene)


def test_a_task_at_a_unix_socket_is_checked_and_asked(
    play: Play, tmp_path_factory: pytest.TempPathFactory
) -> None:
    socket = tmp_path_factory.mktemp("u") / "s"

    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one = Backend("one")
        await opened.enter_async_context(one.serve(path=socket))
        await bench.deliver(group())
        await bench.delivery.register((Registration("g", socket=str(socket)),))
        assert await bench.get("g") == (200, "one")
        await bench.until("g", lambda hosts: set(hosts) == {str(socket)})
        assert await bench.healthy("g") == {str(socket)}
        assert "host: localhost\r\n" in one.checks[0].lower()

    play(scene)


def test_targets_that_come_and_go_leave_the_cluster_alone(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one"), Backend("two"))
        await bench.deliver(group())
        before = await bench.statistic("cluster_manager.cluster_added")
        await bench.delivery.register((task(one),))
        await bench.deliver(group(two))
        await bench.delivery.register((task(one, draining=True),))
        assert await bench.get("g") == (200, "two")
        assert await bench.statistic("cluster_manager.cluster_modified") == 0
        assert await bench.statistic("cluster_manager.cluster_added") == before

    play(scene)


def test_a_task_is_exchanged_at_once_while_another_cluster_waits_for_its_first_checks(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two, mute = await serving(opened, Backend("one"), Backend("two"), Backend("mute", gated=True))
        await bench.deliver(group())
        await bench.delivery.register((task(one),))
        assert await bench.get("g") == (200, "one")
        delivering = asyncio.ensure_future(bench.deliver(group(), replace(group(mute), name="h")))
        await mute.check_comes()
        registering = asyncio.ensure_future(bench.delivery.register((task(two),)))
        await bench.until("g", lambda hosts: set(hosts) == {place(two)})
        assert await bench.get("g") == (200, "two")
        assert not delivering.done()
        mute.answer(200)
        await asyncio.gather(delivering, registering)
        assert await bench.get("h") == (200, "mute")
        assert await bench.get("g") == (200, "two")

    play(scene)
