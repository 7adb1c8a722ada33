from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gateline.errors import GatelineError
from gateline.runtime.control_api import serve_control


async def flush(names: list[str] | None) -> tuple[str, ...]:
    if names == ["unknown"]:
        raise GatelineError("no authorizer is called unknown")
    return tuple(names or ["all/of/them"])


def status() -> dict[str, Any]:
    return {"pids": {"gateline": 1}}


def served(folder: Path, story: Callable[[Path], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(30), serve_control(folder / "s", flush, status):
            await story(folder / "s")

    asyncio.run(play())


async def asked(socket: Path, *lines: str) -> list[Any]:
    reader, writer = await asyncio.open_unix_connection(socket)
    answers = []
    for line in lines:
        writer.write(line.encode() + b"\n")
        answers.append(json.loads(await reader.readline()))
    writer.close()
    await writer.wait_closed()
    return answers


def test_requests_are_answered_one_line_each(tmp_path: Path) -> None:
    async def story(socket: Path) -> None:
        assert await asked(
            socket,
            '{"do": "flush", "authorizers": null}',
            '{"do": "flush", "authorizers": ["a/b/c", "d"]}',
            '{"do": "flush", "authorizers": ["unknown"]}',
            '{"do": "status"}',
        ) == [
            {"ok": True, "flushed": ["all/of/them"]},
            {"ok": True, "flushed": ["a/b/c", "d"]},
            {"ok": False, "problem": "no authorizer is called unknown"},
            {"ok": True, "pids": {"gateline": 1}},
        ]

    served(tmp_path, story)


def test_what_is_not_understood_is_a_problem_and_no_end(tmp_path: Path) -> None:
    async def story(socket: Path) -> None:
        lines = ("{", "[]", "3", '{"do": "flush"}', '{"do": "flush", "authorizers": [1]}', '{"do": "status"}')
        answers = await asked(socket, *lines)
        assert [answer["ok"] for answer in answers] == [False] * 5 + [True]

    served(tmp_path, story)


def test_the_socket_is_for_this_user_alone_and_closed_with_its_connections(tmp_path: Path) -> None:
    left: list[asyncio.StreamReader] = []

    async def story(socket: Path) -> None:
        assert stat.S_IMODE(os.stat(socket).st_mode) == 0o600  # noqa: PTH116
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(b'{"do": "status"}\n')
        await reader.readline()
        left.append(reader)
        writer.close()
        await writer.wait_closed()

    served(tmp_path, story)
    assert left[0].at_eof()
