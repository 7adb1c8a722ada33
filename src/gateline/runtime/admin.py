"""Envoy's admin interface over its Unix socket: the few questions that the housekeeper asks."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

PATIENCE: Final = 2.0
LOOK_EVERY: Final = 0.02
_ACTIVE: Final = re.compile(rb"downstream_rq_active: (\d+)")
_OWN: Final = (b"http.admin.", b"http.tunnel/")  # what is in a tunnel is in flight at a listener, too


class Admin:
    """Speaks HTTP to one Envoy's admin socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def drain(self) -> None:
        """Take no new connections, and wait until no request is in flight.

        Raises:
            OSError: nobody answers.

        """
        await self.fail_health_check()
        await self.drain_listeners()
        while await self.requests_in_flight():  # noqa: ASYNC110 - Envoy tells nobody
            await asyncio.sleep(LOOK_EVERY)

    async def fail_health_check(self) -> None:
        """Make Envoy say `Connection: close` on what it still answers."""
        await self._ask("POST", "/healthcheck/fail")

    async def drain_listeners(self) -> None:
        """Close the listening sockets; what is in flight goes on."""
        await self._ask("POST", "/drain_listeners")

    async def reopen_logs(self) -> None:
        """Open every access log by its name again, as at SIGUSR1.

        Raises:
            OSError: nobody answers.

        """
        await self._ask("POST", "/reopen_logs")

    async def requests_in_flight(self) -> int:
        """How many client requests are being answered."""
        answer = await self._ask("GET", "/stats?filter=downstream_rq_active$")
        return sum(
            int(found[1])
            for line in answer.splitlines()
            if not line.startswith(_OWN) and (found := _ACTIVE.search(line))
        )

    async def clusters(self, names: str) -> bytes:
        """JSON about the clusters whose names match an RE2 expression: their hosts, health, requests in flight.

        Raises:
            OSError: nobody answers.

        """
        path = f"/clusters?format=json&filter={quote(names)}"
        head, _, body = (await self._ask("GET", path)).partition(b"\r\n\r\n")
        return _joined(body) if b"transfer-encoding: chunked" in head else body

    async def gauges(self, names: str) -> dict[str, int]:
        """The counters and gauges whose names match an RE2 expression.

        Raises:
            OSError: nobody answers.

        """
        answer = await self._ask("GET", f"/stats?filter={quote(names)}")
        pairs = (line.decode("ascii", "replace").strip().rpartition(": ") for line in answer.splitlines())
        return {name: int(value) for name, _, value in pairs if name and value.isdigit()}

    async def _ask(self, verb: str, path: str) -> bytes:
        """The whole answer, head and body.

        Raises:
            OSError: nobody answers (TimeoutError is one).

        """
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(self._socket)
            try:
                writer.write(
                    f"{verb} {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode("ascii")
                )
                return await reader.read()
            finally:
                writer.close()


def _joined(chunks: bytes) -> bytes:
    """The body that came in chunks (RFC 9112 section 7.1); what is broken ends it."""
    found, at = [], 0
    while (line_end := chunks.find(b"\r\n", at)) >= 0 and (size := _size(chunks[at:line_end])):
        found.append(chunks[line_end + 2 : line_end + 2 + size])
        at = line_end + 2 + size + 2
    return b"".join(found)


def _size(text: bytes) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0
