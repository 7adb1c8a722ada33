"""What the questions about one login are answered with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateline.host.login_question import LoginQuestion
from gateline.host.once import Once
from gateline.host.token_exchange import Renewed, TokenExchange
from gateline.identity.claims_token import ClaimsSigner
from gateline.identity.cookies import is_cross_origin
from gateline.identity.seals import Seals
from gateline.identity.session import Session
from gateline.model.hosting import HostedLogin
from gateline.model.login import OidcLogin


@dataclass(frozen=True, slots=True)
class SealedRenewal:
    """A session after its refresh, as it is and as browsers keep it."""

    renewed: Renewed
    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRule:
    """A login, and what all logins share: keys, and what was asked of providers lately."""

    hosted: HostedLogin
    exchange: TokenExchange
    seals: Seals
    signer: ClaimsSigner
    renewals: Once[SealedRenewal]
    logins: Once[Session]

    @property
    def oidc(self) -> OidcLogin:
        """The login as the project says it."""
        assert self.hosted.oidc is not None
        return self.hosted.oidc


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A question about a login, as far as it is understood.

    `authority` is as `state.checked_authority` has it, `cookies` those that came, `now` in seconds since the epoch.
    """

    rule: LoginRule
    question: LoginQuestion
    authority: str
    cookies: Mapping[str, str]
    now: float

    @property
    def is_cross_origin(self) -> bool:
        """Whether cookies must be such that a page of another site sends them too."""
        asked = self.question
        return is_cross_origin(asked.scheme, self.authority, asked.origin, asked.mode)


def key_of(*parts: str) -> bytes:
    """By what work of `Once` is known."""
    return hashlib.sha256("\0".join(parts).encode()).digest()
