from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from gateline.functions.pool import LARGEST_PAYLOAD
from gateline.functions.runtime_api import Asked, Told
from gateline.functions.runtime_server import MOST_CONNECTIONS, RuntimeServer

Scene = Callable[["Port"], Awaitable[None]]


class Port:
    """A server whose answers say what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.is_open = True
        self.arrived = asyncio.Event()
        self.held: asyncio.Event | None = None
        self.server = RuntimeServer(self.answer, self.admit)

    async def answer(self, asked: Asked) -> Told:
        self.asked.append(asked)
        self.arrived.set()
        if self.held is not None:
            await self.held.wait()
        return Told(200, b'"told"', (("Lambda-Runtime-Aws-Request-Id", "one"),))

    async def admit(self, peer_port: int, own_port: int) -> bool:
        assert peer_port != own_port == int(self.server.address.partition(":")[2])
        return self.is_open

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.server.address.partition(":")
        return await asyncio.open_connection(host, int(port))

    async def exchange(self, *sent: bytes) -> bytes:
        """All that comes back on one connection that is closed by the server, or half closed by us."""
        reader, writer = await self.connect()
        for part in sent:
            writer.write(part)
        writer.write_eof()
        try:
            return await reader.read()
        except ConnectionResetError:  # it was closed with our words unread
            return b""
        finally:
            writer.close()
            with suppress(ConnectionResetError):
                await writer.wait_closed()


def played(scene: Scene) -> None:
    async def play() -> None:
        port = Port()
        await port.server.open()
        try:
            async with asyncio.timeout(20):
                await scene(port)
        finally:
            await port.server.close()

    asyncio.run(play())


def test_requests_follow_each_other_on_one_connection() -> None:
    async def scene(port: Port) -> None:
        get = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
        received = await port.exchange(get, b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]")
        assert received.count(b"HTTP/1.1 200") == 2
        assert received.count(b'\r\n\r\n"told"') == 2
        assert b"Lambda-Runtime-Aws-Request-Id: one\r\n" in received
        assert [(asked.method, asked.body) for asked in port.asked] == [("GET", b""), ("POST", b"[]")]

    played(scene)


def test_chunks_and_trailers_are_read() -> None:
    async def scene(port: Port) -> None:
        head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
        await port.exchange(head, b"2\r\nab\r\n", b"3\r\ncde\r\n", b"0\r\nX-Late: yes\r\n\r\n")
        assert (port.asked[0].body, port.asked[0].trailers) == (b"abcde", {"x-late": "yes"})

    played(scene)


def test_who_waits_to_be_told_to_go_on_is_told() -> None:
    async def scene(port: Port) -> None:
        reader, writer = await port.connect()
        writer.write(b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(b"[]")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()

    played(scene)


def test_a_body_that_is_too_long_is_read_to_its_end_and_thrown_away() -> None:
    async def scene(port: Port) -> None:
        for length in (LARGEST_PAYLOAD, LARGEST_PAYLOAD + 1):
            head = f"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
            assert (await port.exchange(head, b"x" * length)).startswith(b"HTTP/1.1 200")
        assert port.asked[0].body == b"x" * LARGEST_PAYLOAD
        assert port.asked[1].body is None

    played(scene)


def test_a_head_of_a_megabyte_is_read() -> None:
    async def scene(port: Port) -> None:
        cause = b"x" * (1024 * 1024)
        head = b"POST /p HTTP/1.1\r\nHost: x\r\nX-Cause: " + cause + b"\r\nContent-Length: 0\r\n\r\n"
        assert (await port.exchange(head)).startswith(b"HTTP/1.1 200")

    played(scene)


def test_what_is_no_http_is_refused() -> None:
    async def scene(port: Port) -> None:
        assert (await port.exchange(b"hello\r\n\r\n")).startswith(b"HTTP/1.1 400")
        assert port.asked == []

    played(scene)


def test_half_a_request_is_none() -> None:
    async def scene(port: Port) -> None:
        await port.exchange(b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n[]")
        assert port.asked == []

    played(scene)


def test_who_is_not_admitted_is_not_read() -> None:
    async def scene(port: Port) -> None:
        port.is_open = False
        assert await port.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        assert port.asked == []

    played(scene)


def test_connections_beyond_the_bound_are_closed_and_those_before_it_live() -> None:
    async def scene(port: Port) -> None:
        taken = [await port.connect() for _ in range(MOST_CONNECTIONS)]
        for _, writer in taken:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for reader, _ in taken:
            await reader.readuntil(b'"told"')
        assert await port.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        for _, writer in taken:
            writer.close()
            await writer.wait_closed()
        assert len(port.asked) == MOST_CONNECTIONS

    played(scene)


def test_closing_ends_those_who_wait() -> None:
    async def scene(port: Port) -> None:
        port.held = asyncio.Event()
        reader, writer = await port.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await port.arrived.wait()
        await port.server.close()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    played(scene)


def test_a_port_that_was_never_opened_can_be_given_back() -> None:
    async def play() -> None:
        port = Port()
        host, _, number = port.server.address.partition(":")
        port.server.abandon()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(host, int(number))

    asyncio.run(play())
