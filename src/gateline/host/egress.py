"""The way to the backends of `http` integrations: through Envoy's egress listener, on a Unix socket.

The host says a request whole; Envoy adds secrets, picks the cluster and connects (compile/egress.py). Whatever Envoy
answers by itself carries its flags, and becomes the refusal that compile/local_reply.py would have given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import h11

from gateline.dataplane import keys
from gateline.integrations.outgoing import BackendAnswer, HttpRequest, Refusal, configuration_error

LARGEST_ANSWER: Final = 10_485_760
"""Bytes of a backend's body that API Gateway takes (api-gateway.md section 4)."""

GRACE_SECONDS: Final = 1.0
"""How much longer than Envoy's own limit the host waits; it is Envoy that ends what takes too long."""

MOST_IDLE: Final = 256
"""Connections to Envoy that are kept while nobody uses them."""

_LARGEST_HEAD: Final = 128 * 1024  # Envoy lets 60 kB of headers through, and adds some
_PIECE: Final = 64 * 1024
_TIMEOUTS: Final = frozenset({"UT", "SI", "UMSDR"})
_NO_ENDPOINT: Final = frozenset({"UH", "NC", "UO", "NR"})

Grow = Callable[[int], None]
"""Told how many bytes of an answer there are by now; raises when it may not have them."""


class Egress:
    """Envoy's egress listener: a pool of connections to it.

    `socket` need not exist yet: Envoy makes it when a configuration first needs it.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._idle: list[_Connection] = []

    async def send(
        self, request: HttpRequest, *, scope: str, route: str, seconds: float, grow: Grow
    ) -> BackendAnswer:
        """Send a request to its backend, and wait for the answer.

        Args:
            request: the request; its headers are sent as they are.
            scope: of the stage at the egress listener.
            route: of the method there.
            seconds: the integration's timeout.
            grow: told the size of the answer's body as it comes.

        Raises:
            Refusal: there is no answer of a backend's; the client gets this gateway response.

        """
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS):
                answer = await self._exchanged(request, scope, route, grow)
        except TimeoutError:
            raise Refusal("INTEGRATION_TIMEOUT", reason=f"no answer within {seconds:g} seconds") from None
        except OSError:  # Envoy is away, or was ended under this request
            raise Refusal("INTEGRATION_FAILURE", reason="the connection to Envoy broke off") from None
        except h11.LocalProtocolError as error:
            raise configuration_error(f"the request cannot be written: {error}") from None
        except h11.RemoteProtocolError as error:
            raise Refusal("INTEGRATION_FAILURE", reason=f"no HTTP answer: {error}") from None
        _refuse_failure(answer)
        return answer

    def close(self) -> None:
        """Close what is idle."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _exchanged(self, request: HttpRequest, scope: str, route: str, grow: Grow) -> BackendAnswer:
        head = _head(request, scope, route)
        connection = await self._connection()
        try:
            answer = await connection.exchange(head, request.body, grow)
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < MOST_IDLE and connection.is_ready_again():
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    async def _connection(self) -> _Connection:
        while self._idle:
            kept = self._idle.pop()  # the warmest; Envoy may have closed it meanwhile
            if kept.is_open:
                return kept
            kept.close()
        return _Connection(*await asyncio.open_unix_connection(self._socket))


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

    async def exchange(self, head: h11.Request, body: bytes, grow: Grow) -> BackendAnswer:
        # Nobody waits until all is sent: the transport holds the body by reference, and a backend may answer early.
        self._writer.write(self._http.send(head) or b"")
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


def _head(request: HttpRequest, scope: str, route: str) -> h11.Request:
    """The head as it is written: UTF-8, and framed by its length unless there is nothing to frame."""
    headers = [("Host", request.authority), (keys.SCOPE_HEADER, scope), (keys.EGRESS_HEADER, route)]
    headers += request.headers
    if request.body or request.verb not in {"GET", "HEAD", "DELETE", "OPTIONS"}:
        headers.append(("Content-Length", str(len(request.body))))
    return h11.Request(
        method=request.verb,
        target=request.target.encode(),
        headers=[(name.encode(), value.encode()) for name, value in headers],
    )


def _refuse_failure(answer: BackendAnswer) -> None:
    """No backend answers with this header: Envoy takes it away."""
    flags = [value.decode() for name, value in answer.headers if name.lower() == keys.FAILURE_HEADER.encode()]
    if not flags:
        return
    named = set(flags[0].split(","))
    if named & _TIMEOUTS:
        raise Refusal("INTEGRATION_TIMEOUT", reason=f"no answer in time ({flags[0]})")
    if named & _NO_ENDPOINT:
        raise configuration_error(f"there is no endpoint ({flags[0]})")
    raise Refusal("INTEGRATION_FAILURE", reason=f"the endpoint cannot be reached ({flags[0]})")
