"""The states of targets as a real Envoy tells them (load-balancers.md section 8.2)."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from compile.balancers import project
from gateline.compile import names
from gateline.model.target_group import TargetGroup
from gateline.runtime.target_commands import targets
from gateline.runtime.target_health import CLUSTERS
from harness.health_checked_target import Target as Backend
from harness.target_bench import TargetBench
from harness.target_scenes import OFTEN, group, place, play_in, serving, task

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("groups")]


async def states(bench: TargetBench, shown: TargetGroup) -> dict[str, tuple[str, str]]:
    """State and reason of each target."""
    told = json.loads(await bench.admin.clusters(CLUSTERS))
    return {row["target"]: (row["state"], row["reason"]) for row in targets(project(groups=(shown,)), told)}


def test_a_target_goes_through_amazons_states(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        [well, new] = await serving(opened, Backend("well"), Backend("new", gated=True))
        shown = group(check=replace(OFTEN, unhealthy_threshold=2, healthy_threshold=5))
        await bench.deliver(shown)
        await bench.delivery.register((task(well), task(new)))
        await new.check_comes()
        assert await states(bench, shown) == {
            place(well): ("healthy", ""),
            place(new): ("initial", "Elb.InitialHealthChecking"),
        }
        await new.answer_check(200)  # one success is enough
        assert (await states(bench, shown))[place(new)] == ("healthy", "")
        for _ in range(2):
            await new.answer_check(503)
        assert (await states(bench, shown))[place(new)] == ("unhealthy", "Target.FailedHealthChecks")
        for _ in range(4):
            await new.answer_check(200)
        assert (await states(bench, shown))[place(new)][0] == "unhealthy"
        await new.answer_check(200)  # five in a row
        assert (await states(bench, shown))[place(new)] == ("healthy", "")
        await bench.delivery.register((task(well), task(new, draining=True)))
        assert (await states(bench, shown))[place(new)] == ("draining", "Target.DeregistrationInProgress")
        await bench.delivery.register((task(well), task(new)))
        assert (await states(bench, shown))[place(new)][0] in {"unhealthy", "healthy"}
        await bench.delivery.register((task(well),))
        assert place(new) not in await states(bench, shown)

    play_in(tmp_path, scene)


def test_who_does_not_answer_in_time_has_timed_out(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        [slow] = await serving(opened, Backend("slow", gated=True))
        shown = group(slow, check=replace(OFTEN, timeout=timedelta(milliseconds=100), unhealthy_threshold=1))
        await bench.deliver(shown)
        while (await states(bench, shown)).get(place(slow)) != ("unhealthy", "Target.Timeout"):
            await slow.check_comes()

    play_in(tmp_path, scene)


def test_a_group_that_nobody_leads_to_is_unused(tmp_path: Path) -> None:
    async def scene(bench: TargetBench, opened: AsyncExitStack) -> None:
        [one] = await serving(opened, Backend("one"))
        await bench.deliver(group(one))
        other = replace(group(one), name="other")
        assert names.target_group("other") not in (await bench.admin.clusters(CLUSTERS)).decode()
        assert await states(bench, other) == {place(one): ("unused", "Target.NotInUse")}

    play_in(tmp_path, scene)
