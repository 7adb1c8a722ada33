"""What the questions about one login are answered with."""

from __future__ import annotations

from gateline.host.login_rule import SealedRenewal, key_of
from gateline.host.token_exchange import Renewed
from identity.logins import session


def test_keys_tell_their_parts_apart() -> None:
    assert key_of("a", "bc") != key_of("ab", "c")
    assert key_of("a", "b") == key_of("a", "b")


def test_a_renewal_shows_nothing() -> None:
    shown = repr(SealedRenewal(Renewed(session=session(access_token="at-secret")), "sealed-secret"))
    assert "secret" not in shown
