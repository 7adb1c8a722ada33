"""Cookies of logins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.identity.cookies import (
    LARGEST_SHARD,
    is_cross_origin,
    joined,
    nonce_of,
    parsed,
    session_cookies,
    set_cookie,
    shards,
)
from identity.logins import NOW

NAME = "AWSELBAuthSessionCookie"


@given(
    sealed=st.text(alphabet="abcXYZ019-_", min_size=1, max_size=17_000),
    name=st.sampled_from([NAME, "s", "n" * 90]),
)
def test_shards_are_joined_to_what_was_cut(sealed: str, name: str) -> None:
    pieces = shards(name, sealed)
    if pieces is None:
        assert len(sealed) > 4 * (LARGEST_SHARD - len(name) - 3) - 2
        return
    cookies = {f"{name}-{number}": piece for number, piece in enumerate(pieces)}
    assert all(len(f"{cookie}={piece}") <= LARGEST_SHARD for cookie, piece in cookies.items())
    assert joined(cookies, name) == sealed
    assert joined({**cookies, f"{name}-{len(pieces)}": "stale"}, name) == sealed
    if len(pieces) > 1:
        del cookies[f"{name}-1"]
        assert joined(cookies, name) == ""


@pytest.mark.parametrize("first", ["", "abc", "0.abc", "5.abc", "x.abc", "10.abc", "²."])
def test_a_first_shard_without_a_count_is_no_session(first: str) -> None:
    assert joined({f"{NAME}-0": first}, NAME) == ""


def test_without_a_first_shard_there_is_none() -> None:
    assert joined({f"{NAME}-1": "abc"}, NAME) is None


def test_a_name_that_leaves_no_room_fits_nothing() -> None:
    assert shards("n" * LARGEST_SHARD, "abc") is None


def test_a_cookie_says_all_its_attributes() -> None:
    assert set_cookie("a-0", "v", NOW, cross_origin=False) == (
        "a-0=v; Expires=Tue, 14 Nov 2023 22:13:20 GMT; Path=/; Secure; HttpOnly"
    )
    assert set_cookie("a-0", "v", NOW, cross_origin=True).endswith("; Secure; HttpOnly; SameSite=None")


def test_a_shorter_session_expires_what_a_longer_one_left() -> None:
    given = {f"{NAME}-0": "3.a", f"{NAME}-1": "b", f"{NAME}-2": "c", "other": "d"}
    set_now = session_cookies(NAME, ("1.new",), given, NOW, cross_origin=False)
    assert [each.partition(";")[0] for each in set_now] == [f"{NAME}-0=1.new", f"{NAME}-1=", f"{NAME}-2="]
    assert "Expires=Tue, 21 Nov 2023 22:13:20 GMT" in set_now[0]  # seven days
    assert "Expires=Thu, 01 Jan 1970" in set_now[1]


def test_of_two_cookies_by_one_name_the_first_counts() -> None:
    assert parsed("a=1; b=2;a=3; c; =x; d=") == {"a": "1", "b": "2", "": "x", "d": ""}


@pytest.mark.parametrize(
    ("origin", "mode", "expected"),
    [
        ("", "", False),
        ("", "cors", False),
        ("https://shop.example.com", "cors", False),
        ("https://SHOP.example.com", "", False),
        ("https://other.example.com", "cors", True),
        ("https://other.example.com", "", True),
        ("null", "cors", True),
        ("https://other.example.com", "navigate", False),
    ],
)
def test_a_request_of_another_sites_page_is_cross_origin(origin: str, mode: str, expected: bool) -> None:
    assert is_cross_origin("https", "shop.example.com", origin, mode) is expected


@pytest.mark.parametrize(("value", "kept"), [("n" * 43, True), ("n" * 42, False), ("n" * 42 + "!", False)])
def test_a_nonce_of_another_form_is_none(value: str, kept: bool) -> None:
    assert bool(nonce_of({"AWSALBAuthNonce": value})) is kept
    assert nonce_of({}) == ""
