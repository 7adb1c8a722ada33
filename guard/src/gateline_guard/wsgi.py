"""A guard before a WSGI application (PEP 3333)."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Callable
from urllib.parse import quote

from gateline_guard.answer import answer
from gateline_guard.guard import Guard
from gateline_guard.proof import Refused

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_log = logging.getLogger("gateline_guard")


class GuardWSGI:
    """Lets proven requests through, with their `Proof` in `environ["gateline.identity"]`. It stands outermost.

    WSGI has one name, `HTTP_X_A`, for the headers `x-a` and `x_a`: the server must drop names with
    underscores, as gunicorn and Werkzeug do. What a server joins with commas is no accepted value.
    """

    def __init__(self, app: Application, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Judge one request."""
        method, path, headers = environ["REQUEST_METHOD"], _path(environ), _headers(environ)
        try:
            status = self._guard.probe(method, path, headers)
            if status is not None:
                return _answer(start_response, status)
            pending = self._guard.begin(method, path, headers)
            body = b""
            if pending.binding is not None:
                body = _body(environ, self._guard.body_limit)
                environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            proof = self._guard.finish(pending, body)
        except Refused as refused:
            _log.info("refused: %s", refused.reason)
            return _answer(start_response, refused.status)
        return self._app({**environ, "gateline.identity": proof}, start_response)


def _path(environ: Environ) -> str:
    """Path and query: as they came if the server says it, else spelled anew from the decoded path."""
    sent: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    if sent:
        return sent
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    spelled = quote(path.encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~")
    query: str = environ.get("QUERY_STRING", "")
    return f"{spelled}?{query}" if query else spelled


def _headers(environ: Environ) -> list[tuple[str, str]]:
    return [
        (name[5:].replace("_", "-"), value)
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    ]


def _body(environ: Environ, limit: int) -> bytes:
    """The whole body. Raises Refused for one that is too large, cut short, or of a length nobody says."""
    stream, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH") or ""
    if length:
        if not (length.isascii() and length.isdigit()):
            raise Refused(400, "the content-length is no number")
        if len(length) > 18 or int(length) > limit:
            raise Refused(413, "the body is larger than the guard holds")
        content: bytes = stream.read(int(length))
        if len(content) != int(length):
            raise Refused(400, "the body was cut short")
        return content
    if not environ.get("wsgi.input_terminated"):
        if "HTTP_TRANSFER_ENCODING" in environ:
            raise Refused(411, "the server does not say where the body ends")
        return b""
    pieces, left = [], limit + 1
    while left and (piece := stream.read(min(left, 65536))):
        pieces.append(piece)
        left -= len(piece)
    if not left:
        raise Refused(413, "the body is larger than the guard holds")
    return b"".join(pieces)


def _answer(start_response: StartResponse, status: int) -> Iterable[bytes]:
    headers, body = answer(status)
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]
