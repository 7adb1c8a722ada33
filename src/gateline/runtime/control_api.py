"""The control socket of what runs: JSON lines, for commands of the same user on the same machine.

    {"do": "flush", "authorizers": ["name", ...] | null}   -> {"ok": true, "flushed": ["api/stage/name", ...]}
    {"do": "status"}                                       -> {"ok": true, "url": ..., "pids": {...}}

Whatever is wrong is {"ok": false, "problem": "..."}. The socket has mode 0600, in a folder of mode 0700.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from gateline.errors import GatelineError

LONGEST_LINE: Final = 1024 * 1024

Flush = Callable[[list[str] | None], Awaitable[tuple[str, ...]]]
Status = Callable[[], dict[str, Any]]


@asynccontextmanager
async def serve_control(socket: Path, flush: Flush, status: Status) -> AsyncIterator[None]:
    """Serve commands at the socket.

    Args:
        socket: where; removed by whoever owns its folder.
        flush: forgets what authorizers decided, and answers which.
        status: what runs.

    """
    connections: set[asyncio.StreamWriter] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            with suppress(OSError, ValueError):  # ValueError: a line that is too long
                while line := await reader.readline():
                    writer.write(json.dumps(await _answered(line, flush, status)).encode() + b"\n")
                    await writer.drain()
        finally:
            connections.discard(writer)
            writer.close()

    server = await asyncio.start_unix_server(attend, socket, limit=LONGEST_LINE)
    await asyncio.to_thread(socket.chmod, 0o600)  # until now the folder's mode has kept others out
    try:
        yield
    finally:
        server.close()
        for writer in list(connections):
            writer.close()
        await server.wait_closed()


async def _answered(line: bytes, flush: Flush, status: Status) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except ValueError:
        return {"ok": False, "problem": "no JSON"}
    try:
        match asked:
            case {"do": "flush", "authorizers": None}:
                return {"ok": True, "flushed": list(await flush(None))}
            case {"do": "flush", "authorizers": [*names]} if all(isinstance(name, str) for name in names):
                return {"ok": True, "flushed": list(await flush(names))}
            case {"do": "status"}:
                return {"ok": True, **status()}
            case _:
                return {"ok": False, "problem": "no such request"}
    except GatelineError as error:
        return {"ok": False, "problem": str(error)}
