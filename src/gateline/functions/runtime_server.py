"""Carries a worker's Runtime API over HTTP/1.1: a loopback port of its own, and only for its own processes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import h11

from gateline.functions.pool import LARGEST_PAYLOAD
from gateline.functions.runtime_api import Asked, Told

LOOPBACK: Final = "127.0.0.1"  # runtime clients take host:port, and not all of them brackets
MOST_CONNECTIONS: Final = 8  # of one worker at a time: clients use one or two, and each may hold some MB
_LONGEST_HEAD: Final = 2 * 1024 * 1024  # clients send an X-Ray cause of up to 1 MiB as a header
_CHUNK: Final = 64 * 1024

Admit = Callable[[int, int], Awaitable[bool]]
"""Whether a connection from this port (first) to ours (second) may speak."""


class RuntimeServer:
    """A worker's port. `answer` says what each request gets; `admit` who may send any."""

    def __init__(self, answer: Callable[[Asked], Awaitable[Told]], admit: Admit) -> None:
        self._answer = answer
        self._admit = admit
        self._socket = socket.create_server((LOOPBACK, 0))  # from here on connections wait until `open`
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API says: `127.0.0.1:port`."""
        return f"{LOOPBACK}:{self._socket.getsockname()[1]}"

    async def open(self) -> None:
        """Begin to answer."""
        self._server = await asyncio.start_server(self._accept, sock=self._socket)

    def abandon(self) -> None:
        """Give the port back, before `open`."""
        self._socket.close()

    async def close(self) -> None:
        """Stop listening, and end what connections there are."""
        if self._server is not None:
            self._server.close()
        self._socket.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            peer, own = writer.get_extra_info("peername")[1], writer.get_extra_info("sockname")[1]
            if len(self._connections) <= MOST_CONNECTIONS and await self._admit(peer, own):
                await _Connection(reader, writer, self._answer).serve()
        except OSError:
            pass  # the worker went away; its process is watched elsewhere
        except asyncio.CancelledError:
            pass  # only `close` cancels, and asyncio would log it
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class _Connection:
    """One connection: requests one after the other."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Callable[[Asked], Awaitable[Told]],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)

    async def serve(self) -> None:
        """Answer until the worker closes, or says what is no HTTP."""
        try:
            while (asked := await self._read()) is not None:
                await self._tell(await self._answer(asked))
                if self._http.our_state is h11.MUST_CLOSE:
                    return
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as problem:
            if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await self._tell(Told(problem.error_status_hint, b'{"errorType":"TruncatedHTTPRequest"}'))

    async def _read(self) -> Asked | None:
        request: h11.Request | None = None
        parts: list[bytes] = []
        length = 0
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                length += len(event.data)
                if length <= LARGEST_PAYLOAD:
                    parts.append(bytes(event.data))
                else:
                    parts.clear()
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                return Asked(
                    method=request.method.decode(),
                    path=request.target.decode("latin-1"),
                    headers=_text(request.headers),
                    body=b"".join(parts) if length <= LARGEST_PAYLOAD else None,
                    trailers=_text(event.headers),
                )
            else:  # closed
                return None

    async def _next_event(self) -> h11.Event | None:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event if isinstance(event, h11.Event) else None
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(_CHUNK))

    async def _tell(self, told: Told) -> None:
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(told.body))),
            *told.headers,
        ]
        await self._send(
            h11.Response(status_code=told.status, headers=headers),
            h11.Data(data=told.body),
            h11.EndOfMessage(),
        )

    async def _send(self, *events: h11.Event) -> None:
        # In one piece: two small ones would wait for each other's acknowledgement (Nagle), 40 ms a request.
        self._writer.write(b"".join(self._http.send(event) or b"" for event in events))
        await self._writer.drain()


def _text(headers: h11._headers.Headers | list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
