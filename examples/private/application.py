"""An application that asks nobody who they are: it answers with its name.

    python application.py NAME PORT|SOCKET

It is shut off by where it listens (a Unix socket), or by what stands before it.
"""

import json
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"service": sys.argv[1], "path": self.path}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "gateway"  # a Unix socket's peers have no address

    def log_message(self, *_):
        pass


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    place = sys.argv[2]
    server = (
        ThreadingHTTPServer(("127.0.0.1", int(place)), Handler)
        if place.isdigit()
        else UnixServer(place, Handler)
    )
    server.serve_forever()
