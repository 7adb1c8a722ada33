"""The keys that sign assertions: made, kept in the vault, and changed without a request that a service refuses.

A key is shown to services before it signs, and still shown after it has signed its last token: whoever verifies
knows every key whose tokens are on their way.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateline.errors import GatelineError
from gateline.model.assertion import AssertionKey
from gateline.model.gateway import Gateway
from gateline.model.secret import Secret
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault
from gateline.services.task import JWKS_FILE, given_files

SHOWN_BEFORE: Final = timedelta(hours=1)
"""How long a key is shown before it signs, for those who fetch the key set now and then; half its time at most."""

SHOWN_AFTER: Final = timedelta(minutes=5)
"""How long a key is shown after another signs: a token lives a minute, and everybody must have changed over."""

_ONE_AT_A_TIME: Final = threading.Lock()
"""A reload may ask while a renewal does, each on a thread of its own: one would sign with a key that nobody kept."""

_KEPT_AS: Final = "assertion-keys"
_PUBLIC: Final = ("e", "kty", "n", "use", "alg", "kid")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    jwk: dict[str, str]
    since: datetime  # when it signs, if no younger one does
    pem: bytes = field(repr=False)


def signing(gateway: Gateway, state: StateDir, now: datetime) -> tuple[AssertionKey | None, bytes]:
    """The key that signs now, and the key set for services (RFC 7517); None and b"" if no stage wants any.

    Makes what is due; asked twice at one moment, it says the same.

    Raises:
        GatelineError: the vault cannot be read or written, or holds something else.

    """
    if not is_wanted(gateway):
        return None, b""
    # Only now: the library takes a tenth of the time of a start.
    from gateline.authority.assertion import key_set  # noqa: PLC0415

    vault = Vault(state)
    with _ONE_AT_A_TIME:
        kept = _read(vault)
        keys = _in_force(_with_next(kept, gateway.assertion_keys_every, now), now)
        if keys != kept:
            _write(vault, keys)
    key = _signer(keys, now)
    secret = Secret("the key of assertions", key.pem)
    return AssertionKey(kid=key.jwk["kid"], private_key=secret), key_set(each.jwk for each in keys)


def due(gateway: Gateway, state: StateDir, now: datetime) -> datetime | None:
    """When `signing` will say something else; None if no stage wants any, or if it has never been asked.

    Raises:
        GatelineError: the vault cannot be read, or holds something else.

    """
    keys = _read(Vault(state)) if is_wanted(gateway) else ()
    if not keys:
        return None
    moments = [_next_made(keys, gateway.assertion_keys_every)]
    moments += [key.since for key in keys if key.since > now]
    moments += [younger.since + SHOWN_AFTER for younger in keys[1:]]
    return min(moments)


def is_wanted(gateway: Gateway) -> bool:
    """Whether any stage's requests carry assertions, or anybody is shown who would sign them."""
    return (
        any(stage.assertion is not None for api in gateway.apis for stage in api.stages)
        or any(JWKS_FILE in given_files(service) for service in gateway.services)
        or bool(gateway.jwks_path)
    )


def _with_next(keys: tuple[_Key, ...], every: timedelta, now: datetime) -> tuple[_Key, ...]:
    """The keys, the oldest first, with one more if it is time for one; the first of all signs at once."""
    if keys and now < _next_made(keys, every):
        return keys
    from gateline.authority.assertion import jwk, make_key  # noqa: PLC0415

    pem = make_key()
    since = now + _shown_before(every) if keys else now
    return (*keys, _Key(jwk=jwk(pem), since=since, pem=pem))


def _in_force(keys: tuple[_Key, ...], now: datetime) -> tuple[_Key, ...]:
    """Those that sign, will sign, or have signed what may still be on its way."""
    younger = (*(key.since for key in keys[1:]), now)
    return tuple(key for key, since in zip(keys, younger, strict=True) if now < since + SHOWN_AFTER)


def _signer(keys: tuple[_Key, ...], now: datetime) -> _Key:
    """The youngest whose time has come; if a clock was put back behind all of them, the oldest."""
    return next((key for key in reversed(keys) if key.since <= now), keys[0])


def _next_made(keys: tuple[_Key, ...], every: timedelta) -> datetime:
    return keys[-1].since + every - _shown_before(every)


def _shown_before(every: timedelta) -> timedelta:
    return min(SHOWN_BEFORE, every / 2)


def _read(vault: Vault) -> tuple[_Key, ...]:
    content = vault.read(_KEPT_AS)
    if content is None:
        return ()
    try:
        return tuple(
            _Key(
                jwk={name: str(each["jwk"][name]) for name in _PUBLIC},
                since=datetime.fromisoformat(each["since"]),
                pem=each["key"].encode("ascii"),
            )
            for each in json.loads(content)
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise GatelineError("the keys of assertions in the vault are not what this version keeps") from None


def _write(vault: Vault, keys: tuple[_Key, ...]) -> None:
    members = [
        {"jwk": key.jwk, "since": key.since.isoformat(), "key": key.pem.decode("ascii")} for key in keys
    ]
    vault.write(_KEPT_AS, json.dumps(members).encode())


def kept_signer(vault: Vault, now: datetime) -> AssertionKey | None:
    """The key that signs now, for `gateline prove`, which makes none; None: there is none.

    Raises:
        GatelineError: the vault cannot be read, or holds something else.

    """
    keys = _read(vault)
    if not keys:
        return None
    key = _signer(keys, now)
    return AssertionKey(kid=key.jwk["kid"], private_key=Secret("the key of assertions", key.pem))
