"""An application behind gateline-guard: who does not bring what the gateway has signed is 401.

python reports.py PORT JWKS_FILE
"""

import json
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from gateline_guard import Guard, GuardWSGI


def application(environ, start_response):
    print("a report for", environ["gateline.identity"].principal, flush=True)
    body = json.dumps({"service": "reports", "path": environ["PATH_INFO"]}).encode() + b"\n"
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


guarded = GuardWSGI(application, Guard(jwks_file=sys.argv[2], audience="private", issuer="gateline:private"))
make_server("127.0.0.1", int(sys.argv[1]), guarded, Server, Quiet).serve_forever()
