"""Seals: what the gateway keeps encrypted, so that a copy of the file alone tells nobody anything.

AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D section 8.2.2); the purpose is authenticated with it, so a
sealed value that is moved to another place does not open there.
"""

from __future__ import annotations

import os
from typing import Final

from gateline.errors import Unsealable

KEY_BYTES: Final = 32

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


def seal(key: bytes, plain: bytes, *, purpose: str) -> bytes:
    """Encrypt `plain` for one purpose, which `unseal` must name as well. `key`: `KEY_BYTES` bytes."""
    # Only now: the library takes a tenth of the time of a start.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, purpose.encode())


def unseal(key: bytes, sealed: bytes, *, purpose: str) -> bytes:
    """What was sealed.

    Raises:
        Unsealable: with another key, for another purpose, or changed since. Which one cannot be told.

    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if sealed[:1] != _VERSION or len(nonce) < _NONCE_BYTES:
        raise Unsealable("it is not something that was sealed here")
    try:
        return AESGCM(key).decrypt(nonce, rest, purpose.encode())
    except InvalidTag:
        raise Unsealable("it was sealed with another key, or changed since") from None
