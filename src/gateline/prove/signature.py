"""Signed reports: Ed25519 (RFC 8032) over the report's canonical JSON, with a key that the project's vault keeps."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateline.errors import FileUnreadable, GatelineError
from gateline.prove.report import canonical
from gateline.runtime.vault import Vault

KEPT_AS: Final = "prove-signing-key"

_CONTEXT: Final = b"gateline prove 1\0"
"""Before what is signed: the key's signatures stand for reports, and for nothing else."""


def signing_key(vault: Vault) -> Ed25519PrivateKey:
    """The project's key, made when there is none.

    Raises:
        GatelineError: the vault cannot be read or written.

    """
    kept = vault.read(KEPT_AS)
    if kept is None:
        vault.write(KEPT_AS, Ed25519PrivateKey.generate().private_bytes_raw())
        kept = vault.read(KEPT_AS) or b""
    return Ed25519PrivateKey.from_private_bytes(kept)


def public_pem(key: Ed25519PublicKey) -> bytes:
    """The public key as others keep it (PEM)."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def read_public(pem: bytes) -> Ed25519PublicKey:
    """A public key of a file.

    Raises:
        FileUnreadable: it holds none of Ed25519.

    """
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise FileUnreadable("the file holds no public key of Ed25519 (PEM)")
    return key


def signed(report: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The report's file: the report, and its signature."""
    signature = base64.b64encode(key.sign(_CONTEXT + canonical(report))).decode()
    return json.dumps({"report": report, "signature": signature}, indent=1).encode() + b"\n"


def verified(content: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """The report of a file that this key has signed, and nobody has changed since.

    Raises:
        FileUnreadable: it is no signed report.
        GatelineError: it was changed, or another key has signed it.

    """
    try:
        told = json.loads(content)
        report, signature = told["report"], base64.b64decode(told["signature"], validate=True)
        canonical_bytes = canonical(report)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise FileUnreadable("the file holds no signed report") from None
    try:
        key.verify(signature, _CONTEXT + canonical_bytes)
    except InvalidSignature:
        message = "the signature does not fit: the report was altered, or another key has signed it"
        raise GatelineError(message) from None
    if not isinstance(report, dict):
        raise FileUnreadable("the file holds no signed report")
    return report
