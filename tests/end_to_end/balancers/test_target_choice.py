"""Who gets the next request of a target group: minimums of healthy targets, slow start, chance."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateline.compile import anomaly
from gateline.model.target_group import Algorithm, MinimumHealthy
from harness.health_checked_target import Target as Backend
from harness.target_bench import TargetBench
from harness.target_scenes import OFTEN, group, play_in, serving, task

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("groups")]

NAMES = ("one", "two", "three", "four")


@pytest.mark.parametrize(
    ("minimum", "well", "asked"),
    [
        (MinimumHealthy(), 1, 1),
        (MinimumHealthy(count=2), 1, 4),
        (MinimumHealthy(count=2), 2, 2),
        (MinimumHealthy(count=9), 3, 4),
        (MinimumHealthy(percentage=50), 1, 4),
        (MinimumHealthy(percentage=50), 2, 2),
        (MinimumHealthy(percentage=51), 2, 4),
        (MinimumHealthy(count=1, percentage=75), 3, 3),
        (MinimumHealthy(count=4, percentage=1), 3, 4),
    ],
)
def test_with_fewer_healthy_than_the_minimum_all_are_asked(
    tmp_path: Path, minimum: MinimumHealthy, well: int, asked: int
) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        backends = await serving(
            opened,
            *(Backend(name, status=200 if index < well else 500) for index, name in enumerate(NAMES)),
        )
        await bench.deliver(replace(group(*backends), minimum_healthy=minimum))
        answers = await bench.gets("g", 40)
        assert {name for _, name in answers} == {*NAMES[:asked]}

    play_in(tmp_path, scene)


def _is_new(host: Mapping[str, Any]) -> bool:
    return bool(host["health_status"].get("pending_active_hc"))


def test_who_drains_does_not_count_for_a_minimum(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        well, sick, leaving = await serving(
            opened, Backend("well"), Backend("sick", status=500), Backend("leaving")
        )
        await bench.deliver(replace(group(), minimum_healthy=MinimumHealthy(percentage=50)))
        await bench.delivery.register((task(well), task(sick), task(leaving, draining=True)))
        await bench.until("g", lambda hosts: not any(map(_is_new, hosts.values())))
        assert {name for _, name in await bench.gets("g", 20)} == {"well"}

    play_in(tmp_path, scene)


def test_a_newcomer_starts_slowly_and_ends_with_its_share(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        one, two, late = await serving(opened, Backend("one"), Backend("two"), Backend("late"))
        await bench.deliver(replace(group(), slow_start=timedelta(seconds=3)))
        await bench.delivery.register((task(one), task(two)))
        begun = time.monotonic()
        while time.monotonic() < begun + 3.2:  # until these two have started
            assert min(Counter(await bench.gets("g", 20)).values()) >= 6  # the first ones are alike
        await bench.delivery.register((task(one), task(two), task(late)))
        assert (
            Counter(await bench.gets("g", 42))[200, "late"] <= 9
        )  # a tenth of the others', not a third of all
        async with asyncio.timeout(30):
            while Counter(await bench.gets("g", 42))[200, "late"] < 14:
                pass

    play_in(tmp_path, scene)


def test_weighted_random_asks_everybody_in_no_order(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        backends = await serving(opened, *(Backend(name) for name in NAMES))
        await bench.deliver(replace(group(*backends), algorithm=Algorithm.WEIGHTED_RANDOM))
        names = [name for _, name in await bench.gets("g", 100)]
        assert {*names} == {*NAMES}
        assert any(one == next_ for one, next_ in pairwise(names))  # turns never repeat

    play_in(tmp_path, scene)


async def left_out(bench: TargetBench, backend: Backend) -> None:
    """Ask until somebody gets no request for a while."""
    names = {backend.name}
    while backend.name in names:
        names = {name for _, name in await bench.gets("g", 40)}


def test_who_fails_many_requests_gets_none_however_well_its_checks_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomaly, "LOOK_EVERY", timedelta(milliseconds=300))

    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        backends = one, *_ = await serving(opened, *(Backend(name) for name in NAMES))
        one.answers = 500
        chosen = replace(group(*backends, check=OFTEN), algorithm=Algorithm.WEIGHTED_RANDOM)
        await bench.deliver(replace(chosen, anomaly_mitigation=True))
        await left_out(bench, one)
        checks = len(one.checks)
        while len(one.checks) < checks + 3:
            assert "one" not in {name for _, name in await bench.gets("g", 40)}

    play_in(tmp_path, scene)


def test_who_failed_many_requests_gets_some_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomaly, "LOOK_EVERY", timedelta(milliseconds=300))
    monkeypatch.setattr(anomaly, "LEFT_OUT", timedelta(milliseconds=300))

    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        backends = one, *_ = await serving(opened, *(Backend(name) for name in NAMES))
        one.answers = 500
        chosen = replace(group(*backends), algorithm=Algorithm.WEIGHTED_RANDOM)
        await bench.deliver(replace(chosen, anomaly_mitigation=True))
        await left_out(bench, one)
        one.answers = 200
        while (200, "one") not in await bench.gets("g", 40):
            pass

    play_in(tmp_path, scene)
