"""A server that speaks first, and neither TLS nor HTTP."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


class Greeting(socketserver.BaseRequestHandler):
    """Says something, and hangs up."""

    def handle(self) -> None:
        """Greet."""
        self.request.sendall(b"220 welcome\r\n")


@contextmanager
def greeting_server() -> Iterator[int]:
    """The port of a server that greets."""
    with socketserver.TCPServer(("127.0.0.1", 0), Greeting) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()
