r"""A client that sends bytes as they are and says what came back, for tests of what no HTTP library would send.

[answer] = exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
assert answer.status == 200

with RawConnection(port) as connection:      # for several steps on one connection
    connection.send(b"POST / HTTP/1.1\r\n...")
    answer = connection.receive()
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

PATIENCE = 10.0
"""Seconds after which a test fails for want of bytes; no test waits so long when all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response as it came."""

    raw: bytes
    status: int
    headers: tuple[tuple[bytes, bytes], ...]  # names in lower case
    body: bytes

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for each, value in self.headers if each == name]

    def one(self, name: bytes) -> bytes:
        """The value of a header that must be there once."""
        [value] = self.all(name)
        return value


class RawConnection:
    """A TCP connection to 127.0.0.1:port. `receive_buffer`: room for so many unread bytes, for a slow reader."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self._socket.connect(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it, or as much as the other side takes before it hangs up."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def receive_bytes(self) -> bytes:
        """Some bytes; b"" when the other side has hung up."""
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self.closed = self.closed or not data
        return data

    def receive(self, *, to_head: bool = False) -> Answer | None:
        """The next final response; None when the other side hangs up first. 1xx responses are passed over."""
        while True:
            answer = self._receive_one(to_head=to_head)
            if answer is None or answer.status >= 200 or answer.status == 101:
                return answer

    def waiting(self) -> bytes:
        """What has come and was not asked for, without waiting for more."""
        self._socket.setblocking(False)
        try:
            while data := self._socket.recv(1 << 16):
                self._unread += data
            self.closed = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.closed = True
        finally:
            self._socket.settimeout(PATIENCE)
        return self._unread

    def _receive_one(self, *, to_head: bool) -> Answer | None:
        while b"\r\n\r\n" not in self._unread:
            if not self._more():
                return None
        head, _, _ = self._unread.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        status = int(first.split(b" ")[1])
        pairs = (line.partition(b":") for line in lines)
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        if to_head or status < 200 or status in (204, 304):
            size = len(head) + 4
            body = b""
        else:
            size, body = self._body(len(head) + 4, dict(headers))
        raw, self._unread = self._unread[:size], self._unread[size:]
        return Answer(raw=raw, status=status, headers=headers, body=body)

    def _body(self, start: int, headers: dict[bytes, bytes]) -> tuple[int, bytes]:
        if headers.get(b"transfer-encoding") == b"chunked":
            return self._chunks(start)
        end = start + int(headers[b"content-length"]) if b"content-length" in headers else None
        while (end is None or len(self._unread) < end) and self._more():
            pass
        return len(self._unread[:end]), self._unread[start:end]

    def _chunks(self, at: int) -> tuple[int, bytes]:
        body = b""
        while True:
            while b"\r\n" not in self._unread[at:]:
                if not self._more():
                    return len(self._unread), body
            line_end = self._unread.index(b"\r\n", at)
            length = int(self._unread[at:line_end], 16)
            at = line_end + 2
            while len(self._unread) < at + length + 2:
                if not self._more():
                    return len(self._unread), body
            body += self._unread[at : at + length]
            at += length + 2
            if length == 0:
                return at, body

    def _more(self) -> bool:
        data = self.receive_bytes()
        self._unread += data
        return bool(data)


def exchange(port: int, data: bytes, *, responses: int = 1, to_head: bool = False) -> list[Answer]:
    """Send the bytes on a new connection and read so many responses, or fewer when it is closed before."""
    with RawConnection(port) as connection:
        connection.send(data)
        answers: list[Answer] = []
        while len(answers) < responses:
            answer = connection.receive(to_head=to_head)
            if answer is None:
                break
            answers.append(answer)
        return answers
