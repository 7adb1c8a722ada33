"""What providers answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.provider_answer import UNSAID_SECONDS, claims_of, is_refusal, tokens_of

GOOD: dict[str, Any] = {
    "access_token": "at-secret",
    "id_token": "it-secret",
    "refresh_token": "rt-secret",
    "token_type": "Bearer",
    "expires_in": 300,
}


def answer(**changed: Any) -> bytes:
    return json.dumps({name: value for name, value in (GOOD | changed).items() if value is not ...}).encode()


def test_tokens_are_read() -> None:
    found = tokens_of(200, answer())
    assert (found.access_token, found.id_token, found.refresh_token, found.seconds) == (
        "at-secret",
        "it-secret",
        "rt-secret",
        300,
    )
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("300", 300),
        (..., UNSAID_SECONDS),
        (None, UNSAID_SECONDS),
        (0, 1),
        (-5, 1),
        (59.9, 59),
        (10**14, 316_224_000),
    ],
)
def test_lives_of_tokens(said: object, seconds: int) -> None:
    assert tokens_of(200, answer(expires_in=said)).seconds == seconds


@pytest.mark.parametrize(
    "changed",
    [
        {"access_token": ...},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "a b"},
        {"access_token": "a\r\nx: y"},
        {"access_token": "\u00e9"},
        {"token_type": "DPoP"},
        {"token_type": 1},
        {"refresh_token": 1},
        {"refresh_token": "\ud800"},
        {"id_token": ["x"]},
        {"id_token": "\u00e9"},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires_in": 1e300},
    ],
    ids=str,
)
def test_answers_that_are_none(changed: dict[str, Any]) -> None:
    with pytest.raises(LoginFailed) as failed:
        tokens_of(200, answer(**changed))
    assert failed.value.reason is Reason.INVALID_TOKEN_RESPONSE
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null"])
def test_no_json_is_no_answer(body: bytes) -> None:
    with pytest.raises(LoginFailed) as failed:
        tokens_of(200, body)
    assert failed.value.reason is Reason.INVALID_TOKEN_RESPONSE


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"error":"invalid_grant"}', Reason.INVALID_GRANT),
        (400, b'{"error":"invalid_request"}', Reason.TOKEN_STATUS),
        (401, b'{"error":["invalid_grant"]}', Reason.TOKEN_STATUS),
        (302, b"", Reason.TOKEN_STATUS),
        (503, b"busy", Reason.TOKEN_STATUS),
    ],
)
def test_a_status_other_than_2xx_is_an_error_of_the_provider(
    status: int, body: bytes, reason: Reason
) -> None:
    with pytest.raises(LoginFailed) as failed:
        tokens_of(status, body)
    assert failed.value.reason is reason
    assert reason.status == 561


def test_claims_are_those_of_the_subject() -> None:
    assert claims_of(200, b'{"sub": "ada", "name": "\xc3\x89"}', "ada") == '{"sub":"ada","name":"É"}'.encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"sub":"grace"}', Reason.INVALID_USER_INFO),
        (b'{"name":"ada"}', Reason.INVALID_USER_INFO),
        (b'{"sub":["ada"]}', Reason.INVALID_USER_INFO),
        (b"eyJ.jwt.x", Reason.INVALID_USER_INFO),
        (b'{"sub":"ada","x":"\\ud800"}', Reason.INVALID_USER_INFO),
        (b'{"sub":"ada","x":1e999}', Reason.INVALID_USER_INFO),
    ],
)
def test_claims_of_somebody_else_are_refused(body: bytes, reason: Reason) -> None:
    with pytest.raises(LoginFailed) as failed:
        claims_of(200, body, "ada")
    assert failed.value.reason is reason


def test_a_user_info_endpoint_that_refuses_is_an_error_of_the_provider() -> None:
    with pytest.raises(LoginFailed) as failed:
        claims_of(503, b"", "ada")
    assert failed.value.reason.status == 561


@pytest.mark.parametrize(
    ("status", "refuses"), [(400, True), (401, True), (429, False), (500, False), (302, False)]
)
def test_what_refuses_for_good(status: int, refuses: bool) -> None:
    assert is_refusal(status) is refuses
