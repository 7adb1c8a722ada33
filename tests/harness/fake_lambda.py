"""What speaks Lambda's Invoke, and looks like a function at a URL too: on loopback, in threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeLambda(ThreadingHTTPServer):
    """Speaks Lambda's Invoke; `reply` is what it answers, when `go_on` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply: tuple[int, dict[str, str], bytes] = (200, {}, b'{"ok": true}')
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.clients: set[int] = set()
        self.at_once = self.most_at_once = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.came = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeLambda

    def do_POST(self) -> None:
        told = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with told.lock:
            headers = {name.lower(): text for name, text in self.headers.items()}
            told.requests.append((self.path, headers, body))
            told.clients.add(self.client_address[1])
            told.at_once += 1
            told.most_at_once = max(told.most_at_once, told.at_once)
        told.came.set()
        told.go_on.wait(20)
        with told.lock:
            told.at_once -= 1
        status, reply_headers, reply = told.reply
        self.send_response(status)
        for name, text in (reply_headers | {"Content-Length": str(len(reply))}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def a_lambda() -> Iterator[FakeLambda]:
    """Run one."""
    with FakeLambda() as fake:
        thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            fake.go_on.set()
            fake.shutdown()
            thread.join()
