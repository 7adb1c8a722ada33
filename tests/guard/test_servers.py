"""The guard before real servers: uvicorn over ASGI and wsgiref over WSGI, spoken to over sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import uvicorn

from gateline_guard import Guard, GuardASGI, GuardWSGI
from guard import tokens

REACHED: list[str] = []
"""Paths that came to an application."""


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    REACHED.append(scope["path"])
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["gateline"].principal.encode() + b":" + body})


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    REACHED.append(environ["PATH_INFO"])
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("content-type", "text/plain")])
    return [environ["gateline.identity"].principal.encode() + b":" + body]


@contextmanager
def uvicorn_at(guard: Guard) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(GuardASGI(asgi_app, guard), log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        pass


@contextmanager
def wsgiref_at(guard: Guard) -> Iterator[int]:
    with make_server("127.0.0.1", 0, GuardWSGI(wsgi_app, guard), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(params=[uvicorn_at, wsgiref_at])
def at(request: pytest.FixtureRequest) -> Callable[[Guard], Any]:
    REACHED.clear()
    served: Callable[[Guard], Any] = request.param
    return served


def ask(
    port: int, path: str, headers: dict[str, str], body: bytes | None = None, verb: str = "GET"
) -> tuple[int, bytes, str | None]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(verb, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read(), response.getheader("x-gateline-guard")
    finally:
        connection.close()


def test_only_the_secret_lets_in_and_the_refusals_are_the_same(at: Callable[[Guard], Any]) -> None:
    with at(Guard(secret="s3")) as port:
        assert ask(port, "/in", {"X-Gateway-Secret": "s3"})[:2] == (200, b":")
        wrong, missing = ask(port, "/out", {"X-Gateway-Secret": "x"}), ask(port, "/out", {})
    assert wrong == missing == (401, b'{"message": "Unauthorized"}', None)
    assert REACHED == ["/in"]


def test_the_probe_never_reaches_the_application(at: Callable[[Guard], Any]) -> None:
    path = "/.well-known/gateline-guard"
    with at(Guard(secret="s3")) as port:
        assert ask(port, path, {"X-Gateway-Secret": "s3"}) == (204, b"", "1")
        assert ask(port, path, {})[0] == 401
    assert REACHED == []


def test_a_bound_request_arrives_whole_and_once(at: Callable[[Guard], Any], tmp_path: Path) -> None:
    guard = Guard(jwks_file=tokens.jwks_file(tmp_path), audience="orders", bind="request", body_limit=100_000)
    body = b"x" * 90_000
    said = tokens.claims(req=tokens.request("POST", "/a%20b/c?d=%2F", body))
    headers = {"X-Gateline-Assertion": tokens.signed(said)}
    with at(guard) as port:
        assert ask(port, "/a%20b/c?d=%2F", headers, body[1:], "POST")[0] == 401
        assert ask(port, "/a%20b/c?d=%2F", headers, body, "POST")[:2] == (200, b"alice:" + body)
        assert ask(port, "/a%20b/c?d=%2F", headers, body, "POST")[0] == 401
        large = tokens.claims(req=tokens.request("POST", "/", b"y" * 100_001))
        large_headers = {"X-Gateline-Assertion": tokens.signed(large)}
        assert ask(port, "/", large_headers, b"y" * 100_001, "POST")[0] == 413
    assert REACHED == ["/a b/c"]


def test_a_websocket_is_closed_before_it_opens() -> None:
    REACHED.clear()
    upgrade = (
        b"GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"x-gateway-secret: wrong\r\n\r\n"
    )
    with uvicorn_at(Guard(secret="s3")) as port, socket.create_connection(("127.0.0.1", port), 20) as peer:
        peer.sendall(upgrade)
        status = int(peer.recv(1024).split()[1])
    assert status in {401, 403}  # 401 where uvicorn has no library for WebSockets and takes it as HTTP
    assert REACHED == []
