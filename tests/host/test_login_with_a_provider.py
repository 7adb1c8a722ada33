"""Logins at a real provider: npm's oidc-provider, through its forms."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateline.host.configuration import NOWHERE
from gateline.model.hosting import HostedLogin
from gateline.model.login import ClaimFormat, JwtClaim, JwtValidation
from golden.self_signed import self_signed
from harness.nasty_provider import NastyProvider
from harness.oidc_provider import OidcProvider, a_provider, needs_provider, sign_in
from host.login_bench import RULE, Browser, LoginBench
from identity.logins import hosted

pytestmark = [needs_provider, pytest.mark.xdist_group("real-provider")]
HOST = "shop.localhost:8443"


class RealBench(LoginBench):
    """Logins in front of a real provider; the clock begins with the machine's."""

    def __init__(self, real: OidcProvider) -> None:
        super().__init__(NastyProvider())
        self.real = real
        self.seconds = time.time()

    def rule(self, name: str = RULE, **changed: Any) -> HostedLogin:
        """A login at the real one."""
        real = self.real
        said = {
            "issuer": real.issuer,
            "authorization_endpoint": real.authorization_endpoint,
            "token_endpoint": real.token_endpoint,
            "user_info_endpoint": real.user_info_endpoint,
            "client_id": real.wanted.client_id,
            "scope": "openid email profile",
        }
        return replace(hosted(name, **(said | changed)), client_secret=real.wanted.client_secret)

    async def sign_in(self, browser: Browser, user: str = "ada", *, verify: Any = True) -> None:
        """Log in as this user."""
        sent = await self.ask(browser, authority=HOST)
        assert sent.status == 302
        back = await asyncio.to_thread(sign_in, sent.location, user, verify=verify)
        parts = urlsplit(back)
        assert parts.netloc == HOST
        path = f"{parts.path}?{parts.query}"
        done = await self.ask(browser, kind="callback", path=path, authority=HOST)
        assert done.status == 302, (done, self.told)
        assert done.location == f"https://{HOST}/orders?a=1"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    """A provider for all tests that do not stop it."""
    with a_provider(access_token_seconds=60) as real:
        yield real


def stands(real: OidcProvider, story: Callable[[RealBench], Awaitable[None]], *, ca: str = "") -> None:
    async def run() -> None:
        bench = RealBench(real)
        await bench.configure(bench.rule(ca=ca))
        try:
            await story(bench)
        finally:
            await bench.logins.close()

    asyncio.run(run())


def test_a_user_logs_in_and_the_service_is_told_who_it_is(provider: OidcProvider) -> None:
    async def story(bench: RealBench) -> None:
        browser = Browser()
        await bench.sign_in(browser)
        passed = await bench.ask(browser, authority=HOST)
        assert (passed.kind, passed.subject) == ("1", "ada")
        claims = json.loads(base64.urlsafe_b64decode(passed.data.split(".")[1]))
        assert (claims["sub"], claims["email"], claims["groups"]) == (
            "ada",
            "ada@example.com",
            ["engineers", "poets"],
        )
        other = Browser()
        await bench.sign_in(other, "grace")
        assert (await bench.ask(other, authority=HOST)).subject == "grace"

    stands(provider, story)


def test_rotated_refresh_tokens_log_nobody_out(provider: OidcProvider) -> None:
    async def story(bench: RealBench) -> None:
        browser = Browser()
        await bench.sign_in(browser)
        old, before = browser.copy(), bench.real.grants("refresh_token")
        for _ in range(3):
            bench.seconds += 61
            replies = await asyncio.gather(*(bench.ask(browser.copy(), authority=HOST) for _ in range(20)))
            assert {reply.kind for reply in replies} == {"1"}
            assert len({reply.access_token for reply in replies}) == 1
            browser.take(replies[0])
        assert (await bench.ask(old, authority=HOST)).access_token == replies[0].access_token
        assert bench.real.grants("refresh_token", least=before + 3) == before + 3
        assert not [event for event in bench.real.events if "error" in event]

    stands(provider, story)


def test_a_provider_that_has_forgotten_everything_is_a_new_login() -> None:
    async def story() -> None:
        with a_provider(access_token_seconds=60) as real:
            bench = RealBench(real)
            await bench.configure(bench.rule())
            browser = Browser()
            await bench.sign_in(browser)
        bench.seconds += 61
        assert (await bench.ask(browser.copy(), authority=HOST)).status == 500  # it is down
        with a_provider(port=real.port, access_token_seconds=60):
            assert (await bench.ask(browser, authority=HOST)).status == 302
            await bench.sign_in(browser)
            assert (await bench.ask(browser, authority=HOST)).subject == "ada"
        await bench.logins.close()

    asyncio.run(story())


def test_more_claims_than_a_session_holds_are_500(provider: OidcProvider) -> None:
    async def story(bench: RealBench) -> None:
        browser = Browser()
        sent = await bench.ask(browser, authority=HOST)
        parts = urlsplit(await asyncio.to_thread(sign_in, sent.location, "large"))
        path = f"{parts.path}?{parts.query}"
        assert (await bench.ask(browser, kind="callback", path=path, authority=HOST)).status == 500

    stands(provider, story)


def test_a_user_who_refuses_and_a_code_that_was_used_are_561(provider: OidcProvider) -> None:
    async def story(bench: RealBench) -> None:
        browser = Browser()
        sent = await bench.ask(browser, authority=HOST)
        parts = urlsplit(await asyncio.to_thread(sign_in, sent.location, "ada"))
        path = f"{parts.path}?{parts.query}"
        assert "iss" in parse_qs(parts.query)
        assert (await bench.ask(browser, kind="callback", path=path, authority=HOST)).status == 302
        bench.seconds += 31  # it is remembered no longer
        assert (await bench.ask(browser, kind="callback", path=path, authority=HOST)).status == 561

    stands(provider, story)


def test_a_provider_of_a_private_authority(tmp_path: Path) -> None:
    made, files = self_signed("localhost"), tmp_path / "pair.pem"
    files.write_bytes(made.private_key + made.certificate)
    ca = made.certificate.decode()
    trusting = ssl.create_default_context(cadata=ca)

    async def story(bench: RealBench) -> None:
        browser = Browser()
        await bench.sign_in(browser, verify=trusting)
        assert (await bench.ask(browser, authority=HOST)).subject == "ada"

    async def distrusting(bench: RealBench) -> None:
        with pytest.raises(AssertionError, match="ConnectError"):
            await bench.sign_in(Browser(), verify=trusting)

    with a_provider(host="localhost", certificate=str(files), private_key=str(files)) as real:
        stands(real, story, ca=ca)
        stands(real, distrusting)


def test_a_machines_token_is_judged_by_the_providers_keys(provider: OidcProvider) -> None:
    async def run(real: OidcProvider) -> None:
        bench = RealBench(real)
        scopes = JwtClaim(name="scope", format=ClaimFormat.SPACE_SEPARATED_VALUES, values=("write", "admin"))
        asked = JwtValidation(
            jwks_endpoint=real.jwks_endpoint, issuer=real.issuer, additional_claims=(scopes,), origin=NOWHERE
        )
        await bench.configure(HostedLogin(name=RULE, jwt=asked))
        for scope, kind in (("read write", "1"), ("read", "2")):
            token = await asyncio.to_thread(real.token, scope)
            reply = await bench.ask(kind="jwt", authorization=f"Bearer {token}")
            assert reply.kind == kind
        forged = token[:-6] + "AAAAAA"
        assert (await bench.ask(kind="jwt", authorization=f"Bearer {forged}")).status == 401
        bench.seconds += 3601
        token = await asyncio.to_thread(real.token, "write")
        bench.seconds += 3601
        assert (await bench.ask(kind="jwt", authorization=f"Bearer {token}")).status == 401
        await bench.logins.close()

    asyncio.run(run(provider))
