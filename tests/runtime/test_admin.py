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
    tmp_path: Path,
    question: Callable[[Admin], Coroutine[None, None, T]],
    body: bytes = b"",
    *,
    header: bytes = b"",
) -> tuple[T, bytes]:
    """The admin's answer, and the request line that it saw."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).splitlines()[0])
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n" + header + b"\r\n" + body)
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


def test_what_is_told_of_clusters_is_put_together_from_its_chunks(tmp_path: Path) -> None:
    chunks = b'1\r\n{\r\n4\r\n"a":\r\n2\r\n1}\r\n0\r\n\r\n'
    chunked = b"transfer-encoding: chunked\r\n"
    body, request = ask(tmp_path, lambda admin: admin.clusters("^targets/"), chunks, header=chunked)
    assert body == b'{"a":1}'
    assert request == b"GET /clusters?format=json&filter=%5Etargets/ HTTP/1.1"


def test_what_is_told_of_clusters_in_one_piece_is_taken_as_it_is(tmp_path: Path) -> None:
    body, _ = ask(tmp_path, lambda admin: admin.clusters("."), b"{}")
    assert body == b"{}"


def test_an_answer_that_is_broken_off_ends_where_it_ends(tmp_path: Path) -> None:
    chunked = b"transfer-encoding: chunked\r\n"
    body, _ = ask(tmp_path, lambda admin: admin.clusters("."), b"2\r\n{}\r\nxx\r\n", header=chunked)
    assert body == b"{}"


def test_an_envoy_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(Admin(tmp_path / "none.sock").requests_in_flight())
