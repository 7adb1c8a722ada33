"""Health checks of target groups with a real Envoy: when a target is well, and what follows from it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateline.model.target_group import Target, TargetProtocol
from golden.self_signed import self_signed
from harness.free_port import free_port
from harness.health_checked_target import Target as Backend
from harness.target_bench import TargetBench, ask
from harness.target_scenes import (
    HOST,
    OFTEN,
    PLACE,
    RARELY,
    Play,
    group,
    place,
    play_in,
    serving,
    speaking_tls,
    task,
)

pytestmark = pytest.mark.envoy


@pytest.fixture
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Play a scene on a bench."""
    folder = tmp_path_factory.mktemp("t")
    return lambda scene: play_in(folder, scene)


def test_a_target_is_unhealthy_and_healthy_again_at_its_thresholds(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        well, sick = await serving(opened, Backend("well"), Backend("sick", gated=True))
        check = replace(OFTEN, healthy_threshold=3, unhealthy_threshold=2, matcher=((200, 299), (404, 404)))
        delivering = asyncio.ensure_future(bench.deliver(group(well, sick, check=check)))
        await sick.answer_check(202)  # the first success is enough
        await delivering
        both = {place(well), place(sick)}
        assert await bench.healthy("g") == both
        for status in (500, 404, 300):  # between two failures there is a success: the count begins anew
            await sick.answer_check(status)
            assert await bench.healthy("g") == both
        await sick.answer_check(503)
        assert await bench.healthy("g") == {place(well)}
        assert set(await bench.gets("g", 10)) == {(200, "well")}
        for status in (200, 200, 500, 200, 299):
            await sick.answer_check(status)
            assert await bench.healthy("g") == {place(well)}
        await sick.answer_check(404)
        assert await bench.healthy("g") == both
        assert Counter(await bench.gets("g", 10))[200, "sick"] == 5

    play(scene)


def test_a_target_whose_first_answer_was_no_needs_its_threshold_of_good_ones(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        [late] = await serving(opened, Backend("late", gated=True))
        delivering = asyncio.ensure_future(
            bench.deliver(group(late, check=replace(OFTEN, healthy_threshold=2)))
        )
        await late.answer_check(503)
        await delivering
        await late.answer_check(200)
        assert await bench.healthy("g") == set()
        await late.answer_check(200)
        assert await bench.healthy("g") == {place(late)}

    play(scene)


def test_a_target_that_does_not_answer_in_time_is_unhealthy(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        well, mute = await serving(opened, Backend("well"), Backend("mute", gated=True))
        check = replace(OFTEN, timeout=timedelta(milliseconds=50))
        await bench.deliver(group(well, mute, check=check))
        assert await bench.healthy("g") == {place(well)}

    play(scene)


def test_with_nobody_healthy_everybody_gets_requests(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        backends = await serving(opened, *(Backend(name, status=500) for name in ("one", "two", "three")))
        await bench.deliver(group(*backends))
        assert await bench.healthy("g") == set()
        answers = Counter(await bench.gets("g", 9))
        assert answers == {(200, each.name): 3 for each in backends}

    play(scene)


def test_one_healthy_target_of_two_hundred_gets_all_requests(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        [well] = await serving(opened, Backend("well"))
        sick = Backend("sick", status=500)
        await opened.enter_async_context(sick.serve("0.0.0.0"))
        places = [f"127.0.1.{number}" for number in range(1, 200)]
        listed = [Target(host=host, port=sick.port, origin=PLACE) for host in places]
        await bench.deliver(replace(group(well), targets=(*group(well).targets, *listed)))
        assert await bench.healthy("g") == {place(well)}
        assert len(await bench.hosts("g")) == 200
        assert set(await bench.gets("g", 50)) == {(200, "well")}

    play(scene)


def test_a_target_that_leaves_its_first_check_open_holds_up_its_cluster_only_until_it_times_out(
    play: Play,
) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, mute = await serving(opened, Backend("one"), Backend("mute", gated=True))
        await bench.deliver(group(one))
        replacing = asyncio.ensure_future(
            bench.deliver(group(one, mute, check=replace(RARELY, timeout=timedelta(seconds=1))))
        )
        await mute.check_comes()
        assert await bench.get("g") == (200, "one")
        await replacing
        assert set(await bench.gets("g", 5)) == {(200, "one")}

    play(scene)


def test_targets_may_speak_tls_that_nobody_vouches_for(play: Play, tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one = Backend("one")
        await opened.enter_async_context(one.serve(tls=speaking_tls(tmp_path)))
        secure = replace(RARELY, protocol=TargetProtocol.HTTPS)
        await bench.deliver(replace(group(one, check=secure), protocol=TargetProtocol.HTTPS))
        assert await bench.healthy("g") == {place(one)}
        assert await bench.get("g") == (200, "one")

    play(scene)


def test_checks_may_go_to_another_port_in_another_protocol(play: Play, tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, healths = Backend("one"), Backend("healths")
        await opened.enter_async_context(one.serve())
        await opened.enter_async_context(healths.serve(tls=speaking_tls(tmp_path)))
        await bench.deliver(
            group(one, check=replace(RARELY, protocol=TargetProtocol.HTTPS, port=healths.port))
        )
        assert await bench.healthy("g") == {place(one)}
        assert await bench.get("g") == (200, "one")
        assert (len(one.checks), len(healths.checks)) == (0, 1)
        assert f"host: {place(healths)}\r\n" in healths.checks[0].lower()

    play(scene)


def test_a_check_by_tcp_asks_only_whether_somebody_listens(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one = Backend("one", status=500)
        await opened.enter_async_context(one.serve())
        closed = Target(host="127.0.0.1", port=free_port(), origin=PLACE)
        by_tcp = group(one, check=replace(RARELY, protocol=TargetProtocol.TCP))
        await bench.deliver(replace(by_tcp, targets=(*by_tcp.targets, closed)))
        assert await bench.healthy("g") == {place(one)}
        assert one.checks == []

    play(scene)


@pytest.mark.parametrize(("trusted", "status"), [(HOST, 200), ("another.internal", 503)])
def test_tls_through_a_network_balancer_is_verified_and_checks_are_not(
    play: Play, tmp_path: Path, trusted: str, status: int
) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one = Backend("one")
        await opened.enter_async_context(one.serve(tls=speaking_tls(tmp_path)))
        by_tcp = replace(
            group(one, check=replace(RARELY, protocol=TargetProtocol.TCP)), protocol=TargetProtocol.TCP
        )
        await bench.deliver(by_tcp, tls_host=HOST, trusted=self_signed(trusted).certificate)
        assert await bench.healthy("g") == {place(one)}
        assert (await bench.get("g"))[0] == status

    play(scene)


def test_new_health_checks_replace_the_cluster_and_no_request_fails(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one"), Backend("two"))
        await bench.deliver(group(one, check=OFTEN))
        await bench.delivery.register((task(two),))
        stop = asyncio.Event()

        async def load() -> list[tuple[int, str]]:
            reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
            answers = []
            while not stop.is_set():
                answers.append(await ask(reader, writer, "g"))
            writer.close()
            return answers

        loads = [asyncio.ensure_future(load()) for _ in range(4)]
        for threshold in range(2, 9):
            await bench.deliver(group(one, check=replace(OFTEN, healthy_threshold=threshold)))
        stop.set()
        answers = Counter(answer for each in await asyncio.gather(*loads) for answer in each)
        assert set(answers) == {(200, "one"), (200, "two")}

    play(scene)
