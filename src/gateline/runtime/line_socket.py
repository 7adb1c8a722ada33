"""A Unix socket at which lines of JSON are asked and answered.

{...}  -> {"ok": true, ...} | {"ok": false, "problem": "..."}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from gateline.errors import GatelineError

Attend = Callable[[object], Awaitable[dict[str, Any]]]
"""Answers what is asked; a GatelineError is told to who has asked."""

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Sees to one connection, which is closed when it is done or fails."""


@asynccontextmanager
async def serve_lines(socket: Path, converse: Converse, *, longest: int) -> AsyncIterator[None]:
    """Serve this user's processes at the socket.

    Args:
        socket: where; removed by whoever owns its folder.
        converse: reads lines, and answers them with `answer`.
        longest: bytes of a line; who sends more is hung up on.

    """
    connections: set[asyncio.StreamWriter] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            with suppress(OSError, ValueError):  # TimeoutError is one; ValueError: a line that is too long
                await converse(reader, writer)
        finally:
            connections.discard(writer)
            writer.close()

    server = await asyncio.start_unix_server(take, socket, limit=longest)
    await asyncio.to_thread(socket.chmod, 0o600)  # until now the folder's mode has kept others out
    try:
        yield
    finally:
        server.close()
        for writer in list(connections):
            writer.close()
        await server.wait_closed()


async def answer(line: bytes, writer: asyncio.StreamWriter, attend: Attend) -> None:
    """Answer one line."""
    writer.write(json.dumps(await _answered(line, attend)).encode() + b"\n")
    await writer.drain()


async def _answered(line: bytes, attend: Attend) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return {"ok": False, "problem": "no JSON"}
    try:
        return {"ok": True, **await attend(asked)}
    except GatelineError as error:
        return {"ok": False, "problem": str(error)}
