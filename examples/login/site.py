"""The site: it shows who came, as the balancer says. It has no login of its own.

    python site.py SOCKET

It listens at a Unix socket that only the gateway may open, so it can believe the headers. A service at a port verifies
the signature of `x-amzn-oidc-data` with the balancer's public key instead.
"""

import base64
import html
import json
import os
import socketserver
import sys
from http.server import BaseHTTPRequestHandler

COOKIE = "AWSELBAuthSessionCookie"
PAGE = """<!doctype html>
<title>Members</title>
<style>body {{ font-family: sans-serif; max-width: 40em; margin: 3em auto }}</style>
<h1>{title}</h1>
<p>{text}</p>
"""


def page(title, text):
    return PAGE.format(title=html.escape(title), text=text).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        user = self.headers.get("x-amzn-oidc-identity")
        if self.path.startswith("/public/"):
            self.answer(200, page("Welcome", 'This page is for everybody. <a href="/">Come in</a>.'))
        elif self.path.startswith("/data/"):
            self.answer(200, json.dumps({"user": user}).encode(), "application/json")
        elif self.path == "/logout":
            self.log_out()
        else:
            text = f"Your mail goes to {html.escape(self.claims().get('email', 'nobody'))}."
            self.answer(200, page(f"Hello, {user}", text + ' <a href="/logout">Log out</a>.'))

    def claims(self):
        """What the provider said about the user."""
        payload = self.headers["x-amzn-oidc-data"].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload))

    def log_out(self):
        """The session is in its cookies: without them it is over. The provider has a session of its own."""
        self.send_response(302)
        for number in range(4):
            expired = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly"
            self.send_header("Set-Cookie", f"{COOKIE}-{number}=; {expired}")
        self.send_header("Location", f"{os.environ['PROVIDER']}/logout")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status, body, kind="text/html; charset=utf-8"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
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
    UnixServer(sys.argv[1], Handler).serve_forever()
