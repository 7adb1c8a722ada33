"""Targets that DNS names: addresses of a name, SRV records, and what happens when DNS fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from end_to_end.discovery.scene import Scene, running, targets, write_project
from harness.free_port import free_port
from harness.health_checked_target import Target
from harness.name_server import DnsServer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("discovery")]

Story = Callable[[Scene, DnsServer], Awaitable[None]]


def played(
    folder: Path, group: dict[str, Any], records: dict[tuple[str, str], tuple[str, ...]], story: Story
) -> None:
    async def play() -> None:
        scene = Scene(folder)
        async with DnsServer() as server:
            server.records.update(records)
            server.ttl = server.negative_ttl = 1
            resolver = {"resolver": f"127.0.0.1:{server.port}"}
            async with running(scene, write_project(scene, group, gateway=resolver)):
                await story(scene, server)

    asyncio.run(play())


def test_requests_follow_the_addresses_of_a_name_and_survive_its_name_server(tmp_path: Path) -> None:
    port = free_port()

    async def story(scene: Scene, server: DnsServer) -> None:
        async with AsyncExitStack() as opened:
            for name, host in (("one", "127.0.0.1"), ("two", "127.0.0.2"), ("three", "127.0.0.3")):
                await opened.enter_async_context(Target(name).serve(host, port))
            await scene.until_answered_by("one", "two")
            before = await scene.updates()
            server.records["orders.internal.", "A"] = ("127.0.0.3",)
            await scene.until_answered_by("three")
            assert await scene.through_integration() == (200, "three")
            server.failing.add("orders.internal.")
            await scene.until(lambda: any("name servers fail" in str(each) for each in scene.notices))
            assert await scene.get() == (200, "three")
            server.failing.clear()
            server.records["orders.internal.", "A"] = ("169.254.169.254", "127.0.0.1")
            await scene.until_answered_by("one")
            del server.records["orders.internal.", "A"]
            await scene.until_answered_by("503")
            server.records["orders.internal.", "CNAME"] = ("alb.internal.",)
            server.records["alb.internal.", "A"] = ("127.0.0.2",)
            await scene.until_answered_by("two")
            after = await scene.updates()
            assert {kind for kind in after if after[kind] != before[kind]} == {"eds"}

    group = {"discover": {"dns": {"name": "orders.internal", "port": port}}}
    played(tmp_path, group, {("orders.internal.", "A"): ("127.0.0.1", "127.0.0.2")}, story)


def test_a_static_target_follows_its_name_and_keeps_its_addresses_when_the_name_is_gone(
    tmp_path: Path,
) -> None:
    port = free_port()

    async def story(scene: Scene, server: DnsServer) -> None:
        async with AsyncExitStack() as opened:
            for name, host in (("one", "127.0.0.1"), ("two", "127.0.0.2")):
                await opened.enter_async_context(Target(name).serve(host, port))
            await scene.until_answered_by("one")
            server.records["orders.internal.", "A"] = ("127.0.0.2",)
            await scene.until_answered_by("two")
            del server.records["orders.internal.", "A"]
            await scene.until(lambda: any("is not in the DNS" in str(each) for each in scene.notices))
            assert await scene.get() == (200, "two")

    group = {"targets": [f"orders.internal:{port}"]}
    played(tmp_path, group, {("orders.internal.", "A"): ("127.0.0.1",)}, story)


def test_service_records_tell_ports_weights_and_who_is_asked_first(tmp_path: Path) -> None:
    async def story(scene: Scene, server: DnsServer) -> None:
        async with targets("heavy", "light") as (heavy, light), targets("spare") as (spare,):
            server.records["node.internal.", "A"] = ("127.0.0.1",)
            server.records["_http._tcp.orders.internal.", "SRV"] = (
                f"10 3 {heavy.port} node.internal.",
                f"10 1 {light.port} node.internal.",
                f"20 1 {spare.port} node.internal.",
            )
            await scene.until_answered_by("heavy", "light")
            answers = [body for _, body in await scene.gets(40)]
            assert {name: answers.count(name) for name in set(answers)} == {"heavy": 30, "light": 10}
            heavy.status = light.status = 503
            await scene.until_answered_by("spare")
            server.records["_http._tcp.orders.internal.", "SRV"] = (f"0 0 {light.port} node.internal.",)
            light.status = 200
            await scene.until_answered_by("light")

    group = {"discover": {"dns": {"srv": "_http._tcp.orders.internal"}}}
    played(tmp_path, group, {}, story)
