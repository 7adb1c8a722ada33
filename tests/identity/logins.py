"""A login, and keys, for tests of this room and of the host."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from gateline.host.configuration import NOWHERE
from gateline.identity.seals import Seals
from gateline.identity.session import Session
from gateline.model.hosting import HostedLogin
from gateline.model.login import OidcLogin
from gateline.model.secret import SecretRef

SIGNER: Final = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/0123456789abcdef"
KEY: Final = bytes(range(32))
NOW: Final = 1_700_000_000


def oidc(**changed: Any) -> OidcLogin:
    """A login at id.example.com."""
    made = OidcLogin(
        issuer="https://id.example.com",
        authorization_endpoint="https://id.example.com/auth",
        token_endpoint="https://id.example.com/token",
        user_info_endpoint="https://id.example.com/me",
        client_id="shop",
        client_secret=SecretRef("CLIENT_SECRET"),
        scope="openid email",
        session_timeout=timedelta(hours=1),
        origin=NOWHERE,
    )
    return replace(made, **changed)


def hosted(name: str = "front:8443/10", *, signer: str = SIGNER, ca: str = "", **changed: Any) -> HostedLogin:
    """Such a login at a rule; the keywords are those of `oidc`."""
    return HostedLogin(name=name, oidc=oidc(**changed), client_secret="of-the-client", signer=signer, ca=ca)


def seals(*keys: bytes) -> Seals:
    """Seals with these keys."""
    return Seals(keys or (KEY,))


def session(**changed: Any) -> Session:
    """Ada's session."""
    made = Session(
        subject="ada",
        claims=b'{"sub":"ada"}',
        access_token="access",
        refresh_token="refresh",
        access_ends=NOW + 60,
        ends=NOW + 3600,
    )
    return replace(made, **changed)
