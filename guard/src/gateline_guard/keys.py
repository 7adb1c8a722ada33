"""The gateway's public keys: a JWK set (RFC 7517) in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from gateline_guard.rs256 import Malformed, PublicKey, decoded, json_object
from gateline_guard.watched_file import WatchedFile

Keys = Callable[[], dict[str, PublicKey]]
"""Gives the keys in force now, by their kid."""


def from_file(path: str | Path) -> Keys:
    """The keys of a file, read again when it changes; none while it is empty or gone.

    Raises OSError and ValueError at the start.
    """
    return WatchedFile[dict[str, PublicKey]](path, key_set, nothing={}).value


def key_set(content: bytes) -> dict[str, PublicKey]:
    """The keys that may sign assertions, by their kid.

    Keys of other kinds and uses are passed over (RFC 7517 section 5). Raises ValueError for what is not a key
    set, for a kid that comes twice and for an RSA key that is malformed, weak or private.
    """
    members = json_object(content).get("keys")
    if not isinstance(members, list):
        raise Malformed("a JWK set has a list of keys")
    keys: dict[str, PublicKey] = {}
    for jwk in members:
        if not isinstance(jwk, dict):
            raise Malformed("a JWK is an object")
        if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
            continue
        kid = jwk.get("kid")
        if not isinstance(kid, str) or kid in keys:
            raise Malformed("every key has a kid of its own")
        if "d" in jwk:
            raise Malformed("a service is not given private keys")
        keys[kid] = PublicKey(_number(jwk.get("n")), _number(jwk.get("e")))
    return keys


def _number(text: object) -> int:
    if not isinstance(text, str):
        raise Malformed("an RSA key has numbers n and e")
    return int.from_bytes(decoded(text.encode("ascii")), "big")
