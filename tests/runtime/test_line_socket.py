"""Lines of JSON at a Unix socket."""

from __future__ import annotations

import asyncio
import json
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.runtime.line_socket import answer, serve_lines

LONGEST = 1024


async def attend(asked: object) -> dict[str, Any]:
    if asked == "no":
        raise GatelineError("refused")
    return {"asked": asked}


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        await answer(line, writer, attend)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"a": 1}\n', {"ok": True, "asked": {"a": 1}}),
        (b'"no"\n', {"ok": False, "problem": "refused"}),
        (b"nonsense\n", {"ok": False, "problem": "no JSON"}),
        (b"\xff\n", {"ok": False, "problem": "no JSON"}),
        (b"[" * 100_000 + b"\n", {"ok": False, "problem": "no JSON"}),
    ],
)
def test_a_line_has_an_answer(tmp_path: Path, line: bytes, expected: dict[str, object]) -> None:
    async def asked() -> bytes:
        async with serve_lines(tmp_path / "s", converse, longest=200_000):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(line)
            told = await reader.readline()
            writer.close()
            return told

    assert json.loads(asyncio.run(asked())) == expected


def test_who_sends_a_line_that_is_too_long_is_hung_up_on_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        async with asyncio.timeout(30), serve_lines(tmp_path / "s", converse, longest=LONGEST):
            other_reader, other = await asyncio.open_unix_connection(tmp_path / "s")
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(b'"' + b"a" * (2 * LONGEST) + b'"\n')
            with suppress(ConnectionError):  # what it sent was not read to its end
                assert await reader.read() == b""
            other.write(b"1\n")
            assert json.loads(await other_reader.readline()) == {"ok": True, "asked": 1}
            other.close()
            writer.close()

    asyncio.run(scene())


def test_the_socket_is_for_this_user_alone_and_its_connections_end_with_it(tmp_path: Path) -> None:
    async def scene() -> bytes:
        async with asyncio.timeout(30):
            async with serve_lines(tmp_path / "s", converse, longest=LONGEST):
                found = await asyncio.to_thread((tmp_path / "s").stat)
                assert stat.S_IMODE(found.st_mode) == 0o600
                reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
                writer.write(b"1\n")
                await reader.readline()
            left = await reader.read()
            writer.close()
            return left

    assert asyncio.run(scene()) == b""
