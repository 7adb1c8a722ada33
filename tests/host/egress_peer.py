"""Stands in for Envoy's egress listener: says what a test wants, and keeps the bytes that came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def failed(flags: str) -> bytes:
    """What Envoy answers by itself."""
    return f"HTTP/1.1 503 No\r\nx-gl-failure: {flags}\r\nContent-Length: 4\r\n\r\nnone".encode()


@dataclass
class EgressPeer:
    """`says` makes the answer to a head; None: none ever comes. An answer of b"" closes the connection."""

    socket: Path
    says: Callable[[bytes], bytes | None] = field(default=lambda _: OK)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: int = 0  # connections that the host closed
    attending: set[asyncio.Task[None]] = field(default_factory=set)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on one connection."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.attending.add(task)
        task.add_done_callback(self.attending.discard)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                lines = head.lower().split(b"\r\n")
                length = next((int(each[15:]) for each in lines if each.startswith(b"content-length:")), 0)
                self.bodies.append(await reader.readexactly(length))
                self.asked.set()
                answer = self.says(head)
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
                if answer == b"" or (answer and b"connection: close" in answer.lower()):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended += 1
            self.left.set()
        except asyncio.CancelledError:
            pass  # `end`: who swallows it here is not asked about it afterwards
        finally:
            writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[EgressPeer]:
        """Listen while the block runs."""
        server = await asyncio.start_unix_server(self.attend, self.socket, limit=1024 * 1024)
        try:
            yield self
        finally:
            await self.end(server)

    async def end(self, server: asyncio.Server) -> None:
        """Let go of everybody."""
        server.close()
        for task in self.attending:
            task.cancel()
        await asyncio.gather(*self.attending, return_exceptions=True)


@asynccontextmanager
async def listening(answer: bytes = OK) -> AsyncIterator[tuple[EgressPeer, str]]:
    """Such a peer on loopback, and its URL."""
    peer = EgressPeer(Path(), lambda _: answer)
    server = await asyncio.start_server(peer.attend, "127.0.0.1", 0)
    try:
        yield peer, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        await peer.end(server)
