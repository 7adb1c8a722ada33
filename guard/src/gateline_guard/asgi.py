"""A guard before an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable
from urllib.parse import quote

from gateline_guard.answer import answer
from gateline_guard.guard import Guard
from gateline_guard.proof import Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("gateline_guard")


class GuardASGI:
    """Lets proven requests through, with their `Proof` in `scope["gateline"]`. It stands outermost.

    WebSockets are refused: an API Gateway REST API has none.
    """

    def __init__(self, app: Application, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one connection of the application. Raises ValueError for a kind that is not known."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: status 403
        else:
            raise ValueError(f"a connection of a kind that is not known: {scope['type']}")

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path, headers = scope["method"], _path(scope), scope["headers"]
        try:
            status = self._guard.probe(method, path, headers)
            if status is not None:
                await _answer(send, status)
                return
            pending = self._guard.begin(method, path, headers)
            body = b""
            if pending.binding is not None:
                held = await _body(receive, self._guard.body_limit)
                if held is None:
                    return
                body, receive = held, _again(held, receive)
            proof = self._guard.finish(pending, body)
        except Refused as refused:
            _log.info("refused: %s", refused.reason)
            await _answer(send, refused.status)
            return
        await self._app({**scope, "gateline": proof}, receive, send)


def _path(scope: Scope) -> bytes:
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"], errors="replace").encode() if raw is None else raw
    query: bytes = scope.get("query_string", b"")
    return path + b"?" + query if query else path


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None if the caller went away. Raises Refused beyond the limit."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise Refused(413, "the body is larger than the guard holds")
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A receive that says the body once more, then what comes after it."""
    unread = [body]

    async def receive_again() -> Message:
        if unread:
            message: dict[str, Any] = {"type": "http.request", "body": unread.pop(), "more_body": False}
            return message
        return await receive()

    return receive_again


async def _answer(send: Send, status: int) -> None:
    headers, body = answer(status)
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
