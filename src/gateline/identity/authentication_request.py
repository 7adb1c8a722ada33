"""The authentication request: where a browser is sent to log in (OIDC Core 3.1.2.1)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from gateline.identity.state import LoginState
from gateline.model.login import CALLBACK_PATH, OidcLogin

RESERVED_PARAMS: Final = frozenset(
    {
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)
"""What extra parameters must not be called: the flow's own, and those that would change how the code comes back."""


def redirect_uri(authority: str) -> str:
    """Where the provider sends browsers back to."""
    return f"https://{authority}{CALLBACK_PATH}"


def authentication_request(oidc: OidcLogin, state: LoginState, sealed_state: str) -> str:
    """The URL. Reserved names among the extra parameters are left out."""
    parameters = [
        ("client_id", oidc.client_id),
        ("redirect_uri", redirect_uri(state.authority)),
        ("response_type", "code"),
        ("scope", oidc.scope),
        ("state", sealed_state),
        ("nonce", state.nonce),
        ("code_challenge", state.challenge),
        ("code_challenge_method", "S256"),
        *(each for each in oidc.extra_params if each[0].lower() not in RESERVED_PARAMS),
    ]
    between = "&" if urlsplit(oidc.authorization_endpoint).query else "?"
    return f"{oidc.authorization_endpoint}{between}{urlencode(parameters, quote_via=quote)}"
