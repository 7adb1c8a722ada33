"""One gateway whose integrations lead to balancers, with a backend for each target group."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import Received, RecordingBackend

PROJECT: Final = Path(__file__).parent / "project"
PROOF: Final = "the-proof-of-the-gateway"


@dataclass(frozen=True, slots=True)
class Balanced:
    """The gateway, and the backends behind its target groups."""

    gateway: RunningGateway
    backends: dict[str, RecordingBackend]

    def send(self, path: bytes, *lines: bytes, verb: bytes = b"GET") -> Answer:
        """Send one request to stage prod; its answer."""
        head = [verb + b" /prod" + path + b" HTTP/1.1", b"Host: localhost", *lines]
        answers = exchange(self.gateway.port, b"\r\n".join(head) + b"\r\n\r\n", to_head=verb == b"HEAD")
        assert answers, "hung up without an answer"
        return answers[0]

    def raw(self, data: bytes) -> list[Answer]:
        """Send these bytes; the answers."""
        return exchange(self.gateway.port, data)

    def listening(self) -> set[int]:
        """The TCP ports at which Envoy listens."""
        listed = _admin(self.gateway.admin_socket, "/listeners")
        return {int(port) for port in re.findall(rb"::[0-9.]+:([0-9]+)", listed)}

    def seen(self) -> list[tuple[str, Received]]:
        """What the backends have got since the last test, without health checks."""
        return [
            (name, request)
            for name, backend in self.backends.items()
            for request in backend.received()
            if not request.all(b"user-agent")[0].startswith(b"ELB-HealthChecker")
        ]

    def reaches(self, path: bytes, *lines: bytes, verb: bytes = b"GET") -> tuple[str, Received]:
        """Send a request that a backend must get; the target group and what came there."""
        answer = self.send(path, *lines, verb=verb)
        assert answer.status == 200, answer.raw
        [found] = self.seen()
        assert not found[1].faults
        return found


def _admin(path: Path, target: str) -> bytes:
    """What Envoy's admin interface answers."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.fixture(scope="session")
def shared_balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    """The gateway with its backends, for all tests."""
    with RecordingBackend() as blue, RecordingBackend() as green, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        environ = {
            "BLUE": f"127.0.0.1:{blue.port}",
            "GREEN": f"127.0.0.1:{green.port}",
            "CLOSED": f"127.0.0.1:{closed.getsockname()[1]}",
            "PROOF": PROOF,
            "OTHER": "another-secret",
        }
        with running_gateway(PROJECT, tmp_path_factory.mktemp("balanced"), environ) as gateway:
            yield Balanced(gateway, {"blue": blue, "green": green})


@pytest.fixture
def balanced(shared_balanced: Balanced) -> Balanced:
    """The gateway, its backends having seen nothing."""
    for backend in shared_balanced.backends.values():
        backend.clear()
    return shared_balanced
