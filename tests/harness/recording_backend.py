r"""A backend that records the exact bytes that reach it, for tests that ask what a gateway really sends.

    with RecordingBackend() as backend:
        backend.answers[b"/teapot"] = b"HTTP/1.1 418 Short\r\nContent-Length: 0\r\n\r\n"
        ... send something through the gateway to 127.0.0.1:backend.port ...
        [request] = backend.received()
        assert request.target == b"/teapot"

It is one thread. In each turn it reads all that is readable before it answers anybody: when the answer to a
request has come back, whatever was sent before that request is recorded too. It reads HTTP/1.1 as a pedant:
each form that two servers could read in two ways is a fault of the request.
"""

from __future__ import annotations

import re
import selectors
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

OK: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"

_REQUEST_LINE: Final = re.compile(rb"([A-Z]+) (/[!-~\x80-\xff]*) HTTP/1\.1")
_HEADER_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_CHUNK_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came. `raw` are its bytes; `faults` say in which ways it is not canonical HTTP/1.1."""

    raw: bytes
    verb: bytes = b""
    target: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()  # names in lower case, in order
    body: bytes = b""
    trailers: bytes = b""
    faults: tuple[str, ...] = ()

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for each, value in self.headers if each == name]

    @property
    def names(self) -> frozenset[bytes]:
        """The names of the headers."""
        return frozenset(name for name, _ in self.headers)


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    unread: bytes = b""
    forgotten: bool = False  # what is left of a request that came before `clear` is nobody's


class RecordingBackend:
    """Listens on a free port of 127.0.0.1 while it is entered. `answers`: raw answers by path, b"" hangs up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.answers: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._connections: dict[socket.socket, _Connection] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="recording backend", daemon=True)

    def __enter__(self) -> Self:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.close()
        self._thread.join()
        for each in (self._listener, self._woken, *self._connections):
            each.close()
        self._selector.close()

    def clear(self) -> None:
        """Forget what was received, and the answers that were set."""
        self.answers.clear()
        with self._lock:
            self._received.clear()
            for connection in self._connections.values():
                connection.forgotten = bool(connection.unread)

    def received(self) -> list[Received]:
        """All requests since `clear` in the order of arrival, and then bytes that are no whole request yet."""
        with self._lock:
            incomplete = [
                Received(raw=each.unread, faults=("incomplete",))
                for each in self._connections.values()
                if each.unread and not each.forgotten
            ]
            return [*self._received, *incomplete]

    def _serve(self) -> None:
        while True:
            ready = [key for key, _ in self._selector.select()]
            if any(key.fileobj is self._woken for key in ready):
                return
            complete = []
            for key in ready:
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    complete += self._read(key.data)
            for connection, request in complete:
                self._answer(connection, request)

    def _accept(self) -> None:
        accepted, _ = self._listener.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(accepted)
        with self._lock:
            self._connections[accepted] = connection
        self._selector.register(accepted, selectors.EVENT_READ, connection)

    def _read(self, connection: _Connection) -> list[tuple[_Connection, Received]]:
        try:
            data = connection.socket.recv(1 << 18)
        except ConnectionError:
            data = b""
        complete = []
        with self._lock:
            connection.unread += data
            while (request := take_request(connection.unread)) is not None:
                connection.unread = connection.unread[len(request.raw) :]
                complete.append((connection, request))
            if not data and connection.unread:
                complete.append((connection, Received(raw=connection.unread, faults=("cut off",))))
            if not connection.forgotten:
                self._received += [request for _, request in complete]
        if not data:
            self._hang_up(connection)
        return complete

    def _answer(self, connection: _Connection, request: Received) -> None:
        answer = self.answers.get(request.target.partition(b"?")[0], OK)
        if request.verb == b"HEAD":
            answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        try:
            connection.socket.sendall(answer)
        except OSError:
            answer = b""
        if not answer or request.faults:
            self._hang_up(connection)

    def _hang_up(self, connection: _Connection) -> None:
        with self._lock:
            if self._connections.pop(connection.socket, None) is None:
                return
        self._selector.unregister(connection.socket)
        connection.socket.close()


def take_request(data: bytes) -> Received | None:
    """The first request in the bytes; None while it is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = data[:end].split(b"\r\n")
    faults = []
    request_line = _REQUEST_LINE.fullmatch(first)
    if request_line is None:
        faults.append("request line")
    headers = []
    for line in lines:
        header = _HEADER_LINE.fullmatch(line)
        if header is None:
            faults.append(f"header line {line!r}")
        else:
            headers.append((header[1].lower(), header[2]))
    framing = _body(data, end + 4, headers)
    if framing is None:
        return None
    body, trailers, after, problem = framing
    if problem:
        faults.append(problem)
    if sum(name == b"host" for name, _ in headers) != 1:
        faults.append("not one Host")
    return Received(
        raw=data[:after],
        verb=request_line[1] if request_line else b"",
        target=request_line[2] if request_line else b"",
        headers=tuple(headers),
        body=body,
        trailers=trailers,
        faults=tuple(faults),
    )


def _body(
    data: bytes, start: int, headers: list[tuple[bytes, bytes]]
) -> tuple[bytes, bytes, int, str] | None:
    """Body, trailers, where the message ends, and what is wrong with its framing; None while incomplete."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if codings:
        problem = "framing" if lengths or codings != [b"chunked"] else ""
        return _chunked(data, start, problem)
    if not lengths:
        return b"", b"", start, ""
    if len(lengths) != 1 or not lengths[0].isdigit():
        return b"", b"", start, "framing"
    end = start + int(lengths[0])
    return None if len(data) < end else (data[start:end], b"", end, "")


def _chunked(data: bytes, at: int, problem: str) -> tuple[bytes, bytes, int, str] | None:
    body = b""
    while True:
        size = _CHUNK_SIZE.match(data, at)
        if size is None:
            return None if b"\r\n" not in data[at:] else (body, b"", len(data), "chunk size")
        at = size.end()
        length = int(size[1], 16)
        if length == 0:
            end = at if data.startswith(b"\r\n", at) else data.find(b"\r\n\r\n", at)
            if end < 0 or len(data) < at + 2:
                return None
            after = end + (2 if end == at else 4)
            return body, data[at:end], after, problem
        if len(data) < at + length + 2:
            return None
        body += data[at : at + length]
        if data[at + length : at + length + 2] != b"\r\n":
            problem = "chunk end"
        at += length + 2
