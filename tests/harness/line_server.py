"""A TCP server that answers each line with what it saw: for listeners that hand connections on."""

from __future__ import annotations

import ipaddress
import socket
import socketserver
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

Announcement = tuple[str, int, str, int] | None
"""The addresses of a PROXY header: the client's, then the listener's; None for the command LOCAL."""

_SIGNATURE: Final = bytes.fromhex("0D0A0D0A000D0A515549540A")
PATIENCE: Final = 10.0
"""Seconds that one step of a conversation may take."""


class LineServer(socketserver.ThreadingTCPServer):
    """Answers a line with its name, the common name of the client's certificate, and the line."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, name: str, context: ssl.SSLContext | None, *, proxied: bool) -> None:
        self.name = name
        self.proxied = proxied
        self.announced: list[Announcement] = []
        self.unannounced = 0  # connections that began with something else than a header
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
            if self.server.proxied and not self._announced(self.server):
                return
            if self.server.context is not None:
                connection = self.server.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    text = f"{self.server.name} {_common_name(connection)} ".encode()
                    stream.write(text + line)
                    stream.flush()

    def _announced(self, server: LineServer) -> bool:
        """Take the PROXY header, version 2, off the connection; False where none came."""
        head = self._exactly(16)
        if not head:
            return False  # hung up at once, as a TCP health check does
        if head[:12] != _SIGNATURE or head[12] not in {0x20, 0x21}:
            server.unannounced += 1
            return False
        told = self._exactly(struct.unpack("!H", head[14:])[0])
        if head[12] == 0x20:
            server.announced.append(None)
            return True
        assert head[13] == 0x11, "TCP over IPv4"
        source, destination, source_port, port = struct.unpack("!4s4sHH", told[:12])
        addresses = (str(ipaddress.ip_address(each)) for each in (source, destination))
        server.announced.append((next(addresses), source_port, next(addresses), port))
        return True

    def _exactly(self, size: int) -> bytes:
        """So many bytes and not one more: what follows may be TLS."""
        return bytes(self.request.recv(size, socket.MSG_WAITALL))


def _common_name(connection: object) -> str:
    if not isinstance(connection, ssl.SSLSocket):
        return "plain"
    shown = connection.getpeercert(binary_form=True)
    if shown is None:
        return "nobody"
    [name] = x509.load_der_x509_certificate(shown).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


@contextmanager
def line_server(
    name: str, context: ssl.SSLContext | None = None, *, proxied: bool = False
) -> Iterator[LineServer]:
    """A server on a thread of its own; with a context it speaks TLS; `proxied`: a PROXY header comes first."""
    with LineServer(name, context, proxied=proxied) as server:
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
