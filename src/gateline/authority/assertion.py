"""Assertions: what the gateway signs about a request, so that a service believes it and no other.

A compact JWS (RFC 7515) with RS256, which a standard library can verify; guard/README.md has the format, which
other languages check too.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateline.model.assertion import AssertionKey

LIFE: Final = 60
"""Seconds from `iat` to `exp`: the longest that services take."""

TYPE: Final = "gateline-assertion+jwt"
"""The header's `typ`, so that no token made for something else is taken for one (RFC 8725 section 3.11)."""

_KEY_BITS: Final = 2048
_EXPONENT: Final = 65537


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """The one request that an assertion is for, as it goes to the service."""

    verb: str
    path: str  # with its query
    body: bytes = field(repr=False)
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Who is calling, through which stage, and whom the assertion is for."""

    issuer: str  # model.assertion.issuer_of
    audience: str
    principal: str  # "" without an authorizer
    scope: str  # "API/STAGE"
    context: Mapping[str, str]
    request: SentRequest | None = None  # None: not bound to one


def make_key() -> bytes:
    """A new RSA key of 2048 bits, PEM. Takes about a tenth of a second."""
    return rsa.generate_private_key(public_exponent=_EXPONENT, key_size=_KEY_BITS).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def jwk(private_key: bytes) -> dict[str, str]:
    """The public half of a key (PEM) as RFC 7517 has it, named (`kid`) by its thumbprint (RFC 7638).

    Raises:
        ValueError: it is no RSA key.

    """
    numbers = _private(private_key).public_key().public_numbers()
    members = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    thumbprint = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return {**members, "use": "sig", "alg": "RS256", "kid": _text(thumbprint)}


def key_set(jwks: Iterable[Mapping[str, str]]) -> bytes:
    """These keys as a JWK set (RFC 7517 section 5)."""
    return json.dumps({"keys": [dict(each) for each in jwks]}, separators=(",", ":")).encode()


class Signer:
    """Signs with one key, which is read once.

    Raises:
        ValueError: it is no RSA key.

    """

    def __init__(self, key: AssertionKey) -> None:
        self._key = _private(key.private_key.reveal())
        head = {"alg": "RS256", "kid": key.kid, "typ": TYPE}
        self._head = _text(json.dumps(head, separators=(",", ":")).encode())

    def sign(self, claims: Claims, now: float) -> str:
        """The token: good from `now` (seconds since the epoch) for `LIFE` seconds."""
        issued = int(now)
        said: dict[str, object] = {
            "iss": claims.issuer,
            "aud": claims.audience,
            "sub": claims.principal,
            "scope": claims.scope,
            "ctx": dict(claims.context),
            "iat": issued,
            "exp": issued + LIFE,
            "jti": secrets.token_urlsafe(16),
        }
        if claims.request is not None:
            said["req"] = _bound(claims.request)
        message = f"{self._head}.{_text(json.dumps(said, separators=(',', ':')).encode())}"
        signature = self._key.sign(message.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        return f"{message}.{_text(signature)}"


def _bound(request: SentRequest) -> dict[str, str]:
    body = _text(hashlib.sha256(request.body).digest())
    return {"m": request.verb, "p": request.path, "b": body, "id": request.request_id}


def _private(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - what is in the file is wrong, not its type
    return key


def _number(value: int) -> str:
    """Base64urlUInt (RFC 7518 section 2): no leading zero bytes."""
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
