"""Target groups with a real Envoy and real targets: who is well, who gets requests, who leaves in peace."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateline.model.origin import Origin
from gateline.model.target_group import (
    Algorithm,
    HealthCheck,
    Registration,
    Target,
    TargetGroup,
    TargetProtocol,
)
from golden.self_signed import self_signed
from harness.free_port import free_port
from harness.health_checked_target import CHECK_PATH
from harness.health_checked_target import Target as Backend
from harness.target_bench import TargetBench, ask, target_bench

pytestmark = pytest.mark.envoy

PLACE = Origin("gateline.yaml")
OFTEN = HealthCheck(path=CHECK_PATH, interval=timedelta(milliseconds=20), timeout=timedelta(seconds=20))
RARELY = replace(OFTEN, interval=timedelta(hours=1))
"""Asked once, when a target appears, and not again during a test."""

HOST = "orders.internal"
NOBODY = (503, "no healthy upstream")

Scene = Callable[[TargetBench, AsyncExitStack], Coroutine[Any, Any, None]]
Play = Callable[[Scene], None]


@pytest.fixture
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Play a scene on a bench; what it opens is closed afterwards."""
    folder = tmp_path_factory.mktemp("t")

    async def perform(scene: Scene) -> None:
        async with target_bench(folder, free_port()) as bench, AsyncExitStack() as opened:
            await scene(bench, opened)

    return lambda scene: asyncio.run(perform(scene))


def group(
    *backends: Backend, check: HealthCheck = RARELY, algorithm: Algorithm = Algorithm.ROUND_ROBIN
) -> TargetGroup:
    """The target group `g` of these backends."""
    targets = tuple(Target(host=each.host, port=each.port, origin=PLACE) for each in backends)
    return TargetGroup(name="g", health_check=check, algorithm=algorithm, targets=targets, origin=PLACE)


def place(backend: Backend) -> str:
    return f"{backend.host}:{backend.port}"


def task(backend: Backend, *, draining: bool = False) -> Registration:
    """A backend as a task of a service."""
    return Registration("g", address=backend.host, port=backend.port, draining=draining)


async def serving(opened: AsyncExitStack, *backends: Backend) -> tuple[Backend, ...]:
    for each in backends:
        await opened.enter_async_context(each.serve())
    return backends


def speaking_tls(folder: Path) -> ssl.SSLContext:
    """TLS as a server that shows the certificate of `orders.internal`."""
    pair = self_signed(HOST)
    file = folder / "pair.pem"
    file.write_bytes(pair.certificate + pair.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


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
