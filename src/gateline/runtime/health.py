"""What `gateline serve` tells probes: /livez while the process works, /readyz while requests should come.

A server of its own, on an address of its own, for any Host: whoever asks learns one word and a reason, and
nothing of the gateway can be reached from here. One request a connection, and all of it bounded, so that the
network that probes come from can neither hold nor fill this process. Nor can it take the places of probes: where
there is none left, who has waited longest without having asked goes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

from gateline.model.gateway import AdminAddress, Edge
from gateline.runtime.listening import listener

LONGEST_HEAD: Final = 8192
"""Bytes of a request's line and headers."""
MOST_CONNECTIONS: Final = 256
AT_ONCE: Final = 32
"""Connections taken in one turn of the loop: far fewer than there are places, so that a head that was sent is read."""
PATIENCE: Final = 5.0
"""Seconds for a whole exchange."""
HEAD_PATIENCE: Final = 1.0
"""Seconds for a request's head."""

_END_OF_HEAD: Final = b"\r\n\r\n"


class Health:
    """What is told, and the server that tells it. Unready until `ready` is called, and from `stopping` on."""

    def __init__(self) -> None:
        self.url = ""
        self.reason = "starting"
        self._stopping = False
        self._connections: set[asyncio.Task[None]] = set()
        self._silent: dict[asyncio.StreamWriter, None] = {}  # whose heads have not come, the oldest first

    def ready(self) -> None:
        """Requests are served from now on."""
        if not self._stopping:
            self.reason = ""

    def unready(self, reason: str) -> None:
        """Requests are not served now, for this reason."""
        if not self._stopping:
            self.reason = reason

    def stopping(self) -> None:
        """Requests should go elsewhere, from now to the end."""
        self.reason = "stopping"
        self._stopping = True

    @asynccontextmanager
    async def serving(self, edge: Edge) -> AsyncIterator[None]:
        """Answer probes at the gateway's admin address.

        Raises:
            AddressInUse: somebody else listens there.
            GatelineError: this process may not listen there.

        """
        where = edge.admin or AdminAddress(origin=edge.origin)
        opened = listener(where.address, where.port, another="gateway.admin.port")
        host = f"[{where.address}]" if ":" in where.address else where.address
        self.url = f"http://{host}:{opened.getsockname()[1]}"
        server = await asyncio.start_server(self._accept, sock=opened, limit=LONGEST_HEAD, backlog=AT_ONCE)
        try:
            yield
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._silent[writer] = None
        if len(self._connections) >= MOST_CONNECTIONS:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            oldest.transport.abort()
            if oldest is writer:
                return
        task = asyncio.create_task(self._exchange(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(PATIENCE):
                    writer.write(await self._answer(reader, writer))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        finally:
            self._silent.pop(writer, None)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        try:
            async with asyncio.timeout(HEAD_PATIENCE):
                head = await reader.readuntil(_END_OF_HEAD)
            self._silent.pop(writer, None)
        except asyncio.LimitOverrunError:
            return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too large")
        match head.partition(b"\r\n")[0].split(b" "):
            case [b"GET" | b"HEAD" as verb, target, b"HTTP/1.1" | b"HTTP/1.0"]:
                status, told, reason = self._about(target.partition(b"?")[0])
                return _response(status, told, reason, with_body=verb == b"GET")
            case [_, _, b"HTTP/1.1" | b"HTTP/1.0"]:
                return _response(HTTPStatus.METHOD_NOT_ALLOWED, "not allowed")
            case _:
                return _response(HTTPStatus.BAD_REQUEST, "malformed")

    def _about(self, path: bytes) -> tuple[HTTPStatus, str, str]:
        match path:
            case b"/livez":
                return HTTPStatus.OK, "live", ""
            case b"/readyz" if self.reason:
                return HTTPStatus.SERVICE_UNAVAILABLE, "not ready", self.reason
            case b"/readyz":
                return HTTPStatus.OK, "ready", ""
            case _:
                return HTTPStatus.NOT_FOUND, "not found", ""


def _response(status: HTTPStatus, told: str, reason: str = "", *, with_body: bool = True) -> bytes:
    body = json.dumps({"status": told, **({"reason": reason} if reason else {})}).encode() + b"\n"
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *(["Allow: GET, HEAD"] if status is HTTPStatus.METHOD_NOT_ALLOWED else []),
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + (body if with_body else b"")
