"""HTTP/1.1 to whoever answers an integration: one request at a time on a connection, which is kept for the next.

Heads are written as they are said, answers read to a bound; nothing is followed, decoded or sent twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import h11

from gateline.integrations.outgoing import BackendAnswer, Refusal, configuration_error

LARGEST_ANSWER: Final = 10_485_760
"""Bytes of a backend's body that API Gateway takes (api-gateway.md section 4)."""

MOST_IDLE: Final = 256
"""Connections of one pool that are kept while nobody uses them."""

_BODILESS_VERBS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_LARGEST_HEAD: Final = 128 * 1024  # Envoy lets 60 kB of headers through, and adds some
_PIECE: Final = 64 * 1024

Grow = Callable[[int], None]
"""Told how many bytes of an answer there are by now; raises when it may not have them."""

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def head(verb: str, target: str, headers: list[tuple[str, str]], body: bytes) -> h11.Request:
    """The head of a request as it is written: UTF-8, and framed by its length unless there is nothing to frame.

    Raises:
        Refusal: something of it would end its place.

    """
    framing = [] if not body and verb in _BODILESS_VERBS else [("Content-Length", str(len(body)))]
    try:
        return h11.Request(
            method=verb,
            target=target.encode(),
            headers=[(name.encode(), value.encode()) for name, value in (*headers, *framing)],
        )
    except h11.LocalProtocolError as error:
        raise configuration_error(f"the request cannot be written: {error}") from None


class Pool:
    """Connections to one place. `kept_seconds`: how long one may be idle; servers end them at some time, too."""

    def __init__(self, open_: Open, *, kept_seconds: float) -> None:
        self._open = open_
        self._kept_seconds = kept_seconds
        self._idle: list[tuple[float, _Connection]] = []

    async def exchange(self, request: h11.Request, body: bytes, grow: Grow) -> BackendAnswer:
        """Send a request and wait for its answer, as long as it takes.

        Raises:
            Refusal: there is none; the client gets this gateway response.

        """
        try:
            return await self._exchanged(request, body, grow)
        except OSError as error:  # of TLS too
            raise Refusal("INTEGRATION_FAILURE", reason=f"no connection: {type(error).__name__}") from None
        except h11.RemoteProtocolError as error:
            raise Refusal("INTEGRATION_FAILURE", reason=f"no HTTP answer: {error}") from None

    def close(self) -> None:
        """Close what is idle."""
        for _, connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _exchanged(self, request: h11.Request, body: bytes, grow: Grow) -> BackendAnswer:
        connection = self._kept() or _Connection(*await self._open())
        try:
            answer = await connection.exchange(request, body, grow)
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < MOST_IDLE and connection.is_ready_again():
            self._idle.append((_now(), connection))
        else:
            connection.close()
        return answer

    def _kept(self) -> _Connection | None:
        oldest = _now() - self._kept_seconds
        while self._idle:
            since, connection = self._idle.pop()  # the warmest
            if since > oldest and connection.is_open:
                return connection
            connection.close()
        return None


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)

    @property
    def is_open(self) -> bool:
        return not (self._reader.at_eof() or self._writer.is_closing())

    def close(self) -> None:
        self._writer.transport.abort()  # whatever is unsent

    def is_ready_again(self) -> bool:
        """Make ready for the next request; false: it cannot be used again."""
        is_sent = (
            self._writer.transport.get_write_buffer_size() == 0
        )  # or the answer came before all was sent
        if not is_sent or self._http.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            return False
        self._http.start_next_cycle()
        return True

    async def exchange(self, request: h11.Request, body: bytes, grow: Grow) -> BackendAnswer:
        # Nobody waits until all is sent: the transport holds the body by reference, and the answer may come early.
        self._writer.write(self._http.send(request) or b"")
        if body:
            for piece in self._http.send_with_data_passthrough(h11.Data(data=body)) or ():
                self._writer.write(piece)
        self._http.send(h11.EndOfMessage())
        answered: h11.Response | None = None
        parts: list[bytes] = []
        size = 0
        while True:
            match self._http.next_event():
                case h11.NEED_DATA:
                    self._http.receive_data(await self._reader.read(_PIECE))
                case h11.Response() as answered:
                    pass
                case h11.Data(data=data):
                    size += len(data)
                    if size > LARGEST_ANSWER:
                        raise configuration_error(f"the answer is longer than {LARGEST_ANSWER} bytes")
                    grow(size)
                    parts.append(bytes(data))
                case h11.EndOfMessage():
                    break
                case h11.PAUSED | h11.ConnectionClosed():  # PAUSED: it would speak something else now
                    raise ConnectionResetError
                case _:
                    pass  # an interim response
        assert answered is not None
        return BackendAnswer(
            status=answered.status_code,
            headers=tuple(answered.headers.raw_items()),
            body=parts[0] if len(parts) == 1 else b"".join(parts),
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
