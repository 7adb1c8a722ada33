from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from gateline.runtime.admin import Admin

T = TypeVar("T")

STATS = b"""http.admin.downstream_rq_active: 1
http.edge.downstream_rq_active: 2
http.balancer.downstream_rq_active: 3
"""


def ask(
    tmp_path: Path, question: Callable[[Admin], Coroutine[None, None, T]], body: bytes = b""
) -> tuple[T, bytes]:
    """The admin's answer, and the request line that it saw."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).splitlines()[0])
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + body)
        writer.close()

    async def play() -> T:
        server = await asyncio.start_unix_server(answer, tmp_path / "admin.sock")
        try:
            return await question(Admin(tmp_path / "admin.sock"))
        finally:
            server.close()

    answered = asyncio.run(play())
    return answered, seen[0]


def test_requests_in_flight_are_those_of_clients_not_of_the_admin_itself(tmp_path: Path) -> None:
    count, request = ask(tmp_path, lambda admin: admin.requests_in_flight(), STATS)
    assert count == 5
    assert request == b"GET /stats?filter=downstream_rq_active$ HTTP/1.1"


def test_draining_is_asked_for_by_post(tmp_path: Path) -> None:
    assert ask(tmp_path, lambda admin: admin.drain_listeners()) == (None, b"POST /drain_listeners HTTP/1.1")


def test_failing_the_health_check_is_asked_for_by_post(tmp_path: Path) -> None:
    assert ask(tmp_path, lambda admin: admin.fail_health_check()) == (
        None,
        b"POST /healthcheck/fail HTTP/1.1",
    )


def test_an_envoy_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(Admin(tmp_path / "none.sock").requests_in_flight())
