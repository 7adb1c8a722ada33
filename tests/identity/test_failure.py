"""Statuses of failures, as load-balancers.md section 4 lists them."""

from __future__ import annotations

import pytest

from gateline.identity.failure import LoginFailed, Reason, known_error, page

STATUSES = {
    401: {
        "AuthUnauthenticated",
        "AuthMissingHostHeader",
        "AuthLoginTimeout",
        "AuthInvalidCookie",
        "AuthMissingCodeParam",
        "AuthMissingStateParam",
        "AuthInvalidStateParam",
        "AuthInvalidIdToken",
        "AuthInvalidTokenResponse",
        "AuthInvalidUserinfoResponse",
        "JWTInvalid",
    },
    561: {"AuthIdpError", "AuthInvalidGrantError", "AuthTokenEpRequestFailed", "AuthUserinfoEpRequestFailed"},
    500: {
        "AuthTokenEpRequestFailed",
        "AuthTokenEpRequestTimeout",
        "AuthUserinfoEpRequestFailed",
        "AuthUserinfoEpRequestTimeout",
        "AuthUserinfoResponseSizeExceeded",
        "ELBAuthUserClaimsSizeExceeded",
        "JWKSRequestFailed",
        "AuthUnhandledException",
    },
}


@pytest.mark.parametrize("status", STATUSES)
def test_every_reason_has_its_status(status: int) -> None:
    assert {reason.text for reason in Reason if reason.status == status} == STATUSES[status]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_page(reason: Reason) -> None:
    text = page(reason.status).decode()
    assert text.startswith(f"<html>\r\n<head><title>{reason.status} ")
    assert text.endswith("</h1></center>\r\n</body>\r\n</html>\r\n")


def test_a_failure_says_its_reason() -> None:
    assert str(LoginFailed(Reason.TOKEN_TIMEOUT)) == "AuthTokenEpRequestTimeout"
    assert str(LoginFailed(Reason.TOKEN_STATUS, "status 302")) == "AuthTokenEpRequestFailed: status 302"


@pytest.mark.parametrize("error", ["<script>", "", None, ["access_denied"], 1, "access_denied\r\nx"])
def test_only_errors_of_the_specifications_are_shown(error: object) -> None:
    assert known_error(error) == ""
    assert known_error("access_denied") == "access_denied"
