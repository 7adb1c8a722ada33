"""An application that listens on a Unix socket alone: `python unix_application.py PATH`."""

from __future__ import annotations

import http.server
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """Says hello."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def address_string(self) -> str:
        """Nobody in particular."""
        return ""


if __name__ == "__main__":
    with socketserver.ThreadingUnixStreamServer(sys.argv[1], Handler) as server:
        server.serve_forever()
