"""A service that wants an assertion of the gateway's, or its secret; or has the hole that HOLE names."""

import base64
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from gateline_guard import Guard, Refused

TCPServer.request_queue_size = 128  # with five, who comes in a busy moment waits for seconds

HOLE = os.environ.get("HOLE", "")
port, jwks_file = sys.argv[1:]


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def made_guard(token: str) -> Guard:
    said: dict[str, Any] = claims(token) if token else {"iat": time.time(), "aud": "orders"}
    moment = float(said["iat"]) if HOLE == "takes old ones" else time.time()
    return Guard(
        jwks_file=jwks_file,
        secret_file=os.environ.get("SECRET_FILE"),
        audience=said["aud"] if HOLE == "takes those for others" else "orders",
        require="any" if "SECRET_FILE" in os.environ else "assertion",
        bind="caller" if HOLE == "takes those of other requests" else "request",
        clock=lambda: moment,
    )


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        headers = list(self.headers.items())
        token = self.headers.get("X-Gateline-Assertion", "")
        guard = made_guard(token)
        status = guard.probe(self.command, self.path, headers)
        if status is None:
            status = 200 if self.passes(guard, token, headers) else 401
        self.send_response(status)
        if status == 204:
            self.send_header("X-Gateline-Guard", "1")
        self.end_headers()

    do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - http.server names them

    def passes(self, guard: Guard, token: str, headers: list[tuple[str, str]]) -> bool:
        if HOLE == "does not verify" and token and claims(token)["aud"] == "orders":
            return True
        try:
            guard.check(self.command, self.path, headers)
        except Refused:
            return False
        return True

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer(("127.0.0.1", int(port)), Service).serve_forever()
