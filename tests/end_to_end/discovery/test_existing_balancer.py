"""Gateline in front of a balancer that is there already, another Gateline in its place: TLS, SNI, new addresses."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from end_to_end.discovery.scene import Scene, running, write_project
from gateline.authority.certificates import issue_service, make_authority
from gateline.runtime.settings import Settings
from harness.free_port import free_port
from harness.name_server import DnsServer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("discovery")]

NAME = "alb.shop.example"
NOW = datetime.now(UTC)


def node(address: str, port: int, name: str) -> dict[str, Any]:
    """One of the balancer's nodes: it tells who it is, and by which Host it was asked."""
    certificates = [
        {"certificate": f"{each}.pem", "private_key": f"{each}.key"} for each in ("other.example", NAME)
    ]
    said = {"host": "#{host}", "port": "1", "path": f"/{name}", "status_code": "HTTP_302"}
    return {
        "scheme": "internet-facing",
        "listeners": [
            {
                "protocol": "HTTPS",
                "port": 443,
                "bind": f"{address}:{port}",
                "certificates": certificates,
                "default_actions": [{"type": "redirect", "redirect_config": said}],
            }
        ],
    }


def write_balancer(folder: Path, port: int) -> Settings:
    """Two nodes of one name at two addresses; a client that asks for no name is shown another one's certificate."""
    authority = make_authority("elsewhere", NOW - timedelta(days=1))
    (folder / "ca.pem").write_bytes(authority.chain)
    for name in ("other.example", NAME):
        issued = issue_service(
            authority, "elsewhere", name.replace(".", "-"), now=NOW, life=timedelta(days=2), hosts=[name]
        )
        (folder / f"{name}.pem").write_bytes(issued.chain)
        key = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(key, issued.private_key.reveal())
        os.close(key)
    swagger = {"swagger": "2.0", "info": {"title": "none", "version": "1"}, "paths": {}}
    (folder / "swagger.json").write_text(json.dumps(swagger))
    project = {
        "name": "elsewhere",
        "gateway": {"workers": 1},
        "apis": {"none": {"definition": "swagger.json", "stages": {"prod": {}}}},
        "load_balancers": {"one": node("127.0.0.1", port, "one"), "two": node("127.0.0.2", port, "two")},
    }
    (folder / "gateline.yaml").write_text(yaml.safe_dump(project))
    return Settings(project=folder / "gateline.yaml", environ={"PATH": "/usr/bin:/bin"}, port=0)


@asynccontextmanager
async def in_front(
    folder: Path, group: Mapping[str, Any], *, uri: str = ""
) -> AsyncIterator[tuple[Scene, DnsServer]]:
    """A gateway before that balancer, of whose nodes DNS names the first."""
    port = int(uri.rpartition(":")[2].strip("/")) if uri else int(str(group["targets"][0]).rpartition(":")[2])
    back, front = folder / "back", folder / "front"
    back.mkdir()
    front.mkdir()
    behind, scene = Scene(back), Scene(front)
    async with DnsServer() as server:
        server.ttl = 1
        server.records[f"{NAME}.", "A"] = ("127.0.0.1",)
        settings = write_project(scene, group, gateway={"resolver": f"127.0.0.1:{server.port}"})
        if uri:
            written = json.loads((front / "swagger.json").read_text())
            method = written["paths"]["/orders"]["get"]["x-amazon-apigateway-integration"]
            method["uri"] = uri
            del method["connectionType"], method["connectionId"]
            (front / "swagger.json").write_text(json.dumps(written))
        settings = replace(settings, environ={**settings.environ, "SSL_CERT_FILE": str(back / "ca.pem")})
        async with running(behind, write_balancer(back, port)), running(scene, settings):
            yield scene, server


async def location(scene: Scene, path: str = "/", port: int = 0, *, host: str = "shop.example") -> str:
    """Where the balancer behind sends this request: its node, and the Host that it saw."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port or scene.port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    found = head.partition("location: ")[2].partition("\r\n")[0]
    return found or head.split()[1]


def group(port: int, **tls: str) -> dict[str, Any]:
    return {
        "targets": [f"{NAME}:{port}"],
        "protocol": "HTTPS",
        "tls": tls,
        "health_check": {"protocol": "TCP", "interval_seconds": 5, "timeout_seconds": 2},
    }


def test_all_addresses_of_a_balancers_name_are_targets_and_clients_host_arrives(tmp_path: Path) -> None:
    async def play() -> None:
        trusted = group(free_port(), ca="system", server_name=NAME)
        async with in_front(tmp_path, trusted) as (scene, server):
            while await location(scene) == "503":
                pass
            assert await location(scene) == "https://shop.example:1/one"
            before = await scene.updates()
            server.records[f"{NAME}.", "A"] = ("127.0.0.1", "127.0.0.2")
            while len({await location(scene) for _ in range(4)}) < 2:
                pass
            server.records[f"{NAME}.", "A"] = ("127.0.0.2",)
            while {await location(scene) for _ in range(10)} != {"https://shop.example:1/two"}:
                pass
            after = await scene.updates()
            assert {kind for kind in after if after[kind] != before[kind]} == {"eds"}

    asyncio.run(play())


def test_a_balancer_that_is_somebody_else_gets_no_request(tmp_path: Path) -> None:
    async def play() -> None:
        other = group(free_port(), ca="system", server_name=NAME, identity="bank.example")
        async with in_front(tmp_path, other) as (scene, _):
            await scene.until(lambda: bool(scene.stack.url))
            assert {await location(scene) for _ in range(3)} == {"502"}

    asyncio.run(play())


def test_an_integration_to_a_balancers_name_follows_its_addresses(tmp_path: Path) -> None:
    async def play() -> None:
        port = free_port()
        async with in_front(tmp_path, {"targets": ["127.0.0.1:1"]}, uri=f"https://{NAME}:{port}/") as (
            scene,
            server,
        ):
            edge = int(scene.stack.url.rpartition(":")[2].rstrip("/"))

            async def asked() -> str:
                return await location(scene, "/prod/orders", edge, host="127.0.0.1")

            assert await asked() == f"https://{NAME}:1/one"
            server.records[f"{NAME}.", "A"] = ("127.0.0.1", "127.0.0.2")
            while len({await asked() for _ in range(4)}) < 2:
                pass
            server.records[f"{NAME}.", "A"] = ("127.0.0.2",)
            while {await asked() for _ in range(10)} != {f"https://{NAME}:1/two"}:
                pass

    asyncio.run(play())
