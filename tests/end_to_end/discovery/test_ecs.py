"""Tasks of an ECS service behind a balancer: they come, go, and AWS fails."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from end_to_end.discovery.scene import Scene, running, write_project
from gateline.discovery import ecs as ecs_source
from harness.fake_aws import fake_aws
from harness.fake_ecs import FakeEcs, container, definition, task
from harness.free_port import free_port
from harness.health_checked_target import Target
from harness.moto_cluster import REGION, MotoCluster

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("discovery")]

SECRET = "hunter2-of-discovered-tasks"


def test_requests_follow_the_tasks_of_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecs_source, "LOOK_EVERY", 0.2)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFDISCOVEREDTASKS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    port = free_port()

    async def play() -> None:
        scene = Scene(tmp_path)
        async with AsyncExitStack() as opened:
            ecs = opened.enter_context(FakeEcs())
            ecs.definitions["web:1"] = definition("awsvpc", container("web", port))
            for name, host in (("one", "127.0.0.1"), ("two", "127.0.0.2")):
                await opened.enter_async_context(Target(name).serve(host, port))
            ecs.tasks = [task("a", "web:1", address="127.0.0.1")]
            group = {"discover": {"ecs": {"cluster": "shop", "service": "web", "endpoint": ecs.url}}}
            await opened.enter_async_context(running(scene, write_project(scene, group)))
            await scene.until_answered_by("one")
            before = await scene.updates()
            ecs.tasks.append(task("b", "web:1", address="127.0.0.2"))
            await scene.until_answered_by("one", "two")
            ecs.failing = "ThrottlingException"
            await scene.until(lambda: any("ThrottlingException" in each for each in scene.said))
            await scene.until_answered_by("one", "two")
            ecs.tasks[0]["desiredStatus"] = "STOPPED"
            ecs.failing = ""
            await scene.until_answered_by("two")
            after = await scene.updates()
            assert {kind for kind in after if after[kind] != before[kind]} == {"eds"}
            assert SECRET not in repr(scene.notices)
            assert "AKIDOFDISCOVEREDTASKS" not in repr(scene.notices)

    asyncio.run(play())


def test_requests_follow_what_ecs_and_ec2_of_moto_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks on the networks of two instances, which are this machine's own addresses."""
    monkeypatch.setattr(ecs_source, "LOOK_EVERY", 0.2)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFMOTO")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    port = free_port()

    async def play(shop: MotoCluster) -> None:
        scene = Scene(tmp_path)
        shop.define("web", "host", port)
        async with AsyncExitStack() as opened:
            for name, host in (("one", "127.0.0.1"), ("two", "127.0.0.2")):
                await opened.enter_async_context(Target(name).serve(host, port))
            first = shop.start("web", shop.add_instance("127.0.0.1"))
            group = {"discover": {"ecs": {"cluster": "shop", "service": "web"}}}
            aws = {"region": REGION, "aws": {"endpoints": {"ecs": shop.url, "ec2": shop.url}}}
            await opened.enter_async_context(running(scene, write_project(scene, group, gateway=aws)))
            await scene.until_answered_by("one")
            shop.start("web", shop.add_instance("127.0.0.2"))
            await scene.until_answered_by("one", "two")
            shop.stop(first)
            await scene.until_answered_by("two")

    with fake_aws() as url, MotoCluster(url, "shop") as shop:
        asyncio.run(play(shop))
