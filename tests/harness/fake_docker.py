"""A Docker Engine as its API reference documents it, as far as whoever looks for containers asks it: at a Unix socket.

https://docs.docker.com/reference/api/engine/version/v1.51/ : /version, /containers/json with filters, /events.

    async with FakeDocker(folder / "docker.sock") as docker:
        docker.run(container("web-1", {"app": "web"}, networks={"bridge": "172.17.0.2"}, ports=[80]))
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


def container(
    name: str,
    labels: Mapping[str, str],
    *,
    networks: Mapping[str, str],
    ports: Sequence[int] = (),
    published: Mapping[int, tuple[str, int]] | None = None,
    state: str = "running",
    health: str = "none",
) -> Json:
    """A container as /containers/json tells it; `health` is said in words only, as the engine does."""
    said = {
        "none": "",
        "healthy": " (healthy)",
        "unhealthy": " (unhealthy)",
        "starting": " (health: starting)",
    }
    return {
        "Id": f"{name:0<64}",
        "Names": [f"/{name}"],
        "Labels": dict(labels),
        "State": state,
        "Status": f"Up 3 minutes{said[health]}",
        "Ports": [{"PrivatePort": each, "Type": "tcp"} for each in ports]
        + [
            {"IP": address, "PrivatePort": inner, "PublicPort": outer, "Type": "tcp"}
            for inner, (address, outer) in (published or {}).items()
        ],
        "HostConfig": {"NetworkMode": next(iter(networks), "none")},
        "NetworkSettings": {"Networks": {key: {"IPAddress": value} for key, value in networks.items()}},
        "health": health,
    }


class FakeDocker:
    """An engine.

    Attributes:
        containers: by name.
        version: what /version says.
        refuses: a status that everything is answered with; 0: none.
        listed: how often the list was asked for.
        asked: the paths of all requests, without their queries.

    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.containers: dict[str, Json] = {}
        self.version: Any = {"ApiVersion": "1.51", "MinAPIVersion": "1.24"}
        self.refuses = 0
        self.listed = 0
        self.asked: list[str] = []
        self._streams: dict[asyncio.StreamWriter, list[str]] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._attend, self.socket)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End, and whoever listens to events hears that."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for stream in list(self._streams):
            stream.close()
        self._streams.clear()

    def run(self, made: Json) -> None:
        """Start a container, or change one, and say so."""
        name = made["Names"][0].lstrip("/")
        self.containers[name] = made
        self.say("start", made["Labels"])

    def die(self, name: str) -> None:
        """End a container, and say so."""
        self.say("die", self.containers.pop(name)["Labels"])

    def say(self, action: str, labels: Mapping[str, str]) -> None:
        """Tell an event to whoever listens for such labels."""
        line = (
            json.dumps({"Type": "container", "Action": action, "Actor": {"Attributes": dict(labels)}}) + "\n"
        )
        for stream, wanted in self._streams.items():
            if _has(labels, wanted):
                stream.write(_chunk(line))

    def tell(self, line: str) -> None:
        """Tell everybody who listens something, whatever it is."""
        for stream in self._streams:
            stream.write(_chunk(f"{line}\n"))

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                target = urlsplit(head.split()[1])
                filters = json.loads(parse_qs(target.query).get("filters", ["{}"])[0])
                self.asked.append(target.path)
                if self.refuses:
                    _answer(writer, self.refuses, {"message": "no"})
                elif target.path == "/version":
                    _answer(writer, 200, self.version)
                elif target.path.endswith("/containers/json"):
                    self.listed += 1
                    _answer(writer, 200, [each for each in self.containers.values() if _fits(each, filters)])
                elif target.path.endswith("/events"):
                    assert filters["type"] == ["container"]
                    writer.write(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    )
                    self._streams[writer] = filters["label"]
                else:
                    _answer(writer, 404, {"message": "page not found"})
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._streams.pop(writer, None)
            writer.close()


def _chunk(line: str) -> bytes:
    return f"{len(line):x}\r\n{line}\r\n".encode()


def _answer(writer: asyncio.StreamWriter, status: int, told: object) -> None:
    body = json.dumps(told).encode()
    writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def _fits(made: Json, filters: Mapping[str, Sequence[str]]) -> bool:
    return (
        _has(made["Labels"], filters.get("label", ()))
        and made["State"] in filters.get("status", (made["State"],))
        and made["health"] in filters.get("health", (made["health"],))
    )


def _has(labels: Mapping[str, str], wanted: Sequence[str]) -> bool:
    pairs = (each.partition("=") for each in wanted)
    return all(key in labels and (not equals or labels[key] == value) for key, equals, value in pairs)
