"""Containers behind a balancer: they start and die, and the engine itself goes away."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from end_to_end.discovery.scene import Scene, running, write_project
from harness.fake_docker import FakeDocker, container
from harness.free_port import free_port
from harness.health_checked_target import Target

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("discovery")]

LABELS = {"com.docker.compose.service": "web"}


def test_requests_follow_containers(tmp_path: Path) -> None:
    port = free_port()

    async def play() -> None:
        scene = Scene(tmp_path)
        async with AsyncExitStack() as opened:
            docker = await opened.enter_async_context(FakeDocker(tmp_path / "docker.sock"))
            for name, host in (("one", "127.0.0.1"), ("two", "127.0.0.2")):
                await opened.enter_async_context(Target(name).serve(host, port))
            docker.run(container("web-1", LABELS, networks={"bridge": "127.0.0.1"}, ports=[port]))
            group = {"discover": {"docker": {"labels": LABELS, "socket": "docker.sock"}}}
            await opened.enter_async_context(running(scene, write_project(scene, group)))
            await scene.until_answered_by("one")
            before = await scene.updates()
            docker.run(container("web-2", LABELS, networks={"bridge": "127.0.0.2"}, ports=[port]))
            await scene.until_answered_by("one", "two")
            docker.die("web-1")
            await scene.until_answered_by("two")
            await docker.stop()
            await scene.until(lambda: any("Docker Engine" in each for each in scene.said))
            assert await scene.get() == (200, "two")
            (tmp_path / "docker.sock").unlink(missing_ok=True)
            docker.containers["web-1"] = container(
                "web-1", LABELS, networks={"bridge": "127.0.0.1"}, ports=[port]
            )
            await opened.enter_async_context(docker)
            await scene.until_answered_by("one", "two")
            after = await scene.updates()
            assert {kind for kind in after if after[kind] != before[kind]} == {"eds"}

    asyncio.run(play())
