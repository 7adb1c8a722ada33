"""One gateway, as `gateline up` runs it, for the many requests of test_routing.py and test_responses.py."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import Received, RecordingBackend

PROJECT: Final = Path(__file__).parent / "project"


@dataclass(frozen=True, slots=True)
class Served:
    """The gateway with its recording backend."""

    port: int
    backend: RecordingBackend

    def send(
        self,
        verb: bytes,
        path: bytes,
        *lines: bytes,
        host: bytes = b"localhost",
        body: bytes | None = None,
    ) -> Answer:
        """Send one request with these header lines; its answer."""
        head = [verb + b" " + path + b" HTTP/1.1", b"Host: " + host, *lines]
        if body is not None:
            head.append(b"Content-Length: %d" % len(body))
        data = b"\r\n".join(head) + b"\r\n\r\n" + (body or b"")
        answers = exchange(self.port, data, to_head=verb == b"HEAD")
        assert answers, "hung up without an answer"
        return answers[0]

    def reaches(
        self, verb: bytes, path: bytes, *lines: bytes, host: bytes = b"localhost", body: bytes | None = None
    ) -> Received:
        """Send a request that must be served; what the backend got, one canonical request."""
        answer = self.send(verb, path, *lines, host=host, body=body)
        assert answer.status == 200, answer.raw
        [received] = self.backend.received()
        assert not received.faults
        return received


@pytest.fixture(scope="session")
def shared_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway, a backend, a server that never answers, and a port where nobody listens."""
    with (
        RecordingBackend() as backend,
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.socket() as closed,
    ):
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        ports = {
            "BACKEND": backend.port,
            "SILENT": silent.getsockname()[1],
            "CLOSED": closed.getsockname()[1],
        }
        environ = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        with running_gateway(PROJECT, tmp_path_factory.mktemp("e2e"), environ) as gateway:
            yield Served(gateway.port, backend)


@pytest.fixture
def served(shared_served: Served) -> Served:
    """The gateway, its backend having seen nothing."""
    shared_served.backend.clear()
    return shared_served
