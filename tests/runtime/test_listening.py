from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.errors import AddressInUse, GatelineError
from gateline.runtime.listening import accepts, holder, reachable, reserve, reserve_datagrams

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="SO_REUSEPORT shares a port on Linux only")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def release(kept: socket.socket | None) -> None:
    if kept:
        kept.close()


def test_a_free_port_is_ours() -> None:
    port, kept = reserve("127.0.0.1", 0)
    assert port > 0
    release(kept)
    again, kept = reserve("127.0.0.1", port)
    assert again == port
    release(kept)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system does not tell who listens")
def test_a_taken_port_is_told_with_its_holder_and_the_way_out(taken: int) -> None:
    with pytest.raises(AddressInUse) as raised:
        reserve("127.0.0.1", taken)
    message = str(raised.value)
    assert message.startswith(f"127.0.0.1:{taken} is in use by process {os.getpid()} (")
    assert "--port" in message


@linux_only
def test_a_port_that_another_gateway_would_share_is_taken() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(AddressInUse):
            reserve("127.0.0.1", other.getsockname()[1])


@linux_only
def test_what_keeps_the_port_lets_envoy_listen_beside_it_and_takes_no_connection() -> None:
    port, kept = reserve("127.0.0.1", 0)
    with socket.socket() as like_envoy:
        like_envoy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        like_envoy.bind(("127.0.0.1", port))
        like_envoy.listen(64)
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                accepted, _ = like_envoy.accept()
                accepted.close()
    release(kept)


@linux_only
def test_what_keeps_the_port_keeps_it_from_others() -> None:
    port, kept = reserve("127.0.0.1", 0)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    release(kept)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(GatelineError, match=r"192\.0\.2\.1 is not an address of this machine"):
        reserve("192.0.2.1", 8080)


def test_localhost_is_the_loopback_address() -> None:
    port, kept = reserve("localhost", 0)
    assert port
    release(kept)


def test_nobody_holds_a_free_port() -> None:
    assert holder(1) == ""


def test_wildcards_are_reached_on_loopback() -> None:
    assert [reachable(address) for address in ("0.0.0.0", "::", "[::]", "localhost", "10.0.0.1")] == [
        "127.0.0.1",
        "::1",
        "::1",
        "127.0.0.1",
        "10.0.0.1",
    ]


def test_a_listener_is_waited_for() -> None:
    async def play() -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
            waiting = asyncio.ensure_future(accepts("127.0.0.1", port))
            await asyncio.sleep(0)
            assert not waiting.done()
            server.listen()
            async with asyncio.timeout(10):
                await waiting

    asyncio.run(play())


def test_a_port_for_datagrams_is_asked_for_exclusively_and_not_kept() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(
            AddressInUse, match=f"127.0.0.1:{port} is in use by process .* another with `bind`"
        ):
            reserve_datagrams("127.0.0.1", port, another="`bind`")
    reserve_datagrams("127.0.0.1", port, another="`bind`")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
