"""Login at a balancer: what stands before a rule's last action (load-balancers.md sections 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from gateline.model.origin import Origin
from gateline.model.secret import SecretRef

CALLBACK_PATH: Final = "/oauth2/idpresponse"
"""Where providers send browsers back to: intercepted at every listener with a login, before its rules."""

PUBLIC_KEYS_PATH: Final = "/.well-known/gateline/public-keys/"
"""Where the keys of `x-amzn-oidc-data` are shown, each behind this by its `kid`."""

NONCE_COOKIE: Final = "AWSALBAuthNonce"
"""The cookie that ties a login to the browser that began it."""

SESSION_COOKIE: Final = "AWSELBAuthSessionCookie"
"""How session cookies are named where nothing else is said; `-0`, `-1` and so on follow."""

MOST_SHARDS: Final = 4
"""Cookies that a session is spread over, at most."""


class OnUnauthenticated(StrEnum):
    """What becomes of a request without a session."""

    AUTHENTICATE = "authenticate"  # the client is sent to the provider
    ALLOW = "allow"  # it is let through, without x-amzn-oidc-* headers
    DENY = "deny"  # 401


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcLogin:
    """`authenticate-oidc`; also `authenticate-cognito`, whose endpoints are known."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str
    client_id: str
    client_secret: SecretRef | None  # None: a public client, as Cognito's may be
    session_cookie_name: str = SESSION_COOKIE
    scope: str = "openid"
    session_timeout: timedelta = timedelta(days=7)
    extra_params: tuple[tuple[str, str], ...] = ()  # of the authentication request
    on_unauthenticated: OnUnauthenticated = OnUnauthenticated.AUTHENTICATE
    ca: str = ""  # a file (absolute) with the authorities that certify the provider; "": the system's
    origin: Origin


class ClaimFormat(StrEnum):
    """How a claim of a token is written."""

    SINGLE_STRING = "single-string"
    STRING_ARRAY = "string-array"
    SPACE_SEPARATED_VALUES = "space-separated-values"


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtClaim:
    """A claim that a token must have: it holds when any of `values` is among its values."""

    name: str
    format: ClaimFormat
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtValidation:
    """`jwt-validation`: a bearer token, signed with RS256 by a key of `jwks_endpoint`."""

    jwks_endpoint: str
    issuer: str
    additional_claims: tuple[JwtClaim, ...] = ()
    ca: str = ""  # as OidcLogin.ca
    origin: Origin


Authentication = OidcLogin | JwtValidation
"""What a rule asks of its clients."""
