"""A session: who logged in, what the provider said about them, and its tokens. Sealed, it is the session cookie."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.seals import Seals
from gateline.model.hosting import HostedLogin

LARGEST_SESSION: Final = 11 * 1024
"""Bytes of claims and tokens (load-balancers.md section 4, step 6)."""

_FIELDS: Final = 6
_PORT: Final = re.compile(r":[0-9]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Times in seconds since the epoch."""

    subject: str = field(repr=False)
    claims: bytes = field(repr=False)  # JSON, as the provider's user info says
    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)  # "": it gave none
    access_ends: int  # when the access token does
    ends: int  # when the user must log in again, whatever happens

    def needs_refresh(self, now: float) -> bool:
        """Whether the access token has ended, and another can be had: without that, the session goes on."""
        return bool(self.refresh_token) and now >= self.access_ends

    def checked(self) -> Session:
        """The same session, if it is none too large.

        Raises:
            LoginFailed: it holds more than a session may.

        """
        size = len(self.claims) + len(self.access_token) + len(self.refresh_token)
        if size > LARGEST_SESSION:
            raise LoginFailed(Reason.CLAIMS_SIZE, f"claims and tokens of {size} bytes")
        return self


def purpose(login: HostedLogin, authority: str) -> str:
    """What a session is good for: a balancer, a name of cookies, a client of a provider, and a host.

    Rules with the same login share its sessions, as at Amazon. A cookie that one host's service has seen is none
    at another host, which the browser would not have sent it to either.
    """
    oidc = login.oidc
    assert oidc is not None
    parts = (
        login.signer,
        oidc.session_cookie_name,
        oidc.issuer,
        oidc.token_endpoint,
        oidc.user_info_endpoint,
        oidc.client_id,
        oidc.scope,
        _PORT.sub("", authority),
    )
    writer = NetstringWriter()
    writer.put("session", *parts)
    return writer.data.decode()


def sealed(session: Session, seals: Seals, purpose: str) -> str:
    """The session as browsers keep it."""
    writer = NetstringWriter()
    writer.put(
        session.subject,
        session.claims,
        session.access_token,
        session.refresh_token,
        session.access_ends,
        session.ends,
    )
    return seals.seal(writer.data, purpose=purpose)


def opened(text: str, seals: Seals, purpose: str) -> Session | None:
    """The session of a cookie; None: it is none of ours, or not for this."""
    plain = seals.open(text, purpose=purpose)
    if plain is None:
        return None
    try:
        fields = split(plain)
        if len(fields) != _FIELDS:
            return None
        subject, claims, access, refresh, access_ends, ends = fields
        return Session(
            subject=subject.decode(),
            claims=claims,
            access_token=access.decode(),
            refresh_token=refresh.decode(),
            access_ends=int(access_ends),
            ends=int(ends),
        )
    except (NetstringInvalid, ValueError):  # of another version
        return None


def ends_after(now: float, seconds: float) -> int:
    """The whole second in which something ends that lasts so long."""
    return math.floor(now + seconds)
