r"""A gateway whose functions do what a test tells them (told_function.py), its backend, and who called whom.

with guarded_gateway(project_folder, scratch_folder) as guarded:
    answer = guarded.send(b"GET", b"/prod/orders", bearer(allow("*")))
    [call] = guarded.calls()
    assert call.event["type"] == "TOKEN"
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import Received, RecordingBackend

HARNESS: Final = Path(__file__).parent
FUNCTION_SECRET: Final = "fn-5ecret-facade-0b71"
_SENTINEL: Final = b"GET /prod/sentinel HTTP/1.1\r\nHost: localhost\r\n\r\n"

Json = dict[str, Any]


def statement(effect: str, *resources: str, **elements: Any) -> Json:
    """A statement of a policy; `elements` come in addition, or instead."""
    found: Json = {"Effect": effect, "Action": "execute-api:Invoke"}
    if resources:
        found["Resource"] = resources[0] if len(resources) == 1 else list(resources)
    return found | elements


def allow(*resources: str, **elements: Any) -> Json:
    """An Allow."""
    return statement("Allow", *resources, **elements)


def deny(*resources: str, **elements: Any) -> Json:
    """A Deny."""
    return statement("Deny", *resources, **elements)


def policy(*statements: Json, principal: Any = "alice", **more: Any) -> Json:
    """What an authorizer answers."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"principalId": principal, "policyDocument": document, **more}


def told(**what: Any) -> bytes:
    """A word that tells a function what to do; no two are the same."""
    text = json.dumps({"id": uuid4().hex, **what}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=")


def bearer(*statements: Json, principal: Any = "alice", **more: Any) -> bytes:
    """A header line: a caller whose authorizer answers with this policy."""
    return authorization(say=policy(*statements, principal=principal, **more))


def authorization(**what: Any) -> bytes:
    """A header line: a caller whose authorizer does what it is told."""
    return b"Authorization: Bearer " + told(**what)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """One call of a function."""

    function: str
    event: Json
    request_id: str
    arn: str
    pid: int


def request_bytes(
    verb: bytes, path: bytes, lines: Iterable[bytes], *, host: bytes = b"localhost", body: bytes | None = None
) -> bytes:
    """A request with these header lines."""
    head = [verb + b" " + path + b" HTTP/1.1", b"Host: " + host, *lines]
    if body is not None:
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + (body or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A running gateway, its backend, and the file of calls."""

    gateway: RunningGateway
    backend: RecordingBackend
    folder: Path  # functions may read and write here
    log: Path

    @property
    def port(self) -> int:
        """Where clients come in."""
        return self.gateway.port

    def send(
        self, verb: bytes, path: bytes, *lines: bytes, host: bytes = b"localhost", body: bytes | None = None
    ) -> Answer:
        """Send one request that must be answered."""
        answers = exchange(
            self.port, request_bytes(verb, path, lines, host=host, body=body), to_head=verb == b"HEAD"
        )
        assert answers, "hung up without an answer"
        return answers[0]

    def get(self, path: bytes, *lines: bytes) -> Answer:
        """GET."""
        return self.send(b"GET", path, *lines)

    def status(self, path: bytes, *lines: bytes) -> int:
        """The status of a GET."""
        return self.get(path, *lines).status

    def calls(self) -> list[FunctionCall]:
        """The calls of functions since `clear`; a call is there before its answer is."""
        lines = self.log.read_bytes().splitlines()
        return [FunctionCall(**json.loads(line)) for line in lines]

    def seen(self) -> list[Received]:
        """What the backend has seen, when all that was sent before has been dealt with."""
        [answer] = exchange(self.port, _SENTINEL)
        assert answer.status == 200, answer.raw
        return [each for each in self.backend.received() if each.target != b"/sentinel"]

    def reaches(self, verb: bytes, path: bytes, *lines: bytes) -> Received:
        """Send a request that must reach the backend as one canonical request; that request."""
        answer = self.send(verb, path, *lines)
        assert answer.status == 200, answer.raw
        [received] = self.seen()
        assert not received.faults, received.raw
        return received

    def clear(self) -> None:
        """Forget calls and requests."""
        os.truncate(self.log, 0)
        self.backend.clear()


@contextmanager
def guarded_gateway(
    project: Path, scratch: Path, *options: str, environ: Mapping[str, str] | None = None
) -> Iterator[Guarded]:
    """Run a project; it finds BACKEND, HARNESS, CALLS, SECRET in its environment."""
    # Functions have users of their own when tests run as root: they must be let in.
    folder = Path(tempfile.mkdtemp(prefix="gateline-told-"))
    folder.chmod(0o777)
    log = folder / "calls"
    log.touch()
    log.chmod(0o666)
    try:
        with RecordingBackend() as backend:
            given = {
                "BACKEND": f"127.0.0.1:{backend.port}",
                "HARNESS": str(HARNESS),
                "CALLS": str(log),
                "SECRET": FUNCTION_SECRET,
                **(environ or {}),
            }
            with running_gateway(project, scratch, given, *options) as gateway:
                yield Guarded(gateway=gateway, backend=backend, folder=folder, log=log)
    finally:
        shutil.rmtree(folder)
