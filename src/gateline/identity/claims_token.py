"""x-amzn-oidc-data: what the provider says about a user, signed for the service (load-balancers.md section 4).

ES256 (RFC 7518 section 3.4) in base64url *with* its padding, as Amazon writes it: strict libraries refuse it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateline.identity.json_object import json_object
from gateline.model.hosting import HostedLogin

LIFE: Final = 120
"""Seconds from the moment that it is made to its `exp`."""

_NUMBER_BYTES: Final = 32


class ClaimsSigner:
    """Signs with the first of these keys; shows the public halves of all.

    Args:
        keys: (kid, PEM of a P-256 key).

    Raises:
        ValueError: one is no such key.

    """

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        private = [(kid, _private(pem)) for kid, pem in keys]
        self._kid, self._key = private[0]
        self._public = {kid: _public(key) for kid, key in private}

    def public_key(self, kid: str) -> bytes | None:
        """The public key of that name, PEM; None: there is none."""
        return self._public.get(kid)

    def sign(self, claims: bytes, login: HostedLogin, now: float) -> str:
        """The token that says these claims (a JSON object), good from `now` (seconds since the epoch) for `LIFE`."""
        assert login.oidc is not None
        ends, issuer = int(now) + LIFE, login.oidc.issuer
        head = {
            "typ": "JWT",
            "kid": self._kid,
            "alg": "ES256",
            "iss": issuer,
            "client": login.oidc.client_id,
            "signer": login.signer,
            "exp": ends,
        }
        said = (json_object(claims) or {}) | {"exp": ends, "iss": issuer}
        message = f"{_part(head)}.{_part(said)}"
        signature = self._key.sign(message.encode("ascii"), ec.ECDSA(hashes.SHA256()))
        halves = b"".join(each.to_bytes(_NUMBER_BYTES) for each in decode_dss_signature(signature))
        return f"{message}.{base64.urlsafe_b64encode(halves).decode('ascii')}"


def make_key() -> str:
    """A new P-256 key, PEM."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode("ascii")
    )


def _private(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 key")  # noqa: TRY004 - what is in the text is wrong, not its type
    return key


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _part(members: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).decode("ascii")
