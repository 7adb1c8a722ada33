"""A UDP server that answers each datagram with its name before it: for listeners that hand datagrams on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from harness.line_server import LineServer, line_server


class DatagramServer:
    """Answers at the address that it is bound to. `sources`: whence datagrams came, in their order."""

    def __init__(self, name: str, bound: socket.socket) -> None:
        self.name = name
        self.sources: list[tuple[str, int]] = []
        self._bound = bound

    @property
    def place(self) -> str:
        """Where it is, as the project file says it."""
        return "{}:{}".format(*self._bound.getsockname())

    def serve(self) -> None:
        """Answer until an empty datagram comes."""
        while True:
            data, source = self._bound.recvfrom(65_535)
            if not data:
                return
            self.sources.append(source)
            self._bound.sendto(self.name.encode() + b" " + data, source)


@contextmanager
def datagram_server(name: str, port: int = 0) -> Iterator[DatagramServer]:
    """A server on a thread of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", port))
        server = DatagramServer(name, bound)
        thread = Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", bound.getsockname())
            thread.join()


@contextmanager
def both_servers(name: str) -> Iterator[tuple[DatagramServer, LineServer]]:
    """One that answers datagrams and one that answers lines, at one port: it is well for a check over TCP."""
    with line_server(name) as lines, datagram_server(name, lines.server_address[1]) as datagrams:
        yield datagrams, lines
