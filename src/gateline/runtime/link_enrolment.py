"""Where nodes ask for certificates: a Unix socket to which Envoy hands what comes by the name `enroll.gateline`.

Whoever reaches the gateway reaches this. A connection is one line of JSON and its answer, in little time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from gateline.errors import GatelineError

LONGEST_LINE: Final = 32 * 1024
AT_ONCE: Final = 32
PATIENCE: Final = 10.0

Attend = Callable[[object], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def serve_enrolment(socket: Path, attend: Attend) -> AsyncIterator[None]:
    """Serve nodes at the socket.

    Args:
        socket: where; removed by whoever owns its folder.
        attend: answers what a node asks; a GatelineError is told to it.

    """
    connections: set[asyncio.StreamWriter] = set()
    silent: dict[asyncio.StreamWriter, None] = {}  # those who have not asked yet, the oldest first

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(connections) >= AT_ONCE:
            # Who holds a place and says nothing must not keep nodes out, which ask at once.
            going = next(iter(silent), writer)
            silent.pop(going, None)
            connections.discard(going)
            going.close()
            if going is writer:
                return
        connections.add(writer)
        silent[writer] = None
        try:
            with suppress(OSError, ValueError):  # TimeoutError is one; ValueError: a line that is too long
                async with asyncio.timeout(PATIENCE):
                    line = await reader.readline()
                    silent.pop(writer, None)
                    if writer.is_closing():
                        return
                    answer = await _answered(line, attend)
                    writer.write(json.dumps(answer).encode() + b"\n")
                    await writer.drain()
        finally:
            silent.pop(writer, None)
            connections.discard(writer)
            writer.close()

    server = await asyncio.start_unix_server(take, socket, limit=LONGEST_LINE)
    await asyncio.to_thread(socket.chmod, 0o600)  # until now the folder's mode has kept others out
    try:
        yield
    finally:
        server.close()
        for writer in list(connections):
            writer.close()
        await server.wait_closed()


async def _answered(line: bytes, attend: Attend) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return {"ok": False, "problem": "no JSON"}
    try:
        return {"ok": True, **await attend(asked)}
    except GatelineError as error:
        return {"ok": False, "problem": str(error)}
