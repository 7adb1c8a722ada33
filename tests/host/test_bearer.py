"""Bearer tokens: how their issuer's keys are had. How tokens are judged: tests/identity."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from gateline.host.configuration import NOWHERE
from gateline.host.login import MOST_ASKED
from gateline.model.hosting import HostedLogin
from gateline.model.login import JwtValidation
from harness.nasty_provider import Answer, Asked, NastyProvider, a_nasty_provider
from host.login_bench import LoginBench, Reply

KEYS = {
    kid: RSAKey.import_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    for kid in ("k1", "k2")
}


def showing(*kids: str) -> Callable[[Asked], Answer]:
    """A JWKS of these keys."""
    keys = [{**KEYS[kid].as_dict(private=False), "kid": kid} for kid in kids]
    return lambda _: (200, {}, json.dumps({"keys": keys}).encode())


class Issuer(LoginBench):
    """Asks with tokens of a key."""

    async def bear(self, kid: str = "k1", *, named: str | None = None, **changed: Any) -> Reply:
        """The reply to a request with a token of this key, which may name another one."""
        text = self.token(kid, named=named, **changed)
        return await self.ask(login="front:8443/20", kind="jwt", authorization=f"Bearer {text}")

    def token(self, kid: str = "k1", *, named: str | None = None, **changed: Any) -> str:
        """A token of a key."""
        claims = {"iss": self.provider.issuer, "exp": self.seconds + 600} | changed
        return jwt.encode({"alg": "RS256", "kid": named or kid}, claims, KEYS[kid])

    @property
    def fetches(self) -> int:
        """How often the key set was asked for."""
        return self.provider.count("/jwks")


def stands(provider: NastyProvider, story: Callable[[Issuer], Awaitable[None]]) -> None:
    async def run() -> None:
        bench = Issuer(provider)
        asked = JwtValidation(jwks_endpoint=f"{provider.issuer}/jwks", issuer=provider.issuer, origin=NOWHERE)
        await bench.configure(HostedLogin(name="front:8443/20", jwt=asked))
        try:
            await story(bench)
        finally:
            await bench.logins.close()

    asyncio.run(run())


def test_a_good_token_passes_with_no_headers_of_ours() -> None:
    async def story(bench: Issuer) -> None:
        reply = await bench.bear()
        assert (reply.kind, reply.data, reply.subject, reply.access_token) == ("1", "", "", "")
        assert reply.until == bench.seconds + 300  # a key that was taken back counts no longer then
        assert (await bench.bear(exp=bench.seconds + 20)).until == bench.seconds + 20
        assert (await bench.bear(exp=bench.seconds)).status == 401
        assert (await bench.ask(login="front:8443/20", kind="jwt")).status == 401
        assert bench.fetches == 1
        assert bench.told == []

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)


def test_a_token_with_spaces_around_it_is_not_remembered() -> None:
    """Any number of them makes another entry of the memory that all share."""

    async def story(bench: Issuer) -> None:
        for form in ("Bearer  {}", "Bearer {} "):
            written = form.format(bench.token())
            reply = await bench.ask(login="front:8443/20", kind="jwt", authorization=written)
            assert (reply.kind, reply.until) == ("1", 0)

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)


def test_many_at_once_make_one_fetch() -> None:
    async def story(bench: Issuer) -> None:
        replies = await asyncio.gather(*(bench.bear() for _ in range(30)))
        assert {reply.kind for reply in replies} == {"1"}
        assert bench.fetches == 1

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)


def test_who_waits_for_slow_keys_keeps_others_waiting_in_bounds() -> None:
    """Envoy lets so many questions through to the host, and those of authorizers are among them."""

    async def story(bench: Issuer) -> None:
        bench.provider.gate.clear()
        ask = partial(bench.ask, login="front:8443/20", kind="jwt", authorization=f"Bearer {bench.token()}")
        flood = [asyncio.create_task(ask()) for _ in range(MOST_ASKED)]
        other = asyncio.create_task(ask(peer="192.0.2.2"))
        for number, task in enumerate(asyncio.as_completed(flood), 1):
            assert (await task).status == 500
            if number == MOST_ASKED // 2:
                break
        assert sum(task.done() for task in flood) == MOST_ASKED // 2
        bench.provider.gate.set()
        assert {reply.kind for reply in [await other, *(await asyncio.gather(*flood))]} == {"1", "2"}
        assert (await other).kind == "1"
        assert (await ask()).kind == "1"

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)


def test_a_new_key_is_fetched_but_made_up_ones_not_more_than_now_and_then() -> None:
    async def story(bench: Issuer) -> None:
        assert (await bench.bear()).kind == "1"
        bench.seconds += 11
        bench.provider.answers["/jwks"] = showing("k1", "k2")
        assert (await bench.bear("k2")).kind == "1"
        assert bench.fetches == 2
        for number in range(20):
            assert (await bench.bear(named=f"made-up-{number}")).status == 401
        assert bench.fetches == 2
        bench.seconds += 11
        assert (await bench.bear(named="made-up")).status == 401
        assert bench.fetches == 3

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)


def test_keys_are_fetched_again_and_the_old_ones_serve_meanwhile() -> None:
    async def story(bench: Issuer) -> None:
        await bench.bear()
        bench.seconds += 301
        bench.provider.answers["/jwks"] = showing("k2")
        assert (await bench.bear()).kind == "1"
        await asyncio.to_thread(_until, lambda: bench.fetches == 2)
        bench.seconds += 11
        assert (await bench.bear("k2")).kind == "1"
        assert (await bench.bear("k1")).status == 401

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)


def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.001)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: (503, {}, b""),
        lambda _: (302, {"Location": "/elsewhere"}, b""),
        lambda _: (200, {}, b"<html>"),
        lambda _: (200, {}, json.dumps({"keys": [], "more": "m" * 150 * 1024}).encode()),
        lambda _: (200, {}, json.dumps({"keys": [{}] * 11}).encode()),
    ],
    ids=["503", "302", "no JSON", "too large", "too many"],
)
def test_without_keys_nobody_passes_and_the_endpoint_is_asked_politely(
    answer: Callable[[Asked], Answer],
) -> None:
    async def story(bench: Issuer) -> None:
        for _ in range(5):
            assert (await bench.bear()).status == 500
        assert bench.fetches == 1
        assert "JWKSRequestFailed" in str(bench.told)
        bench.seconds += 3
        bench.provider.answers["/jwks"] = showing("k1")
        assert (await bench.bear()).kind == "1"

    with a_nasty_provider(answers={"/jwks": answer}) as provider:
        stands(provider, story)


def test_known_keys_serve_for_an_hour_while_none_can_be_had() -> None:
    async def story(bench: Issuer) -> None:
        await bench.bear()
        bench.provider.answers["/jwks"] = lambda _: (503, {}, b"")
        bench.seconds += 3599
        assert (await bench.bear()).kind == "1"
        bench.seconds += 20
        assert (await bench.bear()).status == 500

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)


def test_a_new_configuration_keeps_the_keys() -> None:
    async def story(bench: Issuer) -> None:
        await bench.bear()
        url = f"{bench.provider.issuer}/jwks"
        asked = JwtValidation(jwks_endpoint=url, issuer="https://other.example.com", origin=NOWHERE)
        await bench.configure(HostedLogin(name="front:8443/20", jwt=asked))
        assert (await bench.bear()).status == 401
        assert (await bench.bear(iss="https://other.example.com")).kind == "1"
        assert bench.fetches == 1

    with a_nasty_provider(answers={"/jwks": showing("k1")}) as provider:
        stands(provider, story)
