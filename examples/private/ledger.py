"""An application behind gateline-guard: who does not show the gateway's secret is 401.

python ledger.py PORT
"""

import json
import os
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from gateline_guard import Guard, GuardWSGI


def application(environ, start_response):
    body = json.dumps({"service": "ledger", "path": environ["PATH_INFO"]}).encode() + b"\n"
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


guarded = GuardWSGI(application, Guard(secret_file=os.environ["SECRET_FILE"]))
make_server("127.0.0.1", int(sys.argv[1]), guarded, Server, Quiet).serve_forever()
