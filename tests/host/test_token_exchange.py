"""What is asked of a provider for a login; how its answers are judged is tested with the callbacks and sessions."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import replace

import pytest

from gateline.host.provider import Provider
from gateline.host.token_exchange import SessionOver, TokenExchange
from gateline.identity.failure import LoginFailed, Reason
from gateline.identity.state import begun
from gateline.model.hosting import HostedLogin
from harness.nasty_provider import NastyProvider, a_nasty_provider
from identity.logins import NOW, hosted, session


def rule(provider: NastyProvider) -> HostedLogin:
    return hosted(
        issuer=provider.issuer,
        token_endpoint=f"{provider.issuer}/token",
        user_info_endpoint=f"{provider.issuer}/me",
    )


def test_a_public_client_names_itself() -> None:
    async def run() -> None:
        asking = Provider()
        exchange = TokenExchange(replace(rule(provider), client_secret=""), asking, now=time.time)
        state = begun("front:443/10", "shop.example.com", "/", "n", time.time())
        provider.nonce = state.nonce
        held = await exchange.log_in(state, "code", "192.0.2.1")
        assert held.access_token == "access-1"
        token = provider.asked[0]
        assert "authorization" not in token.headers
        assert token.form["client_id"] == "shop"
        assert token.form["code_verifier"] == state.verifier
        await asking.close()

    with a_nasty_provider() as provider:
        asyncio.run(run())


def test_the_clients_name_and_secret_are_form_encoded() -> None:
    async def run() -> None:
        asking = Provider()
        given = replace(rule(provider), client_secret="a b:c/d+e%")
        exchange = TokenExchange(given, asking, now=lambda: NOW)
        with pytest.raises(SessionOver):
            await exchange.refresh(session(), "192.0.2.1")
        basic = provider.asked[0].headers["authorization"].removeprefix("Basic ")
        assert base64.b64decode(basic) == b"shop:a+b%3Ac%2Fd%2Be%25"
        assert provider.asked[0].form == {"grant_type": "refresh_token", "refresh_token": "refresh"}
        await asking.close()

    with a_nasty_provider() as provider:
        asyncio.run(run())


def test_a_provider_that_does_not_answer_in_time() -> None:
    async def run() -> None:
        asking = Provider(patience=0.05)
        exchange = TokenExchange(rule(provider), asking, now=lambda: NOW)
        provider.gate.clear()
        with pytest.raises(LoginFailed) as failed:
            await exchange.refresh(session(), "192.0.2.1")
        assert failed.value.reason is Reason.TOKEN_TIMEOUT
        await asking.close()

    with a_nasty_provider() as provider:
        asyncio.run(run())
