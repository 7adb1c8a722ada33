"""One gateway for the tests of limits and of compression."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from end_to_end.conftest import Served
from harness.gateway_process import running_gateway
from harness.recording_backend import RecordingBackend

PROJECT: Final = Path(__file__).parent / "project"


@pytest.fixture(scope="session")
def shared_limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway, a backend, and a server that never answers."""
    with RecordingBackend() as backend, socket.create_server(("127.0.0.1", 0)) as silent:
        environ = {
            "BACKEND": f"127.0.0.1:{backend.port}",
            "SILENT": f"127.0.0.1:{silent.getsockname()[1]}",
        }
        with running_gateway(PROJECT, tmp_path_factory.mktemp("limits"), environ) as gateway:
            yield Served(gateway.port, backend)


@pytest.fixture
def limited(shared_limited: Served) -> Served:
    """The gateway, its backend having seen nothing."""
    shared_limited.backend.clear()
    return shared_limited
