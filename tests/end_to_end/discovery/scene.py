"""A gateway with a balancer of the internet and an integration, both before one target group that asks somebody."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from gateline.runtime.admin import Admin
from gateline.runtime.notice import Notice, TargetsTold
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from harness.free_port import free_port
from harness.health_checked_target import Target

UPDATES = ("cluster_manager.cds", "listener_manager.lds", "scoped_rds", "eds")


class Scene:
    """What a test of discovery works on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.tcp_port = free_port()
        self.notices: list[Notice] = []
        self.stack: Stack

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)

    @property
    def said(self) -> list[str]:
        """What was told of target groups."""
        return [each.text for each in self.notices if isinstance(each, TargetsTold)]

    async def get(self, path: str = "/", port: int = 0) -> tuple[int, str]:
        """One request to the balancer, or elsewhere."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
            return int(head.split()[1]), (await reader.readexactly(length)).decode()
        finally:
            writer.close()

    async def through_integration(self) -> tuple[int, str]:
        """One request through the API."""
        return await self.get("/prod/orders", int(self.stack.url.rpartition(":")[2].rstrip("/")))

    async def through_tcp(self) -> str:
        """Who answers behind the network balancer; "" when nobody does."""
        with suppress(OSError, asyncio.IncompleteReadError):
            return (await self.get(port=self.tcp_port))[1]
        return ""

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait for something that nobody tells."""
        while not fact():  # noqa: ASYNC110 - a notice is a call, not an event
            await asyncio.sleep(0.005)

    async def until_answered_by(self, *names: str) -> None:
        """Wait until exactly these answer, and no other within twenty requests."""
        while {body if status == 200 else str(status) for status, body in await self.gets(20)} != set(names):
            pass

    async def gets(self, count: int) -> list[tuple[int, str]]:
        """Requests to the balancer, one after another."""
        return [await self.get() for _ in range(count)]

    async def updates(self) -> dict[str, int]:
        """How often Envoy has taken something of each kind."""
        bootstrap = json.loads((self.folder / ".gateline" / "bootstrap.json").read_text())
        admin = Admin(Path(bootstrap["admin"]["address"]["pipe"]["path"]))
        # Envoy's EDS counts for each cluster; a listener of scoped routes for each connection manager.
        found = await admin.gauges(
            r"(cds|lds|scoped_rds|rds)\..*update_success$|(cds|lds)\.update_success$|cluster\..*\.update_success$"
        )
        kinds: dict[str, int] = {}
        for name, count in found.items():
            kind = next((each for each in ("cds", "lds", "rds") if re.search(rf"{each}\.", name)), "eds")
            kinds[kind] = kinds.get(kind, 0) + count
        return kinds


def write_project(scene: Scene, group: Mapping[str, Any], **more: Any) -> Settings:
    """The project: balancer, network balancer and integration lead to the group `orders`."""
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": "http://inner/",
        "connectionType": "VPC_LINK",
        "connectionId": "link",
        "responses": {"default": {"statusCode": "200"}},
    }
    swagger = {
        "swagger": "2.0",
        "info": {"title": "orders", "version": "1"},
        "paths": {"/orders": {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}},
    }
    (scene.folder / "swagger.json").write_text(json.dumps(swagger))
    to_orders = [{"type": "forward", "target_group": "orders"}]
    check = {"path": "/health", "interval_seconds": 5, "timeout_seconds": 2}
    project = {
        "name": "shop",
        "gateway": {"workers": 1, **more.pop("gateway", {})},
        "apis": {"orders": {"definition": "swagger.json", "stages": {"prod": {}}}},
        "vpc_links": {"link": {"target": "inner"}},
        "load_balancers": {
            "front": {
                "scheme": "internet-facing",
                "listeners": [
                    {
                        "protocol": "HTTP",
                        "port": 80,
                        "bind": f"127.0.0.1:{scene.port}",
                        "default_actions": to_orders,
                    }
                ],
            },
            "inner": {"listeners": [{"protocol": "HTTP", "port": 80, "default_actions": to_orders}]},
            "flows": {
                "type": "network",
                "scheme": "internet-facing",
                "listeners": [
                    {
                        "protocol": "TCP",
                        "port": 81,
                        "bind": f"127.0.0.1:{scene.tcp_port}",
                        "default_actions": [{"type": "forward", "target_group": "flows"}],
                    }
                ],
            },
        },
        "target_groups": {
            "orders": {"health_check": check, "deregistration_delay_seconds": 30, **group},
            "flows": {
                "protocol": "TCP",
                "health_check": {"interval_seconds": 5},
                **{key: group[key] for key in ("discover", "targets") if key in group},
            },
        },
        **more,
    }
    (scene.folder / "gateline.yaml").write_text(yaml.safe_dump(project))
    return Settings(project=scene.folder / "gateline.yaml", environ={"PATH": "/usr/bin:/bin"}, port=0)


@asynccontextmanager
async def targets(*names: str) -> AsyncIterator[list[Target]]:
    """Targets that answer with their names, each at a port of its own."""
    async with AsyncExitStack() as opened:
        yield [await opened.enter_async_context(Target(name).serve()) for name in names]


@asynccontextmanager
async def running(scene: Scene, settings: Settings) -> AsyncIterator[Scene]:
    """The gateway serves while this is entered."""
    async with (
        asyncio.timeout(25),
        LocalProcesses() as processes,
        Stack(settings, scene.notify, processes) as scene.stack,
    ):
        yield scene
