from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.runtime.control_api import serve_control


class Doer:
    """Does what is asked, and says with what."""

    async def flush(self, authorizers: list[str] | None) -> tuple[str, ...]:
        if authorizers == ["unknown"]:
            raise GatelineError("no authorizer is called unknown")
        return tuple(authorizers or ["all/of/them"])

    def status(self) -> dict[str, Any]:
        return {"pids": {"gateline": 1}}

    def services(self) -> list[dict[str, Any]]:
        return [{"name": "orders"}]

    def scale(self, service: str, count: int) -> dict[str, Any]:
        return {"name": service, "desired": count}

    async def deploy(self, service: str, *, wait: bool) -> dict[str, Any]:
        if service == "unknown":
            raise GatelineError("no service is called unknown")
        return {"name": service, "waited": wait}

    async def at_desk(self, desk: str, asked: dict[str, Any]) -> dict[str, Any]:
        return {desk: [asked]}

    async def inventory(self) -> dict[str, Any]:
        return {"tasks": []}


def served(folder: Path, story: Callable[[Path], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(30), serve_control(folder / "s", Doer()):
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
            '{"do": "inventory"}',
        ) == [
            {"ok": True, "flushed": ["all/of/them"]},
            {"ok": True, "flushed": ["a/b/c", "d"]},
            {"ok": False, "problem": "no authorizer is called unknown"},
            {"ok": True, "pids": {"gateline": 1}},
            {"ok": True, "tasks": []},
        ]

    served(tmp_path, story)


def test_services_are_told_scaled_and_deployed(tmp_path: Path) -> None:
    async def story(socket: Path) -> None:
        assert await asked(
            socket,
            '{"do": "services"}',
            '{"do": "scale", "service": "orders", "count": 3}',
            '{"do": "deploy", "service": "orders", "wait": true}',
            '{"do": "deploy", "service": "unknown", "wait": false}',
        ) == [
            {"ok": True, "services": [{"name": "orders"}]},
            {"ok": True, "service": {"name": "orders", "desired": 3}},
            {"ok": True, "service": {"name": "orders", "waited": True}},
            {"ok": False, "problem": "no service is called unknown"},
        ]

    served(tmp_path, story)


def test_what_is_asked_of_keys_is_handed_on(tmp_path: Path) -> None:
    async def story(socket: Path) -> None:
        assert await asked(socket, '{"do": "keys", "action": "list"}', '{"do": "keys"}') == [
            {"ok": True, "keys": [{"do": "keys", "action": "list"}]},
            {"ok": False, "problem": "no such request"},
        ]

    served(tmp_path, story)


@pytest.mark.parametrize(
    "line",
    [
        '{"do": "scale", "service": "orders", "count": "3"}',
        '{"do": "scale", "service": "orders", "count": true}',
        '{"do": "scale", "service": 3, "count": 3}',
        '{"do": "deploy", "service": "orders", "wait": 1}',
        '{"do": "deploy", "service": "orders"}',
    ],
)
def test_values_of_another_kind_are_not_taken(tmp_path: Path, line: str) -> None:
    async def story(socket: Path) -> None:
        assert await asked(socket, line) == [{"ok": False, "problem": "no such request"}]

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
