"""Targets that the project names: an edit takes one out, and puts it back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from end_to_end.discovery.scene import Scene, running, targets, write_project
from gateline.runtime.admin import Admin
from gateline.runtime.target_commands import targets as rows
from gateline.runtime.target_health import CLUSTERS

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("discovery")]


async def states(scene: Scene) -> dict[str, str]:
    """The states of the targets of `orders`, by their ports, as `gateline targets` tells them."""
    bootstrap = json.loads((scene.folder / ".gateline" / "bootstrap.json").read_text())
    admin = Admin(Path(bootstrap["admin"]["address"]["pipe"]["path"]))
    told = json.loads(await admin.clusters(CLUSTERS))
    assert scene.stack._gateway is not None
    return {
        row["target"].rpartition(":")[2]: row["state"]
        for row in rows(scene.stack._gateway, told)
        if row["group"] == "orders"
    }


def test_who_is_taken_out_finishes_its_requests_and_gets_no_more_until_it_is_back(tmp_path: Path) -> None:
    async def play() -> None:
        scene = Scene(tmp_path)
        async with targets("one", "two") as (one, two):
            both = [f"127.0.0.1:{each.port}" for each in (one, two)]
            seldom = {"path": "/health", "interval_seconds": 300, "timeout_seconds": 2}
            settings = write_project(scene, {"targets": both, "health_check": seldom})
            async with running(scene, settings):
                await scene.until_answered_by("one", "two")
                two.released.clear()
                slow = [asyncio.ensure_future(scene.get()) for _ in range(2)]
                await two.entered.wait()
                write_project(scene, {"targets": both[:1], "health_check": seldom})
                while await states(scene) != {str(one.port): "healthy", str(two.port): "draining"}:
                    pass
                asked = two.requests
                assert {body for _, body in await scene.gets(20)} == {"one"}
                assert two.requests == asked
                checks = len(two.checks)
                write_project(scene, {"targets": both, "health_check": seldom})
                while (await states(scene))[str(two.port)] != "healthy":
                    pass
                two.released.set()
                await scene.until_answered_by("one", "two")
                assert len(two.checks) == checks  # it was there all the time: nobody asks anew
                assert {await each for each in slow} == {(200, "one"), (200, "two")}

    asyncio.run(play())
