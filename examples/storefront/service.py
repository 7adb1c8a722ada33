"""A service that answers only requests with the gateway's secret header: 403 to everybody else."""

import hmac
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, PORT = sys.argv[1], int(sys.argv[2])
SECRET = os.environ["API_GATEWAY_SECRET"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        given = self.headers.get("ApiGatewayPassthroughHeader", "")
        allowed = hmac.compare_digest(given.encode(), SECRET.encode())
        answer = {"service": NAME, "path": self.path} if allowed else {"message": "only through the gateway"}
        user = self.headers.get("X-User")  # who the authorizer says it is: only the gateway can write it
        if allowed and user:
            answer["user"] = user
        body = json.dumps(answer).encode() + b"\n"
        self.send_response(200 if allowed else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


try:
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    print("listening", flush=True)
    server.serve_forever()
except OSError as problem:
    sys.exit(f"service {NAME}: port {PORT} of 127.0.0.1 cannot be had: {problem.strerror}")
except KeyboardInterrupt:
    pass
