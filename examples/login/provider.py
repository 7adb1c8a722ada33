"""A demo OpenID provider: two people, no passwords, everything in memory. For this example, never for anything else.

    CLIENT_SECRET=... python provider.py PORT      (0: any; prints its address)

It does what a login needs of a provider: the authorization request with a form, codes with PKCE, the token endpoint
with the client's secret, ID tokens (RS256), user info, the key set, and a logout.
"""

import base64
import contextlib
import hashlib
import hmac
import html
import json
import os
import secrets
import sys
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

CLIENT, LIFE = "site", 300
PEOPLE = {"ada": "ada@example.com", "grace": "grace@example.com"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CODES, TOKENS, SESSIONS = {}, {}, {}

FORM = """<!doctype html>
<title>Demo provider</title>
<style>body {{ font-family: sans-serif; max-width: 30em; margin: 3em auto }} button {{ font-size: 1.2em }}</style>
<h1>Who are you?</h1>
<form method="post" action="/authorize?{query}">{buttons}</form>
"""


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims):
    """A JWT of these claims."""
    parts = [{"alg": "RS256", "typ": "JWT", "kid": "demo"}, claims]
    text = ".".join(b64(json.dumps(part).encode()) for part in parts)
    return f"{text}.{b64(KEY.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def key_set():
    numbers = KEY.public_key().public_numbers()
    values = {
        name: b64(number.to_bytes(size))
        for name, number, size in (("n", numbers.n, 256), ("e", numbers.e, 3))
    }
    return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "demo", **values}]}


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/authorize":
            self.authorize(url.query, SESSIONS.get(self.cookie()))
        elif url.path == "/userinfo":
            user = TOKENS.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
            claims = {"sub": user, "email": PEOPLE[user]} if user else {"error": "invalid_token"}
            self.answer(200 if user else 401, claims)
        elif url.path == "/jwks":
            self.answer(200, key_set())
        elif url.path == "/logout":
            SESSIONS.pop(self.cookie(), None)
            self.answer(200, b"<!doctype html><title>Demo provider</title><h1>You are logged out</h1>")
        else:
            self.answer(404, {"error": "not_found"})

    def do_POST(self):
        url = urlsplit(self.path)
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        values = {name: each[0] for name, each in form.items()}
        if url.path == "/authorize" and values.get("user") in PEOPLE:
            self.authorize(url.query, values["user"])
        elif url.path == "/token":
            self.answer(*self.token(values))
        else:
            self.answer(400, {"error": "invalid_request"})

    def authorize(self, query, user):
        """The form; or, when it is known who this is, back to the client with a code."""
        asked = {name: each[0] for name, each in parse_qs(query).items()}
        back = urlsplit(asked.get("redirect_uri", ""))
        known = back.scheme == "https" and back.hostname in {"localhost", "127.0.0.1"}
        if asked.get("client_id") != CLIENT or not known or back.path != "/oauth2/idpresponse":
            self.answer(400, {"error": "invalid_request"})  # no stranger is sent a code
        elif user is None:
            buttons = " ".join(f'<button name="user" value="{name}">{name}</button>' for name in PEOPLE)
            self.answer(200, FORM.format(query=html.escape(query), buttons=buttons).encode())
        else:
            code, session = secrets.token_urlsafe(), secrets.token_urlsafe()
            CODES[code] = (user, asked, time.time() + 60)
            SESSIONS[session] = user
            location = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            cookie = f"demo={session}; Path=/; HttpOnly; SameSite=Lax"
            self.answer(302, b"", Location=location, **{"Set-Cookie": cookie})

    def token(self, values):
        """Tokens for a code: once, for the client that asked, and only with the verifier of its challenge."""
        both = f"{CLIENT}:{quote_plus(os.environ['CLIENT_SECRET'])}".encode()
        expected = f"Basic {base64.b64encode(both).decode()}"
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), expected.encode()):
            return 401, {"error": "invalid_client"}
        user, asked, ends = CODES.pop(values.get("code"), (None, {}, 0))
        challenge = b64(hashlib.sha256(values.get("code_verifier", "").encode()).digest())
        fits = asked.get("code_challenge") == challenge and asked.get("redirect_uri") == values.get(
            "redirect_uri"
        )
        if user is None or time.time() > ends or not fits:
            return 400, {"error": "invalid_grant"}
        access, now = secrets.token_urlsafe(), int(time.time())
        TOKENS[access] = user
        claims = {"iss": self.server.issuer, "aud": CLIENT, "sub": user, "iat": now, "exp": now + LIFE}
        identity = signed(claims | {"nonce": asked["nonce"]} if "nonce" in asked else claims)
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": LIFE, "id_token": identity}

    def cookie(self):
        found = SimpleCookie(self.headers.get("Cookie", "")).get("demo")
        return unquote_plus(found.value) if found else None

    def answer(self, status, content, **headers):
        is_json = isinstance(content, dict)
        body = json.dumps(content).encode() if is_json else content
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if is_json else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Provider)
    server.issuer = f"http://localhost:{server.server_port}"
    print(server.issuer, flush=True)
    with contextlib.suppress(KeyboardInterrupt):  # the terminal sends it to the gateway, too
        server.serve_forever()
