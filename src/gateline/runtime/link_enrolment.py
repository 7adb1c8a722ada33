"""Where nodes ask for certificates: a Unix socket to which Envoy hands what comes by the name `enroll.gateline`.

Whoever reaches the gateway reaches this. A connection is one line of JSON and its answer, in little time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from gateline.runtime.line_socket import Attend, answer, serve_lines

LONGEST_LINE: Final = 32 * 1024
AT_ONCE: Final = 32
PATIENCE: Final = 10.0


@asynccontextmanager
async def serve_enrolment(socket: Path, attend: Attend) -> AsyncIterator[None]:
    """Serve nodes at the socket.

    Args:
        socket: where; removed by whoever owns its folder.
        attend: answers what a node asks; a GatelineError is told to it.

    """
    attended: set[asyncio.StreamWriter] = set()
    silent: dict[asyncio.StreamWriter, None] = {}  # those who have not asked yet, the oldest first

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(attended) >= AT_ONCE:
            # Who holds a place and says nothing must not keep nodes out, which ask at once.
            going = next(iter(silent), writer)
            silent.pop(going, None)
            attended.discard(going)
            going.close()
            if going is writer:
                return
        attended.add(writer)
        silent[writer] = None
        try:
            async with asyncio.timeout(PATIENCE):
                line = await reader.readline()
                silent.pop(writer, None)
                if not writer.is_closing():
                    await answer(line, writer, attend)
        finally:
            silent.pop(writer, None)
            attended.discard(writer)

    async with serve_lines(socket, converse, longest=LONGEST_LINE):
        yield
