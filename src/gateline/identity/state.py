"""The state of a login that is under way: what the browser brings back from the provider, sealed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from gateline.dataplane.netstring import NetstringInvalid, NetstringWriter, split
from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.seals import Seals

LOGIN_SECONDS: Final = 15 * 60
"""How long a client may take to log in."""

LONGEST_TARGET: Final = 4096
"""Characters of a path with its query to which a login leads back: providers take URLs of 8 kB or so, with all of
the state in it."""

_PURPOSE: Final = "login state"
_FIELDS: Final = 7
_VISIBLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_KEPT: Final = "".join(char for char in _VISIBLE if char not in '"#<>\\^`{|}')
_AUTHORITY: Final = re.compile(r"(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginState:
    """A login that has begun."""

    login: str  # HostedLogin.name
    authority: str  # the host (and port) at which it began, lower case
    target: str  # the path with its query to which it leads back
    nonce: str = field(repr=False)  # which the ID token must repeat
    verifier: str = field(repr=False)  # PKCE (RFC 7636)
    browser: str = field(repr=False)  # digest of the nonce cookie
    ends: int  # seconds since the epoch

    @property
    def location(self) -> str:
        """Where the browser goes when it is done: never another host than where it began."""
        return f"https://{self.authority}{self.target}"

    @property
    def challenge(self) -> str:
        """PKCE's `code_challenge`, of method S256."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


def begun(login: str, authority: str, path: str, browser_nonce: str, now: float) -> LoginState:
    """A login that begins now.

    Args:
        login: its name.
        authority: as `checked_authority` has it.
        path: of the request that needs it, with its query; its bytes as Latin-1.
        browser_nonce: the value of the nonce cookie.
        now: seconds since the epoch.

    """
    return LoginState(
        login=login,
        authority=authority,
        target=_target(path),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(32),
        browser=_digest(browser_nonce),
        ends=int(now) + LOGIN_SECONDS,
    )


def new_browser_nonce() -> str:
    """A value for the nonce cookie."""
    return secrets.token_urlsafe(32)


def sealed(state: LoginState, seals: Seals) -> str:
    """The state as the provider and the browser see it."""
    writer = NetstringWriter()
    writer.put(
        state.login, state.authority, state.target, state.nonce, state.verifier, state.browser, state.ends
    )
    return seals.seal(writer.data, purpose=_PURPOSE)


def opened(text: str, seals: Seals, *, authority: str, browser_nonce: str, now: float) -> LoginState:
    """The state that a browser brings back, if it is the one that was given it, at that host.

    Raises:
        LoginFailed: it is not, or it took too long.

    """
    plain = seals.open(text, purpose=_PURPOSE)
    if plain is None:
        raise LoginFailed(Reason.INVALID_STATE)
    try:
        fields = [each.decode() for each in split(plain)]
        if len(fields) != _FIELDS:
            raise LoginFailed(Reason.INVALID_STATE)
        login, begun_at, target, nonce, verifier, browser, ends = fields
        state = LoginState(
            login=login,
            authority=begun_at,
            target=target,
            nonce=nonce,
            verifier=verifier,
            browser=browser,
            ends=int(ends),
        )
    except (NetstringInvalid, ValueError):
        raise LoginFailed(Reason.INVALID_STATE) from None
    if now >= state.ends:
        raise LoginFailed(Reason.LOGIN_TIMEOUT)
    if state.authority != authority or not hmac.compare_digest(state.browser, _digest(browser_nonce)):
        raise LoginFailed(Reason.INVALID_STATE)
    return state


def checked_authority(authority: str) -> str:
    """The Host of a request, lower case.

    Raises:
        LoginFailed: there is none (HTTP/1.0), or nothing that may stand in a URL.

    """
    lowered = authority.lower()
    if not _AUTHORITY.fullmatch(lowered):
        raise LoginFailed(Reason.NO_HOST)
    return lowered


def _target(path: str) -> str:
    """A path with its query, so that it may stand in a Location behind the host; of a long one what fits."""
    if not path.startswith("/"):  # `OPTIONS *`
        return "/"
    for candidate in (path, path.partition("?")[0]):
        text = quote(candidate.encode("latin-1"), safe=_KEPT)
        if len(text) <= LONGEST_TARGET:
            return text
    return "/"


def _digest(browser_nonce: str) -> str:
    return _text(hashlib.sha256(browser_nonce.encode()).digest())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
