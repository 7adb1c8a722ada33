"""The keys of logins at balancers: what seals sessions and what signs x-amzn-oidc-data, made, kept and changed.

A key that was replaced still opens what it has sealed for as long as a session may last: a change of keys logs
nobody out. The public half of one that signed is shown for as long as somebody may ask for it.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateline.authority.seal import KEY_BYTES
from gateline.model.gateway import Gateway
from gateline.model.login import OidcLogin
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault, not_ours

CHANGED_EVERY: Final = timedelta(days=7)
"""How often the keys are changed; less often where sessions last so long that this would be many keys."""

SHOWN_AFTER: Final = timedelta(hours=1)
"""How long a public key is shown after another signs: its last token lives for two minutes."""

_MOST_KEYS: Final = 8
_MARGIN: Final = timedelta(days=1)  # for clocks
_ONE_AT_A_TIME: Final = threading.Lock()
"""A reload may ask while a renewal does, each on a thread of its own: one would seal with a key that nobody kept."""

_KEPT_AS: Final = "login-keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginKeys:
    """The keys that count now, the newest first, as `Keyring` has them."""

    session_keys: tuple[str, ...] = field(default=(), repr=False)
    claims_keys: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A key of each kind, made at a time."""

    since: datetime
    session: str = field(repr=False)
    kid: str
    claims: str = field(repr=False)


def login_keys(gateway: Gateway, state: StateDir, now: datetime) -> LoginKeys:
    """The keys of a gateway's logins; none, if no balancer has any.

    Makes what is due; asked twice at one moment, it says the same.

    Raises:
        GatelineError: the vault cannot be read or written, or holds something else.

    """
    longest = _longest(gateway)
    if longest is None:
        return LoginKeys()
    vault = Vault(state)
    with _ONE_AT_A_TIME:
        kept = _read(vault)
        pairs = _in_force(_with_next(kept, longest, now), longest, now)
        if pairs != kept:
            _write(vault, pairs)
    shown = [pair for pair, replaced in _ages(pairs) if replaced is None or now < replaced + SHOWN_AFTER]
    return LoginKeys(
        session_keys=tuple(pair.session for pair in reversed(pairs)),
        claims_keys=tuple((pair.kid, pair.claims) for pair in reversed(shown)),
    )


def due(gateway: Gateway, state: StateDir, now: datetime) -> datetime | None:
    """When `login_keys` will say something else; None if there are no logins, or if it has never been asked.

    Raises:
        GatelineError: the vault cannot be read, or holds something else.

    """
    longest = _longest(gateway)
    pairs = _read(Vault(state)) if longest is not None else ()
    if longest is None or not pairs:
        return None
    replaced = [moment for _, moment in _ages(pairs) if moment is not None]
    moments = [pairs[-1].since + _every(longest)]
    moments += [moment + SHOWN_AFTER for moment in replaced if moment + SHOWN_AFTER > now]
    moments += [moment + _opened_for(longest) for moment in replaced]
    return min(moments)


def _longest(gateway: Gateway) -> timedelta | None:
    """The longest that a session lasts; None: nobody can log in."""
    return max((login.session_timeout for login in _logins(gateway)), default=None)


def _logins(gateway: Gateway) -> Iterator[OidcLogin]:
    for balancer in gateway.load_balancers:
        for listener in balancer.listeners:
            asked = (rule.authentication for rule in listener.rules)
            yield from (each for each in asked if isinstance(each, OidcLogin))


def _every(longest: timedelta) -> timedelta:
    return max(CHANGED_EVERY, longest / _MOST_KEYS)


def _opened_for(longest: timedelta) -> timedelta:
    return longest + _MARGIN


def _with_next(pairs: tuple[_Pair, ...], longest: timedelta, now: datetime) -> tuple[_Pair, ...]:
    """The pairs, the oldest first, with one more if it is time for one; it counts at once."""
    if pairs and now < pairs[-1].since + _every(longest):
        return pairs
    # Only now: the library takes a tenth of the time of a start.
    from gateline.identity.claims_token import make_key  # noqa: PLC0415

    made = _Pair(since=now, session=os.urandom(KEY_BYTES).hex(), kid=str(uuid.uuid4()), claims=make_key())
    return (*pairs, made)


def _in_force(pairs: tuple[_Pair, ...], longest: timedelta, now: datetime) -> tuple[_Pair, ...]:
    """Those that open what may still be kept somewhere."""
    return tuple(
        pair for pair, replaced in _ages(pairs) if replaced is None or now < replaced + _opened_for(longest)
    )


def _ages(pairs: tuple[_Pair, ...]) -> Iterator[tuple[_Pair, datetime | None]]:
    """Each pair, with the moment since when another one is used; None: it is used now."""
    younger: tuple[datetime | None, ...] = (*(pair.since for pair in pairs[1:]), None)
    return zip(pairs, younger, strict=True) if pairs else iter(())


def _read(vault: Vault) -> tuple[_Pair, ...]:
    content = vault.read(_KEPT_AS)
    if content is None:
        return ()
    try:
        found = tuple(
            _Pair(
                since=datetime.fromisoformat(each["since"]),
                session=bytes.fromhex(each["session"]).hex(),
                kid=str(each["kid"]),
                claims=str(each["claims"]),
            )
            for each in json.loads(content)
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise not_ours(_KEPT_AS) from None
    if any(len(pair.session) != 2 * KEY_BYTES or pair.since.tzinfo is None for pair in found):
        raise not_ours(_KEPT_AS)
    return found


def _write(vault: Vault, pairs: tuple[_Pair, ...]) -> None:
    members = [
        {"since": pair.since.isoformat(), "session": pair.session, "kid": pair.kid, "claims": pair.claims}
        for pair in pairs
    ]
    vault.write(_KEPT_AS, json.dumps(members).encode())
