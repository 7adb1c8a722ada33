"""Stickiness with a real Envoy and several targets (load-balancers.md sections 3 and 8.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.model.load_balancer import Forward, WeightedTargetGroup
from gateline.model.target_group import Registration, Stickiness, StickinessType, TargetGroup
from harness.free_port import free_port
from harness.health_checked_target import Target as Backend
from harness.sticky_balancer import asked, sticky_listener
from harness.target_bench import TargetBench
from harness.target_scenes import OFTEN, group, place, play_in, serving, task

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("groups")]

DAY: Final = Stickiness()
COOKIE: Final = re.compile(r"[0-9a-f]{60,}; Expires=\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT; Path=/")
TO_G: Final = Forward((WeightedTargetGroup("g"),))

StickyScene = Callable[[TargetBench, AsyncExitStack, int], Coroutine[Any, Any, None]]


def play(folder: Path, scene: StickyScene) -> None:
    """Play a scene on a bench, with a port for a sticky listener."""
    play_in(folder, lambda bench, opened: scene(bench, opened, free_port()))


async def deliver(bench: TargetBench, port: int, *groups: TargetGroup, forward: Forward = TO_G) -> None:
    listener = sticky_listener(port, bench.folder, forward, *groups)
    await bench.deliver(*groups, listeners={"sticky": listener})


async def seen(port: int, cookies: dict[str, str], count: int = 8) -> set[str]:
    """Who answers requests with these cookies."""
    return {(await asked(port, cookies)).body for _ in range(count)}


def test_a_client_comes_back_to_its_target_by_either_cookie(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        backends = await serving(opened, *(Backend(name) for name in ("one", "two", "three")))
        await deliver(bench, port, replace(group(*backends), stickiness=DAY))
        firsts = [await asked(port) for _ in range(6)]
        assert {each.body for each in firsts} == {"one", "two", "three"}
        for first in firsts:
            value = first.value("AWSALB")
            assert first.value("AWSALBCORS") == value
            assert COOKIE.fullmatch(first.cookies["AWSALB"])
            assert first.cookies["AWSALBCORS"].endswith("; Path=/; SameSite=None; Secure")
            assert not {"x-gl-target", "x-gl-group", "x-gl-served"} & first.names
            assert str(backends[0].port) not in bytes.fromhex(value).decode("latin-1")
            for sent in (
                {"AWSALB": value},
                {"a": "b", "AWSALBCORS": value},
                {"AWSALB": "x", "AWSALBCORS": value},
            ):
                assert await seen(port, sent) == {first.body}
            again = await asked(port, {"AWSALB": value})
            assert again.value("AWSALB")  # refreshed on each answer

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "spoil", [lambda v: "%" + v, lambda v: v[:-2], lambda v: v.upper(), lambda v: "0" + v[1:] + "00"]
)
def test_a_value_that_is_not_ours_means_nothing_and_is_replaced(
    tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        backends = await serving(opened, Backend("one"), Backend("two"))
        await deliver(bench, port, replace(group(*backends), stickiness=DAY))
        value = spoil((await asked(port)).value("AWSALB"))
        assert await seen(port, {"AWSALB": value}) == {"one", "two"}
        assert (await asked(port, {"AWSALB": value})).value("AWSALB") != value

    play(tmp_path, scene)


def test_an_unhealthy_target_is_left_for_another_one_and_the_cookie_says_so(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        backends = await serving(opened, Backend("one"), Backend("two"))
        check = replace(OFTEN, unhealthy_threshold=2)
        await deliver(bench, port, replace(group(*backends, check=check), stickiness=DAY))
        first = await asked(port)
        mine, other = backends if first.body == "one" else backends[::-1]
        mine.status = 500
        await bench.until(
            "g", lambda hosts: bool(hosts[place(mine)]["health_status"].get("failed_active_health_check"))
        )
        moved = await asked(port, {"AWSALB": first.value("AWSALB")})
        assert moved.body == other.name
        mine.status = 200
        await bench.until(
            "g", lambda hosts: not hosts[place(mine)]["health_status"].get("failed_active_health_check")
        )
        assert await seen(port, {"AWSALB": moved.value("AWSALB")}) == {other.name}

    play(tmp_path, scene)


def test_a_target_that_drains_or_is_gone_is_left_for_another_one(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        backends = await serving(opened, Backend("one"), Backend("two"))
        await deliver(bench, port, replace(group(), stickiness=DAY))
        await bench.delivery.register((task(backends[0]), task(backends[1])))
        first = await asked(port)
        mine, other = backends if first.body == "one" else backends[::-1]
        sent = {"AWSALB": first.value("AWSALB")}
        assert await seen(port, sent) == {mine.name}
        await bench.delivery.register((task(mine, draining=True), task(other)))
        assert await seen(port, sent) == {other.name}
        await bench.delivery.register((task(other),))
        assert await seen(port, sent) == {other.name}
        await bench.delivery.register((task(mine), task(other)))  # as if it had never been away
        assert await seen(port, sent) == {mine.name}

    play(tmp_path, scene)


def test_tasks_at_sockets_are_sticky_too(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        registrations = []
        for name in ("one", "two"):
            path = bench.folder / f"{name}.sock"
            await opened.enter_async_context(Backend(name).serve(path=path))
            registrations.append(Registration("g", socket=str(path)))
        await deliver(bench, port, replace(group(), stickiness=DAY))
        await bench.delivery.register(tuple(registrations))
        first = await asked(port)
        assert await seen(port, {"AWSALB": first.value("AWSALB")}) == {first.body}

    play(tmp_path, scene)


def weighted(*, sticky: int | None, **weights: int) -> Forward:
    shares = tuple(WeightedTargetGroup(name, weight) for name, weight in weights.items())
    return Forward(shares, timedelta(seconds=sticky) if sticky else None)


def test_a_client_comes_back_to_its_group_and_to_its_target_there(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        b1, b2, g1, g2 = await serving(opened, *(Backend(name) for name in ("b1", "b2", "g1", "g2")))
        blue = replace(group(b1, b2), name="blue", stickiness=DAY)
        green = replace(group(g1, g2), name="green", stickiness=DAY)
        forward = weighted(sticky=3600, blue=2, green=1)
        await deliver(bench, port, blue, green, forward=forward)
        firsts = [await asked(port) for _ in range(30)]
        assert {each.body for each in firsts} == {"b1", "b2", "g1", "g2"}
        for first in {each.body: each for each in firsts}.values():
            choice, target = first.value("AWSALBTG"), first.value("AWSALB")
            assert first.cookies["AWSALBTGCORS"].endswith("; SameSite=None; Secure")
            assert {name[0] for name in await seen(port, {"AWSALBTG": choice})} == {first.body[0]}
            assert await seen(port, {"AWSALBTGCORS": choice, "AWSALB": target}) == {first.body}
            alone = {"AWSALB": target}  # without the group's cookie the weights choose
            assert {name[0] for name in await seen(port, alone, 40)} == {"b", "g"}
            # A target's cookie is of its group: in another one it means nothing.
            stranger = next(each for each in firsts if each.body[0] != first.body[0])
            mixed = {"AWSALBTG": choice, "AWSALB": stranger.value("AWSALB")}
            assert {name[0] for name in await seen(port, mixed)} == {first.body[0]}

    play(tmp_path, scene)


def test_by_the_applications_cookie_a_client_comes_back_while_it_has_both(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        backends = await serving(opened, *(Backend(name) for name in ("one", "two", "three")))
        by_session = Stickiness(type=StickinessType.APP_COOKIE, cookie_name="SESSION")
        await deliver(bench, port, replace(group(*backends), stickiness=by_session))
        assert not (await asked(port)).cookies  # the application has no session yet
        for each in backends:
            each.extra = ("Set-Cookie: OTHER=1", f"Set-Cookie: SESSION={each.name}; Path=/; HttpOnly")
        first = await asked(port)
        assert first.value("SESSION") == first.body
        assert COOKIE.fullmatch(first.cookies["AWSALBAPP-0"])
        for each in backends:
            each.extra = ()
        both = {"SESSION": "anything", "AWSALBAPP-0": first.value("AWSALBAPP-0")}
        assert await seen(port, both) == {first.body}
        assert not (await asked(port, both)).cookies  # not refreshed: it follows the application's
        assert await seen(port, {"AWSALBAPP-0": both["AWSALBAPP-0"]}) == {"one", "two", "three"}
        for each in backends:
            each.extra = ("Set-Cookie: SESSION=; Max-Age=0",)
        assert (await asked(port, both)).value("AWSALBAPP-0") == "_remove_"

    play(tmp_path, scene)


def test_a_websocket_goes_where_its_cookie_leads(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        backends = await serving(opened, *(Backend(name) for name in ("one", "two", "three")))
        await deliver(bench, port, replace(group(*backends), stickiness=DAY))
        first = await asked(port)
        before = {each.name: each.requests for each in backends}
        upgrade = (
            "upgrade: websocket",
            "connection: Upgrade",
            "sec-websocket-key: x",
            "sec-websocket-version: 13",
        )
        for _ in range(5):
            await asked(port, {"AWSALB": first.value("AWSALB")}, *upgrade)
        came = {each.name: each.requests - before[each.name] for each in backends}
        assert came == {each.name: 5 if each.name == first.body else 0 for each in backends}

    play(tmp_path, scene)


def test_a_group_without_a_registered_target_is_503_and_its_sibling_is_not_asked(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack, port: int) -> None:
        [one] = await serving(opened, Backend("one"))
        blue, green = replace(group(one), name="blue"), replace(group(), name="green")
        forward = weighted(sticky=3600, blue=1, green=1)
        await deliver(bench, port, blue, green, forward=forward)
        bench_answers = [await asked(port) for _ in range(20)]
        assert {each.status for each in bench_answers} == {200, 503}
        assert not any(each.cookies for each in bench_answers if each.status == 503)
        well = next(each for each in bench_answers if each.status == 200)
        await deliver(bench, port, blue, green, forward=weighted(sticky=3600, blue=0, green=1))
        assert (await asked(port, {"AWSALBTG": well.value("AWSALBTG")})).status == 503

    play(tmp_path, scene)
