"""ID tokens, judged (OIDC Core 3.1.3.7).

The token comes straight from the token endpoint, over TLS that was verified or on loopback; by point 6 of that
section this stands for its signature (decision 24). A token that says to have none is refused all the same.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any, Final

from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.json_object import is_number, json_object
from gateline.model.login import OidcLogin

LONGEST_SUBJECT: Final = 255
"""Characters (OIDC Core section 2)."""

_SKEW_SECONDS: Final = 300
"""How far the provider's clock may be ahead."""


def subject_of(token: str, oidc: OidcLogin, *, nonce: str | None, now: float) -> str:
    """Whom the token is about.

    Args:
        token: as the token endpoint answered.
        oidc: whose it must be.
        nonce: of the login; None: the token came with a refresh, which need not repeat it.
        now: seconds since the epoch.

    Raises:
        LoginFailed: it is not for us, not from there, not for this login, or over.

    """
    claims = _claims(token)
    if claims.get("iss") != oidc.issuer:
        raise _invalid("iss")
    _check_audience(claims, oidc.client_id)
    if not is_number(claims.get("exp")) or now >= claims["exp"]:
        raise _invalid("exp")
    if not is_number(claims.get("iat", now)) or claims.get("iat", now) > now + _SKEW_SECONDS:
        raise _invalid("iat")
    _check_nonce(claims.get("nonce"), nonce)
    subject = claims.get("sub")
    if not is_subject(subject):
        raise _invalid("sub")
    return str(subject)


def is_subject(value: object) -> bool:
    """Whether this can be a `sub`, and the value of a header."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_SUBJECT
        and value.isascii()
        and value.isprintable()
        and value == value.strip()
    )


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise _invalid("not three parts")
    head, claims = (json_object(_decoded(part)) for part in parts[:2])
    if head is None or claims is None:
        raise _invalid("no JSON")
    algorithm = head.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() == "none":
        raise _invalid("alg")
    return claims


def _check_audience(claims: dict[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if client_id not in listed:
        raise _invalid("aud")
    party = claims.get("azp")
    if (party is None and len(listed) > 1) or (party is not None and party != client_id):
        raise _invalid("azp")


def _check_nonce(found: object, nonce: str | None) -> None:
    if nonce is None:
        return
    if not isinstance(found, str) or not found.isascii() or not hmac.compare_digest(found, nonce):
        raise _invalid("nonce")


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""


def _invalid(what: str) -> LoginFailed:
    return LoginFailed(Reason.INVALID_ID_TOKEN, what)
