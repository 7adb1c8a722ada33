"""An application that ends TLS itself and answers the gateway's certificate only.

    python certified.py NAME PORT

CA_FILE says who issues certificates; GATEWAY is whom the client's must name: another client of the same authority is
refused.
"""

import os
import socketserver
import ssl
import sys
from http.server import HTTPServer

from application import Handler

GATEWAY = os.environ["GATEWAY"]


class CertifiedHandler(Handler):
    def do_GET(self):
        names = self.connection.getpeercert()["subjectAltName"]
        if ("URI", GATEWAY) not in names:
            return self.send_error(403)
        return super().do_GET()


class Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, context):
        self.context = context
        super().__init__(("127.0.0.1", port), CertifiedHandler)

    def finish_request(
        self, connection, address
    ):  # in a thread of the connection's own: who is slow holds up nobody
        connection.settimeout(60)
        with self.context.wrap_socket(connection, server_side=True) as encrypted:
            super().finish_request(encrypted, address)

    def handle_error(self, *_):
        pass  # a handshake that failed


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["CERTIFICATE_FILE"], os.environ["PRIVATE_KEY_FILE"])
context.load_verify_locations(os.environ["CA_FILE"])
context.verify_mode = ssl.CERT_REQUIRED
Server(int(sys.argv[2]), context).serve_forever()
