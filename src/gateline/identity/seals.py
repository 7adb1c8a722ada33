"""What browsers keep for us, sealed: session cookies, and the state of a login that is under way.

AES-256-GCM under a key of each sealed value's own, which a random salt and the purpose derive from the session key:
anybody may have states sealed as often as they like, more often than one key bears random nonces. The purpose is
authenticated with it, so that a cookie of one login does not open for another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Final

from gateline.authority.seal import seal, unseal
from gateline.errors import Unsealable

_SALT_BYTES: Final = 16
_ID_BYTES: Final = 4


class Seals:
    """Seals with the first of these keys, opens with all: a key that was replaced opens what is still kept.

    Args:
        keys: 32 bytes each, the newest first.

    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id(key): key for key in keys}
        self._newest = keys[0]

    def seal(self, plain: bytes, *, purpose: str) -> str:
        """The value as text that fits a cookie and a query: base64url without padding."""
        salt = os.urandom(_SALT_BYTES)
        sealed = seal(_derived(self._newest, salt, purpose), plain, purpose=purpose)
        return base64.urlsafe_b64encode(_id(self._newest) + salt + sealed).rstrip(b"=").decode("ascii")

    def open(self, text: str, *, purpose: str) -> bytes | None:
        """What was sealed; None: it was not sealed here, not for this, with a forgotten key, or changed since."""
        data = _decoded(text)
        key = self._keys.get(data[:_ID_BYTES])
        if key is None:
            return None
        salt, sealed = data[_ID_BYTES : _ID_BYTES + _SALT_BYTES], data[_ID_BYTES + _SALT_BYTES :]
        try:
            return unseal(_derived(key, salt, purpose), sealed, purpose=purpose)
        except Unsealable:
            return None


def _id(key: bytes) -> bytes:
    """By which of several keys something was sealed; says nothing about the key."""
    return hashlib.sha256(b"gateline session key\0" + key).digest()[:_ID_BYTES]


def _derived(key: bytes, salt: bytes, purpose: str) -> bytes:
    return hmac.digest(key, salt + purpose.encode(), "sha256")


def _decoded(text: str) -> bytes:
    """The bytes, of the one text that stands for them; b"" of any other."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""
    return data if base64.urlsafe_b64encode(data).rstrip(b"=") == text.encode() else b""
