"""An application behind gateline-guard: who does not show the gateway's proof is 401.

    python guarded.py NAME PORT

The proof is the secret header, or with JWKS_FILE a signed assertion, which also says who calls.
"""

import json
import os
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from gateline_guard import Guard, GuardWSGI

NAME, PORT = sys.argv[1:3]


def application(environ, start_response):
    told = {"service": NAME, "path": environ["PATH_INFO"]}
    if principal := environ["gateline.identity"].principal:
        told["caller"] = principal
    body = json.dumps(told).encode() + b"\n"
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if "JWKS_FILE" in os.environ:
    guard = Guard(jwks_file=os.environ["JWKS_FILE"], audience="private", issuer="gateline:private")
else:
    guard = Guard(secret_file=os.environ["SECRET_FILE"])
make_server("127.0.0.1", int(PORT), GuardWSGI(application, guard), Server, Quiet).serve_forever()
