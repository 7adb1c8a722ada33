"""One gateway for all recorded cases."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from end_to_end.recorded.definition import write_project
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend

KEY: Final = "a-key-of-twenty-letters-or-more"
FUNCTION: Final = Path(__file__).parent / "function"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The gateway with its backend."""

    port: int
    backend: RecordingBackend

    def send(self, api: str, request: str, lines: tuple[str, ...], body: bytes | None) -> Answer:
        """Send a request; its answer."""
        verb, _, target = request.partition(" ")
        head = [f"{verb} {target} HTTP/1.1", f"Host: {api}.localhost", *lines]
        if body is not None:
            head.append(f"Content-Length: {len(body)}")
        data = "\r\n".join(head).encode() + b"\r\n\r\n" + (body or b"")
        (answer,) = exchange(self.port, data, to_head=verb == "HEAD")
        return answer


@pytest.fixture(scope="session")
def shared_recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """The gateway, a backend, a server that never answers, and a port where nobody listens."""
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
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
        environ |= {"KEY": KEY, "FUNCTION": str(FUNCTION)}
        with running_gateway(folder, tmp_path_factory.mktemp("recorded"), environ) as gateway:
            yield Recorded(gateway.port, backend)


@pytest.fixture
def recorded(shared_recorded: Recorded) -> Recorded:
    """The gateway; the backend has seen nothing."""
    shared_recorded.backend.clear()
    return shared_recorded
