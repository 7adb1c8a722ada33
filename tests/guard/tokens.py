"""Assertions as the gateway signs them, with a key of the tests' own."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@cache
def private_key(kid: str = "k1") -> rsa.RSAPrivateKey:
    """The key of that name, made once."""
    del kid
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def jwk(kid: str = "k1") -> dict[str, Any]:
    numbers = private_key(kid).public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": b64(numbers.n.to_bytes(256, "big")),
        "e": b64(numbers.e.to_bytes(3, "big")),
    }


def jwks_file(folder: Path, *kids: str) -> Path:
    path = folder / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(kid) for kid in kids or ("k1",)]}))
    return path


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    said = {
        "iss": "gateline:shop",
        "aud": "orders",
        "sub": "alice",
        "scope": "shop/live",
        "ctx": {"tier": "gold"},
        "iat": now,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
    }
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def request(method: str, path: str, body: bytes = b"") -> dict[str, str]:
    return {"m": method, "p": path, "b": b64(hashlib.sha256(body).digest()), "id": "r-1"}


def signed(said: dict[str, Any] | bytes, *, kid: str = "k1", **header: Any) -> str:
    head = {"alg": "RS256", "kid": kid, "typ": "gateline-assertion+jwt", **header}
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    message = f"{b64(json.dumps(head).encode())}.{b64(payload)}"
    signature = private_key(kid).sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{message}.{b64(signature)}"
