"""x-amzn-oidc-data."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateline.authority.assertion import make_key as make_rsa_key
from gateline.identity.claims_token import LIFE, ClaimsSigner, make_key
from identity.logins import NOW, SIGNER, hosted

KEYS = (("kid-2", make_key()), ("kid-1", make_key()))


def verified(token: str, pem: bytes) -> tuple[dict[str, object], dict[str, object]]:
    """Header and payload, as a service reads them that was given the public key."""
    head, claims, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature)  # strict about padding: it is there
    assert len(raw) == 64
    key = serialization.load_pem_public_key(pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    halves = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(encode_dss_signature(*halves), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(base64.urlsafe_b64decode(head)), json.loads(base64.urlsafe_b64decode(claims))


def test_it_says_the_claims_and_who_signed() -> None:
    signer = ClaimsSigner(KEYS)
    pem = signer.public_key("kid-2")
    assert pem is not None
    for length in range(8):  # with and without padding
        claims = json.dumps({"sub": "ada", "name": "É" + "x" * length, "exp": 1, "iss": "mallory"}).encode()
        head, said = verified(signer.sign(claims, hosted(), NOW + 0.9), pem)
        assert head == {
            "typ": "JWT",
            "kid": "kid-2",
            "alg": "ES256",
            "iss": "https://id.example.com",
            "client": "shop",
            "signer": SIGNER,
            "exp": NOW + LIFE,
        }
        assert said == {
            "sub": "ada",
            "name": "É" + "x" * length,
            "exp": NOW + LIFE,
            "iss": "https://id.example.com",
        }


def test_every_part_is_padded() -> None:
    token = ClaimsSigner(KEYS).sign(b'{"sub":"a"}', hosted(), NOW)
    assert all(len(part) % 4 == 0 for part in token.split("."))
    assert token.endswith("==")  # 64 bytes


def test_the_first_key_signs_and_all_are_shown() -> None:
    signer = ClaimsSigner(KEYS)
    old = signer.public_key("kid-1")
    assert old is not None
    assert b"PUBLIC KEY" in old
    assert b"PRIVATE" not in old
    with pytest.raises(InvalidSignature):
        verified(signer.sign(b"{}", hosted(), NOW), old)
    assert signer.public_key("kid-0") is None


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="not a P-256 key"):
        ClaimsSigner([("kid", make_rsa_key().decode())])
