"""A TCP server that answers each line with what it saw: for listeners that hand connections on."""

from __future__ import annotations

import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

PATIENCE: Final = 10.0
"""Seconds that one step of a conversation may take."""


class LineServer(socketserver.ThreadingTCPServer):
    """Answers a line with its name, the common name of the client's certificate, and the line."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, name: str, context: ssl.SSLContext | None) -> None:
        self.name = name
        self.context = context
        super().__init__(("127.0.0.1", 0), _Conversation)

    @property
    def place(self) -> str:
        """Where it listens, as the project file says it."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, LineServer)
        self.request.settimeout(PATIENCE)
        with suppress(OSError):  # health checks hang up; who has no certificate is refused
            connection = self.request
            if self.server.context is not None:
                connection = self.server.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    text = f"{self.server.name} {_common_name(connection)} ".encode()
                    stream.write(text + line)
                    stream.flush()


def _common_name(connection: object) -> str:
    if not isinstance(connection, ssl.SSLSocket):
        return "plain"
    shown = connection.getpeercert(binary_form=True)
    if shown is None:
        return "nobody"
    [name] = x509.load_der_x509_certificate(shown).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


@contextmanager
def line_server(name: str, context: ssl.SSLContext | None = None) -> Iterator[LineServer]:
    """A server on a thread of its own; with a context it speaks TLS."""
    with LineServer(name, context) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def server_context(certificate: Path, private_key: Path, clients: Path | None = None) -> ssl.SSLContext:
    """TLS with this certificate; with `clients` a client may show one that is among them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private_key)
    if clients is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(clients)
    return context
