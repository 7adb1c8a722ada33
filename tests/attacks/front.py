"""The gateway under attack as a test sees it: bytes in, what became of them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.gateway_process import RunningGateway
from harness.http2_client import Http2Connection, Outcome
from harness.raw_client import Answer, RawConnection, exchange
from harness.recording_backend import Received, RecordingBackend

GW_SECRET: Final = "gw-5ecret-c0ffee-7f3a"
PASSTHROUGH_SECRET: Final = "pt-5ecret-decade-91bd"
SECRETS: Final = (GW_SECRET.encode(), PASSTHROUGH_SECRET.encode())

_SENTINEL: Final = b"GET /prod/sentinel HTTP/1.1\r\nHost: localhost\r\n\r\n"


def request(
    target: bytes,
    *lines: bytes,
    verb: bytes = b"GET",
    host: bytes = b"localhost",
    body: bytes = b"",
) -> bytes:
    """A request as bytes; `lines` are header lines, Host and Content-Length are added."""
    head = [verb + b" " + target + b" HTTP/1.1", b"Host: " + host, *lines]
    if body:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def pseudo_headers(
    path: bytes, *, verb: bytes = b"GET", authority: bytes = b"localhost"
) -> list[tuple[bytes, bytes]]:
    """The pseudo headers of an HTTP/2 request."""
    return [(b":method", verb), (b":scheme", b"http"), (b":authority", authority), (b":path", path)]


def discreet(answer: Answer) -> Answer:
    """The answer, which tells no secret (A9)."""
    for secret in SECRETS:
        assert secret not in answer.raw
    return answer


@dataclass(frozen=True, slots=True)
class Front:
    """A running gateway with the recording backend behind it."""

    gateway: RunningGateway
    backend: RecordingBackend

    @property
    def port(self) -> int:
        """Where clients come in."""
        return self.gateway.port

    def send(self, data: bytes, *, to_head: bool = False) -> Answer:
        """Send bytes that must be answered, one way or the other."""
        [answer] = exchange(self.port, data, to_head=to_head)
        return discreet(answer)

    def seen(self) -> list[Received]:
        """What the backend has seen, after all that was sent to the gateway before has been dealt with."""
        [answer] = exchange(self.port, _SENTINEL)
        assert answer.status == 200
        received = self.backend.received()
        assert b"/sentinel" in [each.target for each in received]
        return [each for each in received if each.target != b"/sentinel"]

    def reaches(self, data: bytes, *, to_head: bool = False) -> Received:
        """Send bytes that must reach the backend as one canonical request; that request."""
        answer = self.send(data, to_head=to_head)
        assert answer.status == 200, answer.raw
        [received] = self.seen()
        assert not received.faults, (received.faults, received.raw)
        return received

    def refuses(self, data: bytes) -> Answer:
        """Send bytes that must be answered with 4xx and never reach the backend; that answer.

        A request that follows on the same connection is of no interest: it must not be served in the
        bytes' name, whatever the gateway took them for.
        """
        with RawConnection(self.port) as connection:
            connection.send(data)
            answer = connection.receive()
            received = self.seen()
            assert received == [], [each.raw for each in received]
            assert answer is not None, "closed without an answer"
            assert 400 <= answer.status < 500 or answer.status == 501, answer.raw
            assert connection.waiting() == b""
        return discreet(answer)

    def http2_refuses(self, headers: list[tuple[bytes, bytes]], *, body: bytes | None = None) -> Outcome:
        """Send an HTTP/2 request that must not reach the backend; what became of it."""
        with Http2Connection(self.port) as connection:
            outcome = connection.request(headers, body=body)
            received = self.seen()
            assert received == [], [each.raw for each in received]
            assert outcome.refused, outcome
        return outcome

    def http2_reaches(
        self,
        headers: list[tuple[bytes, bytes]],
        *,
        body: bytes | None = None,
        trailers: list[tuple[bytes, bytes]] | None = None,
    ) -> Received:
        """Send an HTTP/2 request that must reach the backend as one canonical request; that request."""
        with Http2Connection(self.port) as connection:
            outcome = connection.request(headers, body=body, trailers=trailers or [])
        assert outcome.status == 200, outcome
        [received] = self.seen()
        assert not received.faults, (received.faults, received.raw)
        return received
