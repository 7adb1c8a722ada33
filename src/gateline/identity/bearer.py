"""jwt-validation: bearer tokens, judged by the keys of their issuer (load-balancers.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact, extract_compact

from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.json_object import is_number, json_object
from gateline.model.login import ClaimFormat, JwtClaim, JwtValidation

LARGEST_KEY_SET: Final = 150 * 1024
"""Bytes of a JWKS."""

MOST_KEYS: Final = 10
LONGEST_TOKEN: Final = 16 * 1024
"""Characters: of a header that is longer nothing comes through a balancer."""

_SMALLEST_KEY_BITS: Final = 2048  # RFC 7518 section 3.3
_SKEW_SECONDS: Final = 60
"""How far the issuer's clock may be ahead."""

_ALGORITHM: Final = "RS256"
_SCHEME: Final = "bearer "
_REGISTRY: Final = JWSRegistry(algorithms=[_ALGORITHM])
_NO_KEY_SET: Final = "no key set"


class KeySet:
    """The keys of a JWKS that verify RS256.

    Raises:
        LoginFailed: it is no JWKS, or has more keys than are allowed.

    """

    def __init__(self, text: bytes) -> None:
        listed = (json_object(text) or {}).get("keys")
        if len(text) > LARGEST_KEY_SET or not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise LoginFailed(Reason.JWKS_UNAVAILABLE, _NO_KEY_SET)
        found = (_key(each) for each in listed)
        self._keys = tuple(each for each in found if each is not None)

    def candidates(self, kid: str | None) -> tuple[RSAKey, ...]:
        """The keys that a token with this `kid` may be signed with; all, for one that names none."""
        return tuple(key for name, key in self._keys if kid is None or name == kid)


def token_in(authorization: str) -> str:
    """The token of an Authorization header.

    Raises:
        LoginFailed: there is none.

    """
    token = authorization[len(_SCHEME) :].strip(" ")
    if authorization[: len(_SCHEME)].lower() != _SCHEME or not token or len(token) > LONGEST_TOKEN:
        raise LoginFailed(Reason.INVALID_JWT, "no bearer token")
    return token


def is_canonical(authorization: str, token: str) -> bool:
    """Whether no more stands in the header than the scheme, a space and the token."""
    return len(authorization) == len(_SCHEME) + len(token)


def kid_of(token: str) -> str | None:
    """The `kid` that a token names; None: it names none.

    Raises:
        LoginFailed: it is no JWT of RS256.

    """
    try:
        head = extract_compact(token.encode()).headers()
    except (JoseError, ValueError, RecursionError):
        raise LoginFailed(Reason.INVALID_JWT, "no JWT") from None
    kid = head.get("kid")
    if head.get("alg") != _ALGORITHM or "b64" in head or "crit" in head:
        raise LoginFailed(Reason.INVALID_JWT, "alg")
    if kid is not None and not isinstance(kid, str):
        raise LoginFailed(Reason.INVALID_JWT, "kid")
    return kid


def ends_of(token: str, candidates: Sequence[RSAKey], asked: JwtValidation, now: float) -> float:
    """Until when a token is good (seconds since the epoch), if it is.

    Raises:
        LoginFailed: it is not.

    """
    for key in candidates:
        try:
            payload = deserialize_compact(token, key, registry=_REGISTRY).payload
        except (JoseError, ValueError, RecursionError):
            continue
        claims = json_object(payload or b"")
        if claims is None:
            break
        return _judged(claims, asked, now)
    raise LoginFailed(Reason.INVALID_JWT, "signature")


def _judged(claims: Mapping[str, Any], asked: JwtValidation, now: float) -> float:
    if claims.get("iss") != asked.issuer:
        raise LoginFailed(Reason.INVALID_JWT, "iss")
    if not is_number(claims.get("exp")) or now >= claims["exp"]:
        raise LoginFailed(Reason.INVALID_JWT, "exp")
    for name in ("nbf", "iat"):
        if name in claims and (not is_number(claims[name]) or claims[name] > now + _SKEW_SECONDS):
            raise LoginFailed(Reason.INVALID_JWT, name)
    if not all(_holds(each, claims.get(each.name)) for each in asked.additional_claims):
        raise LoginFailed(Reason.INVALID_JWT, "a claim")
    return float(claims["exp"])


def _holds(asked: JwtClaim, found: object) -> bool:
    """Whether any of the values is there, in a claim of the format that was asked for."""
    match asked.format:
        case ClaimFormat.SINGLE_STRING:
            return isinstance(found, str) and found in asked.values
        case ClaimFormat.STRING_ARRAY:
            return isinstance(found, list) and any(
                isinstance(each, str) and each in asked.values for each in found
            )
        case ClaimFormat.SPACE_SEPARATED_VALUES:
            return isinstance(found, str) and not set(found.split(" ")).isdisjoint(asked.values)


def _key(found: object) -> tuple[str, RSAKey] | None:
    """A key of the set, with its name; None: one for something else."""
    if not isinstance(found, dict) or found.get("kty") != "RSA":
        return None
    if found.get("use", "sig") != "sig" or found.get("alg", _ALGORITHM) != _ALGORITHM:
        return None
    numbers = {name: found.get(name) for name in ("kty", "n", "e")}
    if not all(isinstance(number, str) for number in numbers.values()):
        return None
    if len(str(numbers["n"])) * 6 < _SMALLEST_KEY_BITS:  # base64url; before the library warns of it
        return None
    try:
        key = RSAKey.import_key({name: str(number) for name, number in numbers.items()})
    except (JoseError, ValueError, OverflowError):
        return None
    kid = found.get("kid")
    return (kid if isinstance(kid, str) else "", key)
