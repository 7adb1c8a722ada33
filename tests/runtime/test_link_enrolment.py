"""The socket at which nodes ask: one line, one answer, and no more of anything than it takes."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.runtime.link_enrolment import AT_ONCE, LONGEST_LINE, serve_enrolment


async def attend(asked: object) -> dict[str, Any]:
    if asked == "no":
        raise GatelineError("refused")
    return {"asked": asked}


async def answer_to(socket: Path, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(line)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"a": 1}\n', {"ok": True, "asked": {"a": 1}}),
        (b'"no"\n', {"ok": False, "problem": "refused"}),
        (b"nonsense\n", {"ok": False, "problem": "no JSON"}),
        (b"[" * 20_000 + b"\n", {"ok": False, "problem": "no JSON"}),
    ],
)
def test_a_line_is_answered_and_then_it_is_over(
    tmp_path: Path, line: bytes, expected: dict[str, object]
) -> None:
    async def asked() -> bytes:
        async with serve_enrolment(tmp_path / "e.sock", attend):
            return await answer_to(tmp_path / "e.sock", line)

    assert json.loads(asyncio.run(asked())) == expected


def test_a_line_that_is_too_long_is_not_answered(tmp_path: Path) -> None:
    async def asked() -> bytes:
        async with serve_enrolment(tmp_path / "e.sock", attend):
            return await answer_to(tmp_path / "e.sock", b'"' + b"a" * (2 * LONGEST_LINE + 2) + b'"\n')

    assert asyncio.run(asked()) == b""


def test_who_says_nothing_gives_way_to_who_asks(tmp_path: Path) -> None:
    async def seen() -> None:
        socket = tmp_path / "e.sock"
        async with serve_enrolment(socket, attend):
            waiting = [await asyncio.open_unix_connection(socket) for _ in range(AT_ONCE)]
            assert json.loads(await answer_to(socket, b"1\n")) == {"ok": True, "asked": 1}
            (oldest, _), *others = waiting
            assert await oldest.read() == b""
            for reader, writer in others:
                writer.write(b"1\n")
                assert json.loads(await reader.read()) == {"ok": True, "asked": 1}
            for _, writer in waiting:
                writer.close()

    asyncio.run(seen())


def test_whoever_is_one_too_many_is_sent_away_while_the_others_are_served(tmp_path: Path) -> None:
    async def seen() -> None:
        socket, all_asked, go_on = tmp_path / "e.sock", asyncio.Event(), asyncio.Event()
        asking = []

        async def slowly(asked: object) -> dict[str, Any]:
            asking.append(asked)
            if len(asking) == AT_ONCE:
                all_asked.set()
            await go_on.wait()
            return {"asked": asked}

        async with serve_enrolment(socket, slowly):
            served = [asyncio.create_task(answer_to(socket, b"1\n")) for _ in range(AT_ONCE)]
            await all_asked.wait()
            assert await answer_to(socket, b"1\n") == b""
            go_on.set()
            assert {json.loads(answer)["asked"] for answer in await asyncio.gather(*served)} == {1}

    asyncio.run(seen())


def test_the_socket_is_for_this_user_alone(tmp_path: Path) -> None:
    async def mode() -> int:
        async with serve_enrolment(tmp_path / "e.sock", attend):
            return stat.S_IMODE((await asyncio.to_thread((tmp_path / "e.sock").stat)).st_mode)

    assert asyncio.run(mode()) == 0o600
