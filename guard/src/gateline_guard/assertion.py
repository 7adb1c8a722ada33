"""Assertions: what a token's claims must say, and that one bound to a request counts once."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass
from typing import Any

from gateline_guard.proof import Proof, Refused
from gateline_guard.rs256 import encoded

MAX_LIFE: int = 60
"""Seconds from iat to exp at most."""
CLOCK_SKEW: int = 5
"""Seconds by which the gateway's clock may differ from ours."""


@dataclass(frozen=True)
class Binding:
    """The one request an assertion is for."""

    method: bytes
    path: bytes
    """Path and query, as they came."""
    body_hash: bytes
    """Base64url of the body's SHA-256."""
    token_id: str

    def refuse_other_body(self, body: bytes) -> None:
        """Raises Refused unless this is the body that the gateway sent."""
        if not hmac.compare_digest(encoded(hashlib.sha256(body).digest()), self.body_hash):
            raise Refused(401, "the assertion is for another body")


def proof_of(claims: dict[str, Any], *, audience: str, issuer: str | None, now: float) -> Proof:
    """What verified claims prove. Raises Refused for claims that are amiss, of others, or out of time."""
    texts = [_text(claims, name) for name in ("iss", "aud", "sub", "scope", "jti")]
    said_issuer, said_audience, principal, scope, token_id = texts
    issued_at, expires_at, context = claims.get("iat"), claims.get("exp"), claims.get("ctx")
    if type(issued_at) is not int or type(expires_at) is not int or not token_id:
        raise Refused(401, "the assertion has no times or no id")
    if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
        raise Refused(401, "the assertion's context is not text by name")
    if said_audience != audience or issuer not in (None, said_issuer):
        raise Refused(401, "the assertion is for another service or of another gateway")
    if not 0 < expires_at - issued_at <= MAX_LIFE:
        raise Refused(401, "the assertion lives too long")
    if issued_at > now + CLOCK_SKEW or expires_at <= now - CLOCK_SKEW:
        raise Refused(401, "the assertion is over, or not yet")
    return Proof(
        by="assertion",
        issuer=said_issuer,
        audience=said_audience,
        principal=principal,
        scope=scope,
        context=context,
        issued_at=issued_at,
        expires_at=expires_at,
    )


def request_of(claims: dict[str, Any]) -> dict[str, str]:
    """The claim `req`. Raises Refused without it, or with another form of it."""
    request = claims.get("req")
    if not isinstance(request, dict):
        raise Refused(401, "the assertion is not bound to a request")
    return {name: _text(request, name) for name in ("m", "p", "b", "id")}


def binding_of(request: dict[str, str], token_id: str, method: bytes, path: bytes) -> Binding:
    """The binding, of a request with this verb and this path. Raises Refused for any other."""
    try:
        sent_method, sent_path, body_hash = (request[name].encode("utf-8") for name in ("m", "p", "b"))
    except UnicodeEncodeError:
        raise Refused(401, "the assertion's request is not text") from None
    if sent_method != method or sent_path != path:
        raise Refused(401, "the assertion is for another request")
    return Binding(method, path, body_hash, token_id)


class ReplayWindow:
    """The ids of the assertions that this process has taken and that are not over yet."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, token_id: str, expires_at: int, now: float) -> None:
        """Take an assertion for good. Raises Refused the second time, and when it is over.

        It was not over when its headers came; the body may have taken long, until the id was forgotten.
        """
        if expires_at <= now - CLOCK_SKEW:
            raise Refused(401, "the assertion was over before the body had come")
        with self._lock:
            # All live about equally long: what is over stands in front, where the oldest are.
            while self._until and self._until[(oldest := next(iter(self._until)))] < now:
                del self._until[oldest]
            if token_id in self._until:
                raise Refused(401, "the assertion has been used before")
            self._until[token_id] = expires_at + CLOCK_SKEW


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise Refused(401, f"the assertion has no {name}")
    return value
