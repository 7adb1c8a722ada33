"""One gateway with services behind the guard, in FastAPI, Flask and Node, for all tests of this folder."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

import gateline_guard
from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend

PROJECT: Final = Path(__file__).parent / "project"
GUARD: Final = Path(gateline_guard.__file__).parents[2]
NODE: Final = shutil.which("node")
ANN: Final = b"Authorization: good ann"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """The gateway that runs, and the backend of the public integration."""

    gateway: RunningGateway
    public: RecordingBackend

    def send(self, verb: bytes, path: str, *lines: bytes, body: bytes = b"") -> Answer:
        """Send one request with these header lines; its answer."""
        return sent(self.gateway.port, verb, path, *lines, body=body)

    def told(self, verb: bytes, path: str, *lines: bytes, body: bytes = b"") -> dict[str, Any]:
        """What the service says of a request that it let in."""
        answer = self.send(verb, path, *lines, body=body)
        assert answer.status == 200, answer.raw
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def visits(self) -> int:
        """How often the host was asked anything so far."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(10)
            admin.connect(str(self.gateway.admin_socket))
            admin.sendall(
                b"GET /stats?filter=%5Ecluster.host HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n"
            )
            text = b"".join(iter(lambda: admin.recv(65536), b"")).decode()
        found = re.findall(r"^cluster\.host[^:]*?\.upstream_rq_total: (\d+)$", text, re.MULTILINE)
        assert found, text
        return sum(map(int, found))


def sent(port: int, verb: bytes, path: str, *lines: bytes, body: bytes = b"") -> Answer:
    """The answer of whoever listens there."""
    head = [verb + b" " + path.encode() + b" HTTP/1.1", b"Host: localhost", *lines]
    head.append(b"Content-Length: %d" % len(body))
    answers = exchange(port, b"\r\n".join(head) + b"\r\n\r\n" + body)
    assert answers, "hung up without an answer"
    return answers[0]


@contextmanager
def guarded_services(scratch: Path, *, rotate: int = 604800) -> Iterator[Guarded]:
    """Run the project; keys that sign change every `rotate` seconds."""
    with RecordingBackend() as public:
        environ = {
            "ROTATE": str(rotate),
            "PUBLIC": f"127.0.0.1:{public.port}",
            "PACKAGES": str(GUARD / "src"),
            "VERIFY": str(GUARD / "examples" / "node" / "verify.mjs"),
        }
        if NODE is not None:
            environ |= {"NODE": NODE, "NODE_SERVICE": "node_service.mjs"}
        with running_gateway(PROJECT, scratch, environ) as gateway:
            yield Guarded(gateway=gateway, public=public)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The gateway with its services."""
    with guarded_services(tmp_path_factory.mktemp("assertions")) as running:
        yield running
