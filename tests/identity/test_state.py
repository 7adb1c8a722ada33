"""Logins that are under way."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.state import (
    LOGIN_SECONDS,
    LONGEST_TARGET,
    begun,
    checked_authority,
    new_browser_nonce,
    opened,
    sealed,
)
from identity.logins import KEY, NOW, seals

HOST = "shop.example.com"
NONCE = new_browser_nonce()


def refused(text: str, *, authority: str = HOST, nonce: str = NONCE, now: float = NOW) -> Reason:
    with pytest.raises(LoginFailed) as failed:
        opened(text, seals(), authority=authority, browser_nonce=nonce, now=now)
    return failed.value.reason


def test_a_state_comes_back_as_it_was() -> None:
    state = begun("front:443/10", HOST, "/orders?a=1", NONCE, NOW)
    assert (
        opened(sealed(state, seals()), seals(), authority=HOST, browser_nonce=NONCE, now=NOW + 899) == state
    )
    assert state.location == "https://shop.example.com/orders?a=1"


def test_it_is_good_for_fifteen_minutes_in_its_browser_at_its_host() -> None:
    text = sealed(begun("front:443/10", HOST, "/", NONCE, NOW), seals())
    assert refused(text, now=NOW + LOGIN_SECONDS) is Reason.LOGIN_TIMEOUT
    assert refused(text, nonce=new_browser_nonce()) is Reason.INVALID_STATE
    assert refused(text, nonce="") is Reason.INVALID_STATE
    assert refused(text, authority="other.example.com") is Reason.INVALID_STATE
    assert refused(text[:-2] + "AA") is Reason.INVALID_STATE
    assert refused("") is Reason.INVALID_STATE


@pytest.mark.parametrize(
    "plain", [b"", b"junk", b"1:a", b"1:a1:b1:c1:d1:e1:f1:g", b"1:\xff1:b1:c1:d1:e1:f1:1"]
)
def test_what_is_sealed_but_no_state_is_refused(plain: bytes) -> None:
    assert refused(seals().seal(plain, purpose="login state")) is Reason.INVALID_STATE


def test_a_session_is_no_state() -> None:
    assert refused(seals().seal(b"x", purpose="session")) is Reason.INVALID_STATE


def test_every_login_has_a_nonce_and_a_verifier_of_its_own() -> None:
    states = [begun("l", HOST, "/", NONCE, NOW) for _ in range(20)]
    assert len({state.nonce for state in states}) == len({state.verifier for state in states}) == 20
    assert all(43 <= len(state.verifier) <= 128 for state in states)  # RFC 7636 section 4.1


def test_the_challenge_is_that_of_the_rfc() -> None:
    from dataclasses import replace  # noqa: PLC0415

    state = replace(begun("l", HOST, "/", NONCE, NOW), verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert state.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(path=st.text(alphabet=st.characters(max_codepoint=255), max_size=300))
def test_no_path_leads_away_from_the_host(path: str) -> None:
    location = begun("l", HOST, path, NONCE, NOW).location
    assert location.isascii()
    assert location.isprintable()
    assert not set(location) & set(' "<>\\^`{|}#')
    parts = urlsplit(location)
    assert (parts.scheme, parts.netloc) == ("https", HOST)
    assert parts.path.startswith("/")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("//evil.example.com/a", "//evil.example.com/a"),  # behind the host: a path of that host
        ("/\\evil.example.com", "/%5Cevil.example.com"),
        ("/a\r\nSet-Cookie: b=c", "/a%0D%0ASet-Cookie:%20b=c"),
        ("/%2f%0d%0a?x=%41", "/%2f%0d%0a?x=%41"),
        ("*", "/"),
        ("https://evil.example.com/", "/"),
        ("/caf\xc3\xa9", "/caf%C3%A9"),
        ("/a?" + "q" * LONGEST_TARGET, "/a"),
        ("/" + "p" * LONGEST_TARGET, "/"),
    ],
)
def test_paths_are_kept_as_far_as_they_are_safe(path: str, target: str) -> None:
    assert begun("l", HOST, path, NONCE, NOW).target == target


@pytest.mark.parametrize(
    "authority", ["Shop.Example.com", "localhost:8443", "127.0.0.1", "[::1]:443", "a_b.test"]
)
def test_hosts_are_lower_case(authority: str) -> None:
    assert checked_authority(authority) == authority.lower()


@pytest.mark.parametrize(
    "authority", ["", "a b", "a/b", "a@b", "a\\b", "a\r\nb", "a:b", "[::1", "a?b", "\xe9.test", "a:123456"]
)
def test_what_is_no_host_is_refused(authority: str) -> None:
    with pytest.raises(LoginFailed) as failed:
        checked_authority(authority)
    assert failed.value.reason is Reason.NO_HOST


def test_nothing_secret_of_a_state_is_in_its_representation() -> None:
    state = begun("l", HOST, "/", NONCE, NOW)
    assert not any(secret in repr(state) for secret in (state.nonce, state.verifier, state.browser))
    assert KEY.hex() not in repr(seals())
