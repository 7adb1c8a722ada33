"""A balancer of the internet in the gateway's place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attacks.front import GW_SECRET, Front, request
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import exchange
from harness.recording_backend import Received, RecordingBackend

PUBLIC_PROJECT: Final = Path(__file__).parent / "balancer"


@dataclass(frozen=True, slots=True)
class PublicFront(Front):
    """The balancer in place of the gateway."""

    public_port: int

    @property
    def port(self) -> int:
        """Where the balancer's clients come in."""
        return self.public_port

    def seen(self) -> list[Received]:
        """What the backend has seen of clients, after all that was sent before has been dealt with."""
        [answer] = exchange(self.port, request(b"/sentinel"))
        assert answer.status == 200
        received = self.backend.received()
        assert b"/sentinel" in [each.target for each in received]
        return [each for each in received if each.target not in {b"/sentinel", b"/healthz"}]

    def closes(self, data: bytes, body: bytes) -> None:
        """Send bytes that must be answered by the rule with that body, and reach nobody."""
        answer = self.send(data)
        assert (answer.status, answer.body) == (403, body), answer.raw
        assert self.seen() == []


@contextmanager
def public_front(backend: RecordingBackend, scratch: Path, *options: str) -> Iterator[PublicFront]:
    """The balancer with the defaults or other options, until the end of the context; it told no secret."""
    port = free_port()
    environ = {"BACKEND": f"127.0.0.1:{backend.port}", "GW_SECRET": GW_SECRET, "PUBLIC_PORT": str(port)}
    with running_gateway(PUBLIC_PROJECT, scratch, environ, "--log-format", "json", *options) as gateway:
        yield PublicFront(gateway, backend, port)
    assert GW_SECRET not in gateway.output.whole()
