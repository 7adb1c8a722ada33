"""What the questions about one login are answered with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from gateline.host.once import Once
from gateline.host.token_exchange import Renewed, TokenExchange
from gateline.identity.claims_token import ClaimsSigner
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


def key_of(*parts: str) -> bytes:
    """By what work of `Once` is known."""
    return hashlib.sha256("\0".join(parts).encode()).digest()
