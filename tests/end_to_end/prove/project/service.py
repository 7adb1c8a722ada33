"""A service that wants the gateway's secret header, but for /health; or has a hole, which --hole names.

no guard       answers everybody
everywhere     the same, at all addresses of the machine
any value      wants the header, whatever it says
alias          takes x_gateway_secret, whatever it says, for the header
stale          still accepts the values of the file `stale`
one path       does not look at /orders
prefix         lets all through whose path begins with /health
proxied        believes X-Forwarded-For: 127.0.0.1
options        answers OPTIONS to everybody
second port    answers everybody at another port, of all addresses
words          starts a process with the secret in its words
daemon         a process that left its family answers everybody at another port
abstract       answers everybody at an abstract Unix socket
binary         answers those who speak its protocol, which is not HTTP, at another port
by name        answers whoever calls it as the gateway does
"""

import argparse
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer, ThreadingTCPServer, ThreadingUnixStreamServer

TCPServer.request_queue_size = 128  # with five, who comes in a busy moment waits for seconds

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
parser.add_argument("--socket")
parser.add_argument("--hole", default="")
settings = parser.parse_args()
HOLE = settings.hole


def accepted() -> list[str]:
    values = Path(os.environ["SECRET_FILE"]).read_text().split()
    return values + (Path("stale").read_text().split() if HOLE == "stale" else [])


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200 if self.passes() else 401)

    do_HEAD = do_GET  # noqa: N815 - http.server names it

    def do_OPTIONS(self) -> None:
        self.answer(200 if HOLE == "options" or self.passes() else 401)

    def passes(self) -> bool:
        if self.path == "/health" or HOLE in {"no guard", "everywhere"}:
            return True
        if HOLE == "alias" and "x_gateway_secret" in self.headers:
            return True
        if HOLE == "one path" and self.path == "/orders":
            return True
        if HOLE == "prefix" and self.path.startswith("/health"):
            return True
        if HOLE == "by name" and self.headers["Host"] == "internal.shop":
            return True
        if HOLE == "proxied" and self.headers.get("X-Forwarded-For") == "127.0.0.1":
            return True
        sent = self.headers.get_all("X-Gateway-Secret") or []
        return len(sent) == 1 and (HOLE == "any value" or sent[0] in accepted())

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def address_string(self) -> str:
        return "somebody"

    def log_message(self, *_: object) -> None:
        pass


class AtSocket(ThreadingUnixStreamServer):
    daemon_threads = True


class Open(Service):
    def passes(self) -> bool:
        return True


def everybody() -> threading.Thread:
    server = ThreadingHTTPServer(("0.0.0.0", 0), Open)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    return thread


if HOLE == "daemon" and os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        everybody().join()
    os._exit(0)
if HOLE == "abstract":
    everywhere = AtSocket(f"\0gateline-test-{os.getpid()}", Open)
    threading.Thread(target=everywhere.serve_forever, daemon=True).start()
if HOLE == "second port":
    everybody()
if HOLE == "binary":

    class Binary(StreamRequestHandler):
        def handle(self) -> None:
            if self.rfile.read(4) == b"ask\n":
                self.wfile.write(b"answer\n")

    binary = ThreadingTCPServer(("127.0.0.1", 0), Binary)
    threading.Thread(target=binary.serve_forever, daemon=True).start()
if HOLE == "words":
    subprocess.Popen(["/bin/sh", "-c", "read _", accepted()[0]], stdin=subprocess.PIPE)
server = (
    AtSocket(settings.socket, Service)
    if settings.socket
    else ThreadingHTTPServer(("0.0.0.0" if HOLE == "everywhere" else "127.0.0.1", settings.port), Service)
)
server.serve_forever()
