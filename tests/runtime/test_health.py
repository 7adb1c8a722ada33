from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateline.errors import AddressInUse
from gateline.model.gateway import AdminAddress, Edge
from gateline.model.origin import Origin
from gateline.runtime import health
from gateline.runtime.health import LONGEST_HEAD, Health
from gateline.runtime.listening import listener

HERE = Origin("gateline.yaml", ("gateway",))


def edge(port: int = 0) -> Edge:
    return Edge(admin=AdminAddress(port=port, origin=HERE), origin=HERE)


@asynccontextmanager
async def connected(told: Health) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(told.url).port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def said(told: Health, data: bytes) -> bytes:
    """All that is answered to these bytes, until the server ends the connection."""
    async with connected(told) as (reader, writer):
        writer.write(data)
        return await reader.read()


async def asked(told: Health, path: str, verb: str = "GET") -> tuple[int, dict[str, Any], bytes]:
    answer = await said(told, f"{verb} {path} HTTP/1.1\r\nHost: any.where\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body else {}, head


def served(play: Callable[[Health], Awaitable[None]]) -> None:
    async def run() -> None:
        told = Health()
        async with told.serving(edge()):
            await play(told)

    asyncio.run(run())


def test_a_process_that_starts_lives_and_is_not_ready() -> None:
    async def play(told: Health) -> None:
        assert (await asked(told, "/livez"))[:2] == (200, {"status": "live"})
        assert (await asked(told, "/readyz"))[:2] == (503, {"status": "not ready", "reason": "starting"})

    served(play)


def test_ready_and_unready_are_told_as_they_change() -> None:
    async def play(told: Health) -> None:
        told.ready()
        assert (await asked(told, "/readyz"))[:2] == (200, {"status": "ready"})
        told.unready("Envoy is away")
        assert (await asked(told, "/readyz"))[:2] == (503, {"status": "not ready", "reason": "Envoy is away"})
        told.ready()
        assert (await asked(told, "/readyz"))[0] == 200

    served(play)


def test_whoever_stops_is_not_ready_whatever_comes_after_and_still_lives() -> None:
    async def play(told: Health) -> None:
        told.ready()
        told.stopping()
        told.ready()
        told.unready("Envoy is away")
        assert (await asked(told, "/readyz"))[:2] == (503, {"status": "not ready", "reason": "stopping"})
        assert (await asked(told, "/livez"))[0] == 200

    served(play)


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/readyz?verbose", 503),
        ("HEAD", "/livez", 200),
        ("POST", "/livez", 405),
        ("GET", "/", 404),
        ("GET", "/config_dump", 404),
        ("GET", "/livez/", 404),
        ("GET", "/../livez", 404),
    ],
)
def test_nothing_but_the_two_pages_can_be_read(verb: str, path: str, status: int) -> None:
    async def play(told: Health) -> None:
        found, body, head = await asked(told, path, verb)
        assert found == status
        assert bool(body) == (verb != "HEAD")
        assert b"\r\nConnection: close" in head
        assert (b"\r\nAllow: GET, HEAD" in head) == (status == 405)

    served(play)


@pytest.mark.parametrize(
    "line", [b"", b"GET /livez", b"GET /livez HTTP/2", b"\x16\x03\x01", b"GET  /livez HTTP/1.1"]
)
def test_what_is_no_request_is_400(line: bytes) -> None:
    async def play(told: Health) -> None:
        assert (await said(told, line + b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")

    served(play)


def test_a_head_that_never_ends_is_431() -> None:
    async def play(told: Health) -> None:
        assert (await said(told, b"x" * (LONGEST_HEAD + 4))).startswith(b"HTTP/1.1 431 ")

    served(play)


def test_whoever_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.01)

    async def play(told: Health) -> None:
        assert await said(told, b"GET /livez") == b""

    served(play)


def test_whoever_leaves_half_way_disturbs_nobody() -> None:
    async def play(told: Health) -> None:
        async with connected(told) as (_, writer):
            writer.write(b"GET /li")
            writer.transport.abort()
        assert (await asked(told, "/livez"))[0] == 200

    served(play)


async def taken(told: Health, count: int = 1) -> None:
    """Wait until the server has taken so many connections."""
    while len(told._connections) < count:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)


def test_those_who_say_nothing_take_no_probes_place_and_the_oldest_of_them_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(health, "HEAD_PATIENCE", 60)
    monkeypatch.setattr(health, "PATIENCE", 60)

    async def play(told: Health) -> None:
        async with connected(told) as (oldest, half), connected(told) as (_, _):
            half.write(b"GET /livez HTTP/1.1\r\n")
            await taken(told, 2)
            async with connected(told) as (youngest, writer):
                await taken(told, 3)
                for _ in range(2):
                    assert (await asked(told, "/livez"))[0] == 200
                with suppress(ConnectionError):  # as the system tells it, when there was something to read
                    assert await oldest.read() == b""
                writer.write(b"GET /livez HTTP/1.1\r\n\r\n")
                assert (await youngest.read()).startswith(b"HTTP/1.1 200 OK")

    served(play)


def test_where_all_have_asked_who_comes_last_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MOST_CONNECTIONS", 1)

    async def play(told: Health) -> None:
        async with connected(told):
            await taken(told)
            told._silent.clear()
            with suppress(ConnectionError):
                assert await said(told, b"GET /livez HTTP/1.1\r\n\r\n") == b""
            assert len(told._connections) == 1

    served(play)


def test_a_head_must_come_sooner_than_the_exchange_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "HEAD_PATIENCE", 0.01)

    async def play(told: Health) -> None:
        assert await said(told, b"GET /livez") == b""

    served(play)


def test_the_end_waits_for_nobody() -> None:
    async def run() -> bytes:
        told = Health()
        async with told.serving(edge()):
            reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(told.url).port)
            writer.write(b"GET /livez")
            await taken(told)
        writer.close()
        return await reader.read()

    assert asyncio.run(run()) == b""


def test_a_port_that_is_taken_is_told_with_the_key_that_chooses_another() -> None:
    async def run(port: int) -> None:
        async with Health().serving(edge(port)):
            raise AssertionError("it listens")

    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(AddressInUse, match=r"is in use by .*gateway\.admin\.port$"),
    ):
        asyncio.run(run(other.getsockname()[1]))


def test_without_an_address_it_is_the_loopbacks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[tuple[str, int]] = []

    def anywhere(address: str, port: int, *, another: str) -> socket.socket:
        asked_for.append((address, port))
        return listener(address, 0, another=another)

    monkeypatch.setattr(health, "listener", anywhere)

    async def run() -> None:
        async with Health().serving(Edge(origin=HERE)):
            pass

    asyncio.run(run())
    assert asked_for == [("127.0.0.1", 9901)]
