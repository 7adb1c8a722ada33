"""RS256 signatures of compact JWS, verified with the standard library (RFC 7515, RFC 8017 section 8.2.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_TOKEN: int = 64 * 1024
"""Bytes of the longest token that is looked at."""
TYPE: str = "gateline-assertion+jwt"
"""The `typ` of an assertion: a token made for something else is not one (RFC 8725 section 3.11)."""

_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""The DER before a SHA-256 digest (RFC 8017 section 9.2, note 1)."""


class Malformed(ValueError):
    """A token or a key that is not what it should be."""


@dataclass(frozen=True)
class PublicKey:
    """An RSA key that signatures are verified with. Raises ValueError for one that is weak or no key at all."""

    modulus: int
    exponent: int

    def __post_init__(self) -> None:
        if not 2048 <= self.modulus.bit_length() <= 8192 or self.modulus % 2 == 0:
            raise Malformed("an RSA modulus is odd and has 2048 to 8192 bits")
        if not 2 < self.exponent < 1 << 32 or self.exponent % 2 == 0:
            raise Malformed("an RSA exponent is odd, more than 2 and less than 2^32")


def claims(token: bytes, keys: Mapping[str, PublicKey]) -> dict[str, Any]:
    """The claims of a token that one of the keys signed. Raises ValueError for every other token."""
    parts = token.split(b".") if len(token) <= MAX_TOKEN else []
    if len(parts) != 3:
        raise Malformed("not a compact JWS")
    head = json_object(decoded(parts[0]))
    kid = head.get("kid")
    if set(head) != {"alg", "kid", "typ"} or head["alg"] != "RS256" or head["typ"] != TYPE:
        raise Malformed("not the header of an assertion")
    if not isinstance(kid, str) or kid not in keys:
        raise Malformed("signed with a key that is not known")
    if not is_signed(parts[0] + b"." + parts[1], decoded(parts[2]), keys[kid]):
        raise Malformed("the signature is wrong")
    return json_object(decoded(parts[1]))


def is_signed(message: bytes, signature: bytes, key: PublicKey) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256: the encoding is built and compared whole, nothing of it is parsed."""
    size = (key.modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= key.modulus:
        return False
    tail = _DIGEST_INFO + hashlib.sha256(message).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(tail) - 3) + b"\x00" + tail
    return hmac.compare_digest(pow(number, key.exponent, key.modulus).to_bytes(size, "big"), expected)


def decoded(text: bytes) -> bytes:
    """Base64url without padding, in its one canonical spelling (RFC 7515 section 2). Raises ValueError."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise Malformed("not base64url")
    content = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if encoded(content) != text:
        raise Malformed("not the canonical base64url")
    return content


def encoded(content: bytes) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def json_object(content: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8 without a name that comes twice. Raises ValueError."""
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise Malformed("JSON that is nested too deep") from None
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a name comes twice")
    return members


def _no_number(name: str) -> NoReturn:
    raise Malformed(f"{name} is no number of JSON")
