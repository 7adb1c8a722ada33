"""A service that wants the gateway's client certificate, or has the hole that HOLE names."""

import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

TCPServer.request_queue_size = 128  # with five, who comes in a busy moment waits for seconds

port, authority, certificate, private_key = sys.argv[1:]
HOLE = os.environ["HOLE"]


class Service(BaseHTTPRequestHandler):
    def setup(self) -> None:
        self.request.do_handshake()
        super().setup()

    def do_GET(self) -> None:
        self.send_response(200 if self.is_gateway() else 403)
        self.end_headers()

    do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - http.server names them

    def is_gateway(self) -> bool:
        if HOLE:
            return True
        names = self.request.getpeercert().get("subjectAltName", ())
        return ("URI", "spiffe://shop/gateway/identity") in names

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, private_key)
if HOLE != "asks for no certificate":
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
server = Server(("127.0.0.1", int(port)), Service)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
