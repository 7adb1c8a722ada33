"""Why a login fails, with the status and the page that the client gets (load-balancers.md sections 4 and 9)."""

from __future__ import annotations

from enum import Enum
from typing import Final

_ERRORS: Final = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_request_object",
        "invalid_request_uri",
        "invalid_scope",
        "login_required",
        "registration_not_supported",
        "request_not_supported",
        "request_uri_not_supported",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)


def known_error(error: object) -> str:
    """An error of RFC 6749 or OIDC Core by its name, or "": operators are shown no others, which anybody may say."""
    return error if isinstance(error, str) and error in _ERRORS else ""


class Reason(Enum):
    """Amazon's `error_reason`, as access logs have it, and the status.

    561 is for what the provider itself calls an error; an answer of it that cannot be right, and whatever is wrong
    with what the browser brings, is 401; what keeps us from asking it is 500.
    """

    UNAUTHENTICATED = ("AuthUnauthenticated", 401)
    NO_HOST = ("AuthMissingHostHeader", 401)
    LOGIN_TIMEOUT = ("AuthLoginTimeout", 401)
    INVALID_COOKIE = ("AuthInvalidCookie", 401)
    MISSING_CODE = ("AuthMissingCodeParam", 401)
    MISSING_STATE = ("AuthMissingStateParam", 401)
    INVALID_STATE = ("AuthInvalidStateParam", 401)
    INVALID_ID_TOKEN = ("AuthInvalidIdToken", 401)
    INVALID_TOKEN_RESPONSE = ("AuthInvalidTokenResponse", 401)
    INVALID_USER_INFO = ("AuthInvalidUserinfoResponse", 401)
    INVALID_JWT = ("JWTInvalid", 401)
    PROVIDER_ERROR = ("AuthIdpError", 561)
    INVALID_GRANT = ("AuthInvalidGrantError", 561)
    TOKEN_STATUS = ("AuthTokenEpRequestFailed", 561)
    USER_INFO_STATUS = ("AuthUserinfoEpRequestFailed", 561)
    TOKEN_FAILED = ("AuthTokenEpRequestFailed", 500)
    TOKEN_TIMEOUT = ("AuthTokenEpRequestTimeout", 500)
    USER_INFO_FAILED = ("AuthUserinfoEpRequestFailed", 500)
    USER_INFO_TIMEOUT = ("AuthUserinfoEpRequestTimeout", 500)
    USER_INFO_SIZE = ("AuthUserinfoResponseSizeExceeded", 500)
    CLAIMS_SIZE = ("ELBAuthUserClaimsSizeExceeded", 500)
    JWKS_UNAVAILABLE = ("JWKSRequestFailed", 500)
    UNHANDLED = ("AuthUnhandledException", 500)

    def __init__(self, text: str, status: int) -> None:
        self.text = text
        self.status = status


class LoginFailed(Exception):
    """A login, or a request of somebody logged in, ends here. `detail`: for the operator, without any value."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.text}: {detail}" if detail else reason.text)
        self.reason = reason


_TITLES: Final = {
    401: "401 Authorization Required",
    404: "404 Not Found",
    405: "405 Not Allowed",
    500: "500 Internal Server Error",
    561: "561 Authentication Error",
}


def page(status: int) -> bytes:
    """The balancer's own page of a status that this room answers with."""
    title = _TITLES[status]
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    ).encode()
