"""Flask behind the guard: says what it was told of the caller."""

import hashlib
import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask, request

from gateline_guard import Guard, GuardWSGI

app = Flask(__name__)


@app.route("/<path:path>", methods=["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
def whoami(path: str) -> dict[str, object]:
    proof = request.environ["gateline.identity"]
    return {
        "by": proof.by,
        "principal": proof.principal,
        "scope": proof.scope,
        "context": dict(proof.context),
        "verb": request.method,
        "body": hashlib.sha256(request.get_data()).hexdigest(),
        "copies": [value for name, value in request.headers.items() if "assertion" in name.lower()],
        "port": int(sys.argv[1]),
    }


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


guard = Guard(
    jwks_file=os.environ["JWKS_FILE"], audience="orders", issuer="gateline:shop", bind=os.environ["BIND"]
)
make_server("127.0.0.1", int(sys.argv[1]), GuardWSGI(app, guard), Threaded, Quiet).serve_forever()
