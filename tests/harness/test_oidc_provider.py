"""The real provider of tests, as far as tests rest on it."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx2

from harness.oidc_provider import _form, a_provider, needs_provider, sign_in

pytestmark = needs_provider
VERIFIER = "v" * 43
REDIRECT = "https://shop.localhost:8443/oauth2/idpresponse"


def test_a_user_signs_in_and_the_code_becomes_tokens() -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    with a_provider(access_token_seconds=7) as provider:
        request = httpx2.URL(
            provider.authorization_endpoint,
            params={
                "client_id": "gateline",
                "redirect_uri": REDIRECT,
                "response_type": "code",
                "scope": "openid email",
                "state": "s",
                "nonce": "n",
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        callback = sign_in(str(request), "ada")
        assert callback.startswith(REDIRECT)
        [code] = parse_qs(urlsplit(callback).query)["code"]
        tokens = httpx2.post(
            provider.token_endpoint,
            auth=httpx2.BasicAuth("gateline", _form(provider.wanted.client_secret)),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT,
                "code_verifier": VERIFIER,
            },
            trust_env=False,
        ).json()
        assert tokens["expires_in"] == 7
        assert {"access_token", "id_token", "refresh_token"} <= set(tokens)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        told = httpx2.get(provider.user_info_endpoint, headers=bearer, trust_env=False).json()
        assert told == {"sub": "ada", "email": "ada@example.com", "email_verified": True}
        assert provider.grants("authorization_code", least=1) == 1


def test_a_machine_gets_a_signed_token() -> None:
    with a_provider() as provider:
        assert provider.token("read write").count(".") == 2
