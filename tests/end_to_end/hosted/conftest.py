"""A gateway whose integrations the host performs, with a backend, functions, and what stands in for Amazon."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from harness.fake_aws import fake_aws
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend

PROJECT: Final = Path(__file__).parent / "project"


@dataclass(frozen=True, slots=True)
class Hosted:
    """The gateway with its recording backend."""

    port: int
    backend: RecordingBackend
    egress: Path  # the socket by which the host reaches backends

    def send(self, verb: bytes, path: bytes, body: bytes = b"", *lines: bytes) -> Answer:
        """Send one request; its answer."""
        head = [verb + b" /prod" + path + b" HTTP/1.1", b"Host: localhost", *lines]
        head.append(b"Content-Length: %d" % len(body))
        (answer,) = exchange(self.port, b"\r\n".join(head) + b"\r\n\r\n" + body, to_head=verb == b"HEAD")
        return answer


@pytest.fixture(scope="session")
def shared_hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """The gateway, a backend, a server that never answers, and a port where nobody listens."""
    with (
        RecordingBackend() as backend,
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.socket() as closed,
        fake_aws() as aws,
    ):
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        ports = {
            "BACKEND": backend.port,
            "SILENT": silent.getsockname()[1],
            "CLOSED": closed.getsockname()[1],
        }
        environ = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        environ |= {"AWS": aws, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        with running_gateway(PROJECT, tmp_path_factory.mktemp("hosted"), environ) as gateway:
            yield Hosted(gateway.port, backend, gateway.state / "sockets" / "egress.sock")


@pytest.fixture
def hosted(shared_hosted: Hosted) -> Hosted:
    """The gateway, its backend having seen nothing."""
    shared_hosted.backend.clear()
    return shared_hosted
