"""Sessions, and for what they are good."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.identity.cookies import shards
from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.session import LARGEST_SESSION, Session, ends_after, opened, purpose, sealed
from identity.logins import NOW, hosted, seals, session

AUTHORITY = "shop.example.com"
PURPOSE = purpose(hosted(), AUTHORITY)
VISIBLE = st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=300)


@given(
    subject=VISIBLE,
    claims=st.binary(max_size=500),
    access=VISIBLE,
    refresh=VISIBLE,
    ends=st.integers(0, 2**40),
)
def test_a_session_opens_as_it_was(subject: str, claims: bytes, access: str, refresh: str, ends: int) -> None:
    made = Session(
        subject=subject,
        claims=claims,
        access_token=access,
        refresh_token=refresh,
        access_ends=ends,
        ends=ends + 1,
    )
    assert opened(sealed(made, seals(), PURPOSE), seals(), PURPOSE) == made


@pytest.mark.parametrize(
    "changed",
    [
        {"signer": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/other/0"},
        {"session_cookie_name": "Other"},
        {"issuer": "https://other.example.com"},
        {"client_id": "other"},
        {"scope": "openid"},
        {"token_endpoint": "https://other.example.com/token"},
        {"user_info_endpoint": "https://other.example.com/me"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_session_of_one_login_is_none_of_another(changed: dict[str, Any]) -> None:
    other = purpose(hosted(**changed), AUTHORITY)
    assert opened(sealed(session(), seals(), PURPOSE), seals(), other) is None


def test_a_session_of_one_host_is_none_at_another() -> None:
    assert (
        opened(sealed(session(), seals(), PURPOSE), seals(), purpose(hosted(), "other.example.com")) is None
    )


@pytest.mark.parametrize("authority", ["[::1]", "[....]", "a:1", "a.", "_"])
def test_a_port_is_no_part_of_a_host(authority: str) -> None:
    host = authority.removesuffix(":1")
    assert purpose(hosted(), authority) == purpose(hosted(), f"{host}:8443") == purpose(hosted(), host)


def test_rules_with_the_same_login_share_sessions() -> None:
    assert purpose(hosted("front:9443/default"), f"{AUTHORITY}:9443") == PURPOSE


def test_parts_of_a_purpose_cannot_be_shifted() -> None:
    assert purpose(hosted(client_id="a", scope="b c"), AUTHORITY) != purpose(
        hosted(client_id="ab", scope=" c"), AUTHORITY
    )


@pytest.mark.parametrize(
    "plain", [b"", b"junk", b"3:ada", b"3:ada2:{}1:a1:r1:x1:y", b"1:\xff2:{}1:a1:r1:11:2"]
)
def test_a_session_of_another_version_is_none(plain: bytes) -> None:
    assert opened(seals().seal(plain, purpose=PURPOSE), seals(), PURPOSE) is None


def test_eleven_kilobytes_are_the_most_and_fit_into_four_cookies() -> None:
    full = session(claims=b"c" * (LARGEST_SESSION - 2000), access_token="a" * 1000, refresh_token="r" * 1000)
    pieces = shards("AWSELBAuthSessionCookie", sealed(full.checked(), seals(), PURPOSE))
    assert pieces is not None
    assert len(pieces) == 4
    with pytest.raises(LoginFailed) as failed:
        session(claims=full.claims + b"c", access_token="a" * 1000, refresh_token="r" * 1000).checked()
    assert failed.value.reason is Reason.CLAIMS_SIZE


def test_without_a_refresh_token_a_session_outlives_its_access_token() -> None:
    assert session().needs_refresh(NOW + 60)
    assert not session().needs_refresh(NOW + 59)
    assert not session(refresh_token="").needs_refresh(NOW + 61)


def test_no_secret_is_in_a_representation() -> None:
    shown = repr(
        session(access_token="a-secret", refresh_token="r-secret", claims=b"c-secret", subject="s-secret")
    )
    assert "secret" not in shown


def test_an_end_is_never_later_than_said() -> None:
    assert ends_after(10.9, 1.05) == 11
