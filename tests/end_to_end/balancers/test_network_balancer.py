"""Listeners of network balancers with a real Envoy: connections go to targets, and nobody looks into them."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from gateline.compile import names
from gateline.compile.binding import Binding
from gateline.compile.tcp_listener import tcp_listener
from gateline.compile.udp_listener import udp_listener
from gateline.model.balancer_attributes import ListenerAttributes
from gateline.model.load_balancer import Forward, Listener, ListenerProtocol, Rule, WeightedTargetGroup
from gateline.model.target_group import Algorithm, Target, TargetGroup, TargetProtocol
from harness.datagram_server import datagram_server
from harness.free_port import free_port
from harness.health_checked_target import Target as Backend
from harness.target_bench import TargetBench
from harness.target_scenes import OFTEN, PLACE, RARELY, Play, group, play_in, serving, task

pytestmark = pytest.mark.envoy

BY_TCP = replace(RARELY, protocol=TargetProtocol.TCP)
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Play a scene on a bench."""
    folder = tmp_path_factory.mktemp("t")
    return lambda scene: play_in(folder, scene)


def tcp_group(name: str, *backends: Backend) -> TargetGroup:
    """A target group of a network balancer."""
    targets = tuple(Target(host=each.host, port=each.port, origin=PLACE) for each in backends)
    return TargetGroup(
        name=name, protocol=TargetProtocol.TCP, health_check=BY_TCP, targets=targets, origin=PLACE
    )


async def listening(
    bench: TargetBench,
    weights: dict[str, int],
    *groups: TargetGroup,
    idle_timeout: timedelta = timedelta(seconds=350),
) -> int:
    """Deliver a listener that leads to these groups; its port."""
    port = free_port()
    forward = Forward(tuple(WeightedTargetGroup(name, weight) for name, weight in weights.items()))
    name = names.balancer_listener("public", port)
    rules = (Rule(priority=None, action=forward, origin=PLACE),)
    listener = Listener(
        protocol=ListenerProtocol.TCP,
        port=port,
        rules=rules,
        origin=PLACE,
        attributes=ListenerAttributes(tcp_idle_timeout=idle_timeout),
    )
    made = tcp_listener(Binding(name, "127.0.0.1", port, PLACE), listener, names.target_group)
    await bench.deliver(*groups, listeners={name: made})
    return port


@asynccontextmanager
async def connected(port: int, source: str = "127.0.0.1") -> AsyncIterator[Connection]:
    """A connection from an address of ours."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(connection: Connection) -> str:
    """The name of the target at the other end; "" when it is closed instead."""
    reader, writer = connection
    try:
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        return (await reader.readexactly(int(head.partition("content-length: ")[2]))).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


async def written_without_end(writer: asyncio.StreamWriter) -> None:
    """Write until the other side says that it takes no more."""
    while True:
        writer.write(b"GET / HTTP/1.1\r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def ask_anew(port: int, times: int) -> Counter[str]:
    """Who answered on so many connections."""
    answers: Counter[str] = Counter()
    for _ in range(times):
        async with connected(port) as connection:
            answers[await ask(connection)] += 1
    return answers


def test_each_connection_goes_to_a_target_which_sees_gatelines_address(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one"), Backend("two"))
        port = await listening(bench, {"g": 1}, tcp_group("g", one, two))
        one.peers.clear()
        async with connected(port, "127.0.0.9") as first, connected(port, "127.0.0.9") as second:
            assert {await ask(first), await ask(second)} == {"one", "two"}
            assert await ask(first) == await ask(first)
        assert set(one.peers) == {"127.0.0.1"}

    play(scene)


async def who_answers(port: int, last: int) -> str:
    """The target of a connection from that address of this machine."""
    async with connected(port, f"127.0.0.{last}") as connection:
        return await ask(connection)


def test_where_that_is_asked_for_an_address_has_one_target(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        backends = await serving(opened, *(Backend(name) for name in ("one", "two", "three")))
        sticky = replace(tcp_group("g"), algorithm=Algorithm.SOURCE_IP)
        port = await listening(bench, {"g": 1}, sticky)
        await bench.delivery.register(tuple(map(task, backends)))
        first = {last: await who_answers(port, last) for last in range(1, 41)}
        assert set(first.values()) == {"one", "two", "three"}  # one has none: once in 10 ** 7 addresses
        assert first == {last: await who_answers(port, last) for last in first}
        await bench.delivery.register(tuple(map(task, backends[:2])))
        second = {last: await who_answers(port, last) for last in first}
        assert set(second.values()) == {"one", "two"}
        stayed = [last for last, name in first.items() if name != "three" and second[last] == name]
        assert len(stayed) > sum(name != "three" for name in first.values()) / 2

    play(scene)


def test_weights_divide_connections_among_target_groups(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two, three = await serving(opened, *(Backend(name) for name in ("one", "two", "three")))
        groups = [tcp_group("a", one), tcp_group("b", two), tcp_group("c", three)]
        port = await listening(bench, {"a": 999, "b": 999, "c": 0}, *groups)
        answers = await ask_anew(port, 60)  # all of them to one of two: once in 10 ** 18
        assert set(answers) == {"one", "two"}

    play(scene)


@pytest.mark.parametrize("weight", [0, 1])
def test_without_a_target_a_connection_is_closed_without_a_word(play: Play, weight: int) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        port = await listening(bench, {"g": weight}, tcp_group("g"))
        assert await ask_anew(port, 3) == {"": 3}

    play(scene)


def test_a_connection_on_which_all_are_silent_ends_and_what_comes_later_is_reset(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        [one] = await serving(opened, Backend("one"))
        port = await listening(bench, {"g": 1}, tcp_group("g", one), idle_timeout=timedelta(milliseconds=300))
        async with connected(port) as connection:
            reader, writer = connection
            assert await ask(connection) == "one"
            assert await reader.read() == b""  # nobody has closed it but the balancer
            with pytest.raises(ConnectionError):
                await written_without_end(writer)
            assert await ask_anew(port, 1) == {"one": 1}

    play(scene)


def test_when_nobody_is_well_connections_go_to_everybody(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one", status=500), Backend("two", status=500))
        checked = replace(group(one, two, check=OFTEN), protocol=TargetProtocol.TCP)
        port = await listening(bench, {"g": 1}, checked)
        assert set(await ask_anew(port, 6)) == {"one", "two"}

    play(scene)


def test_connections_to_a_target_that_leaves_go_on_and_new_ones_go_elsewhere(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one"), Backend("two"))
        port = await listening(bench, {"g": 1}, tcp_group("g"))
        await bench.delivery.register((task(one),))
        async with connected(port) as connection:
            assert await ask(connection) == "one"
            await bench.delivery.register((task(one, draining=True), task(two)))
            assert await ask_anew(port, 5) == {"two": 5}
            await bench.delivery.register((task(two),))
            assert await ask_anew(port, 5) == {"two": 5}
            assert await ask(connection) == "one"

    play(scene)


def test_connections_to_a_target_that_falls_ill_are_ended(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        well, sick = await serving(opened, Backend("well"), Backend("sick", gated=True))
        checked = replace(group(well, sick, check=OFTEN), protocol=TargetProtocol.TCP)
        delivering = asyncio.ensure_future(listening(bench, {"g": 1}, checked))
        await sick.answer_check(200)
        port = await delivering
        async with connected(port) as first, connected(port) as second:
            by_name = {await ask(each): each for each in (first, second)}
            await sick.answer_check(500)
            assert await ask(by_name["sick"]) == "sick"
            await sick.answer_check(500)
            assert await ask(by_name["sick"]) == ""
            assert await ask(by_name["well"]) == "well"

    play(scene)


def test_where_it_is_said_connections_to_a_target_that_falls_ill_go_on(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        well, sick = await serving(opened, Backend("well"), Backend("sick", gated=True))
        checked = replace(
            group(well, sick, check=OFTEN),
            protocol=TargetProtocol.TCP,
            unhealthy_connection_termination=False,
        )
        delivering = asyncio.ensure_future(listening(bench, {"g": 1}, checked))
        await sick.answer_check(200)
        port = await delivering
        async with connected(port) as first, connected(port) as second:
            by_name = {await ask(each): each for each in (first, second)}
            await sick.answer_check(500)
            await sick.answer_check(500)
            await sick.check_comes()
            assert await ask_anew(port, 5) == {"well": 5}
            assert await ask(by_name["sick"]) == "sick"

    play(scene)


async def answering(place: tuple[str, int], port: int, name: str) -> bool:
    """Whether that target answers a datagram of this client, soon."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.bind(place)
        for _ in range(5000):
            await loop.sock_sendto(client, b"who", ("127.0.0.1", port))
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    if await loop.sock_recv(client, 100) == name.encode() + b" who":
                        return True
    return False


def test_a_flow_of_datagrams_leaves_a_target_that_drains(play: Play) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two = await serving(opened, Backend("one"), Backend("two"))
        for each in (one, two):
            opened.enter_context(datagram_server(each.name, each.port))
        port = free_port()
        name = names.datagram_listener("public", port)
        forward = Forward((WeightedTargetGroup("g"),))
        rules = (Rule(priority=None, action=forward, origin=PLACE),)
        listener = Listener(protocol=ListenerProtocol.UDP, port=port, rules=rules, origin=PLACE)
        made = udp_listener(Binding(name, "127.0.0.1", port, PLACE), listener, names.target_group)
        await bench.deliver(replace(tcp_group("g"), protocol=TargetProtocol.UDP), listeners={name: made})
        await bench.delivery.register((task(one),))
        place = ("127.0.0.1", free_port())
        assert await answering(place, port, "one")
        await bench.delivery.register((task(one, draining=True), task(two)))
        assert await answering(place, port, "two")

    play(scene)
