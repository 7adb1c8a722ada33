"""A provider that behaves, until a test tells one of its endpoints to do otherwise.

    with a_nasty_provider() as provider:
        provider.answers["/token"] = lambda request: (302, {"Location": "http://127.0.0.1/"}, b"")

Each exchange of a code, and each refresh, gives a new access token; refresh tokens are good once.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    path: str
    headers: dict[str, str]  # names in lower case
    form: dict[str, str]


@dataclass(slots=True)
class _Grant:
    nonce: str
    refresh_token: str = ""


def unsigned(claims: dict[str, Any], head: dict[str, Any] | None = None) -> str:
    """A token with a signature that nobody looks at."""
    parts = [head or {"alg": "RS256"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts]
    return ".".join([*texts, "c2lnbmF0dXJl"])


@dataclass(slots=True)
class NastyProvider:
    """What is answered, and what was asked."""

    port: int = 0
    subject: str = "ada"
    seconds: int = 60  # of an access token
    claims: dict[str, Any] = field(default_factory=lambda: {"email": "ada@example.com"})
    id_claims: dict[str, Any] = field(default_factory=dict)  # put over those of the ID token
    id_head: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256"})
    tokens: dict[str, Any] = field(default_factory=dict)  # put over the token endpoint's answer
    refreshes: bool = True  # whether it gives refresh tokens
    nonce: str = ""  # what the ID token of the next code says
    answers: dict[str, Callable[[Asked], Answer]] = field(default_factory=dict)  # by path
    asked: list[Asked] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)  # while clear, nothing is answered
    lock: threading.Lock = field(default_factory=threading.Lock)
    most_at_once: int = 0
    now: Callable[[], float] = time.time
    _at_once: int = 0
    _refresh_token: str = ""
    _given: int = 0

    @property
    def issuer(self) -> str:
        """Its `iss`."""
        return f"http://127.0.0.1:{self.port}"

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(each.path == path for each in self.asked)

    def answer(self, asked: Asked) -> Answer:
        """What it answers."""
        with self.lock:
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.gate.wait(20)
        with self.lock:
            self._at_once -= 1
            if asked.path in self.answers:
                return self.answers[asked.path](asked)
            return self.behave(asked)

    def behave(self, asked: Asked) -> Answer:
        """What it answers when it behaves."""
        if asked.path == "/token":
            return self._token(asked)
        if asked.path == "/me":
            return _json(200, {"sub": self.subject, **self.claims})
        return _json(404, {})

    def _token(self, asked: Asked) -> Answer:
        kind = asked.form.get("grant_type")
        if kind == "refresh_token" and asked.form.get("refresh_token") != self._refresh_token:
            return _json(400, {"error": "invalid_grant"})
        self._given += 1
        if self.refreshes:
            self._refresh_token = f"refresh-{self._given}"
        said: dict[str, Any] = {
            "access_token": f"access-{self._given}",
            "token_type": "Bearer",
            "expires_in": self.seconds,
        }
        if self.refreshes:
            said["refresh_token"] = self._refresh_token
        if kind == "authorization_code":
            claims = {
                "iss": self.issuer,
                "aud": "shop",
                "exp": self.now() + 300,
                "iat": self.now(),
                "nonce": self.nonce,
                "sub": self.subject,
            }
            said["id_token"] = unsigned(claims | self.id_claims, self.id_head)
        return _json(200, {name: value for name, value in (said | self.tokens).items() if value is not None})


def _json(status: int, members: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(members).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        assert isinstance(self.server, _Server)
        headers = {name.lower(): text for name, text in self.headers.items()}
        asked = Asked(self.path, headers, dict(parse_qsl(body.decode())))
        status, reply_headers, reply = self.server.provider.answer(asked)
        self.send_response(status)
        for name, text in ({"Content-Length": str(len(reply))} | reply_headers).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, provider: NastyProvider) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.provider = provider

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


@contextmanager
def a_nasty_provider(**said: Any) -> Iterator[NastyProvider]:
    """Run one; the keywords are its fields."""
    provider = NastyProvider(**said)
    provider.gate.set()
    with _Server(provider) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            provider.gate.set()
            server.shutdown()
            thread.join()
