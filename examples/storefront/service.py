"""A service that answers only requests with the gateway's secret header: 403 to everybody else.

    python service.py NAME [ADDRESS:]PORT|SOCKET

Each of its tasks is a process like this one; `/healthz` is for the balancer.
"""

import hmac
import json
import os
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, PLACE = sys.argv[1], sys.argv[2]
SECRET = os.environ["API_GATEWAY_SECRET"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, {"status": "ok"})
        given = self.headers.get("ApiGatewayPassthroughHeader", "")
        if not hmac.compare_digest(given.encode(), SECRET.encode()):
            return self.answer(403, {"message": "only through the gateway"})
        answer = {"service": NAME, "task": os.getpid(), "path": self.path}
        if user := self.headers.get("X-User"):  # who the authorizer says it is: only the gateway can write it
            answer["user"] = user
        return self.answer(200, answer)

    def answer(self, status, content):
        body = json.dumps(content).encode() + b"\n"
        self.send_response(status)
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


address, _, port = PLACE.rpartition(":")
if port.isdigit():
    server = ThreadingHTTPServer((address or "127.0.0.1", int(port)), Handler)
else:
    server = UnixServer(PLACE, Handler)
server.serve_forever()
