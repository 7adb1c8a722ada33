"""ID tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.id_token import is_subject, subject_of
from identity.logins import NOW, oidc

GOOD: dict[str, Any] = {
    "iss": "https://id.example.com",
    "aud": "shop",
    "exp": NOW + 60,
    "iat": NOW,
    "nonce": "n-1",
    "sub": "ada",
}


def part(members: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def token(head: object = None, **changed: Any) -> str:
    claims = {name: value for name, value in (GOOD | changed).items() if value is not ...}
    return f"{part(head or {'alg': 'RS256'})}.{part(claims)}.c2ln"


def refused(text: str, *, nonce: str | None = "n-1") -> str:
    with pytest.raises(LoginFailed) as failed:
        subject_of(text, oidc(), nonce=nonce, now=NOW)
    assert failed.value.reason is Reason.INVALID_ID_TOKEN
    return str(failed.value)


@pytest.mark.parametrize(
    "changed", [{}, {"aud": ["shop"]}, {"aud": ["shop", "x"], "azp": "shop"}, {"azp": "shop"}, {"iat": ...}]
)
def test_a_token_for_us_says_who_it_is(changed: dict[str, Any]) -> None:
    assert subject_of(token(**changed), oidc(), nonce="n-1", now=NOW) == "ada"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://id.example.com/"},
        {"iss": ...},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": ["shop", "other"]},
        {"aud": ...},
        {"aud": {"shop": 1}},
        {"azp": "other"},
        {"aud": ["shop", "other"], "azp": "other"},
        {"exp": NOW},
        {"exp": ...},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"iat": NOW + 3600},
        {"iat": "now"},
        {"nonce": "n-2"},
        {"nonce": ...},
        {"nonce": 1},
        {"nonce": "\u00e9"},
        {"nonce": "\ud800"},
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\r\nb"},
        {"sub": "a" * 256},
        {"sub": "\u00e9"},
    ],
    ids=str,
)
def test_any_other_is_refused(changed: dict[str, Any]) -> None:
    refused(token(**changed))


@pytest.mark.parametrize("head", [{"alg": "none"}, {"alg": "None"}, {"alg": 1}, {"typ": "JWT"}, [1]])
def test_a_token_that_says_to_have_no_signature_is_refused(head: object) -> None:
    refused(token(head))


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.b.c.d", "..", "e30.e30.", "!!.e30.c2ln", "e30.W10.c2ln", "é.é.é"]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    refused(text)


def test_a_token_of_a_refresh_need_not_repeat_the_nonce() -> None:
    assert subject_of(token(nonce=...), oidc(), nonce=None, now=NOW) == "ada"


def test_no_refusal_says_what_the_token_holds() -> None:
    assert "mallory" not in refused(token(iss="mallory", sub="mallory"))


@pytest.mark.parametrize("subject", ["auth0|1", "a b", "x" * 255, "https://id/1"])
def test_subjects(subject: str) -> None:
    assert is_subject(subject)


@pytest.mark.parametrize("subject", [" a", "a ", "\t", "", None])
def test_no_subjects(subject: object) -> None:
    assert not is_subject(subject)
