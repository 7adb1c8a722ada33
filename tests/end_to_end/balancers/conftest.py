"""What tests of balancers share: application balancers with attributes, each its own, all before the same target."""

from __future__ import annotations

import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import Received, RecordingBackend

PROJECT: Final = Path(__file__).parent / "attributes"
LISTENERS: Final = ("PLAIN", "STRICT", "PORTED", "SIX", "SECURE", "PRESERVING")


@dataclass(frozen=True, slots=True)
class Attributed:
    """The balancers' ports by name, and their target."""

    ports: dict[str, int]
    target: RecordingBackend

    def ask(self, balancer: str, *lines: bytes, target: bytes = b"/x", verb: bytes = b"GET") -> Answer:
        """Send one request with these header lines; its answer."""
        head = b"\r\n".join([verb + b" " + target + b" HTTP/1.1", b"Host: shop.test:80", *lines])
        [answer] = exchange(self.ports[balancer], head + b"\r\n\r\n")
        return answer

    def told(self, balancer: str, *lines: bytes) -> Received:
        """What the target gets of a request with these header lines."""
        assert self.ask(balancer, *lines).status == 200
        return self.last()

    def last(self) -> Received:
        """What the target got last of a client."""
        return [each for each in self.target.received() if each.target != b"/healthz"][-1]


class Greeting(socketserver.BaseRequestHandler):
    """Says something that is neither TLS nor HTTP, and hangs up."""

    def handle(self) -> None:
        self.request.sendall(b"220 welcome\r\n")


@contextmanager
def greeting_server() -> Iterator[int]:
    """The port of a server that greets."""
    with socketserver.TCPServer(("127.0.0.1", 0), Greeting) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture(scope="package")
def shared_attributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attributed]:
    ports = {name: free_port() for name in LISTENERS}
    with (
        RecordingBackend() as target,
        socket.socket() as closed,
        socket.create_server(("127.0.0.1", 0)) as silent,
        greeting_server() as greeting,
    ):
        closed.bind(("127.0.0.1", 0))  # bound and not listening
        environ = {
            **{name: str(port) for name, port in ports.items()},
            "ONE": f"127.0.0.1:{target.port}",
            "CLOSED": f"127.0.0.1:{closed.getsockname()[1]}",
            "GREETING": f"127.0.0.1:{greeting}",
            "SILENT": f"127.0.0.1:{silent.getsockname()[1]}",
        }
        with running_gateway(PROJECT, tmp_path_factory.mktemp("attributed"), environ):
            yield Attributed(ports, target)


@pytest.fixture
def attributed(shared_attributed: Attributed) -> Attributed:
    """The balancers, their target having seen nothing and answering as it does by itself."""
    shared_attributed.target.clear()
    return shared_attributed


def get(*lines: bytes, target: bytes = b"/x", verb: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    head = b"\r\n".join([verb + b" " + target + b" " + version, b"Host: shop.test", *lines])
    return head + b"\r\n\r\n"
