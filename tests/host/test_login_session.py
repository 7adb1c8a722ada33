"""Sessions that go on: refreshes, which no tab, no lost answer and no rotation of tokens turns into a logout."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gateline.model.login import OnUnauthenticated
from harness.nasty_provider import NastyProvider, a_nasty_provider, unsigned
from host.login_bench import Browser, LoginBench, stands
from identity.logins import NOW


def test_many_requests_with_one_old_cookie_make_one_refresh() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        bench.seconds += 61
        replies = await asyncio.gather(*(bench.ask(browser.copy()) for _ in range(50)))
        assert {reply.access_token for reply in replies} == {"access-2"}
        assert len({reply.cookies for reply in replies}) == 1
        assert all(reply.cookies for reply in replies)
        assert bench.provider.count("/token") == 2  # the login's and the refresh

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_an_old_cookie_stands_for_the_new_session_and_chains_do() -> None:
    async def story(bench: LoginBench) -> None:
        first = await bench.log_in()
        bench.seconds += 61
        second = first.copy()
        assert (await bench.ask(second)).access_token == "access-2"
        late = await bench.ask(first.copy())
        assert (late.access_token, late.until) == ("access-2", bench.seconds + 5)
        assert late.cookies
        bench.seconds += 61
        assert (await bench.ask(second)).access_token == "access-3"
        lost = first.copy()  # a tab that slept through both
        assert (await bench.ask(lost)).access_token == "access-3"
        assert lost.cookies == second.cookies
        assert bench.provider.count("/token") == 3
        fresh = await bench.ask(lost)
        assert (fresh.cookies, fresh.until) == ((), bench.seconds + 60)

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_refresh_goes_on_when_the_client_has_gone_away() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        bench.seconds += 61
        bench.provider.gate.clear()
        asking = asyncio.create_task(bench.ask(browser.copy()))
        await asyncio.to_thread(_until_asked, bench.provider, 3)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        bench.provider.gate.set()
        assert (await bench.ask(browser)).access_token == "access-2"
        assert bench.provider.count("/token") == 2

    with a_nasty_provider() as provider:
        stands(provider, story)


def _until_asked(provider: NastyProvider, times: int) -> None:
    while len(provider.asked) < times:
        time.sleep(0.001)


def test_without_a_refresh_token_the_session_lasts_until_its_own_end() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        bench.seconds += 3599
        passed = await bench.ask(browser)
        assert (passed.access_token, passed.until) == ("access-1", NOW + 3600)
        bench.seconds += 1
        assert (await bench.ask(browser)).status == 302

    with a_nasty_provider(refreshes=False) as provider:
        stands(provider, story)


def test_refreshes_do_not_prolong_a_session() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        for _ in range(59):
            bench.seconds += 60
            assert (await bench.ask(browser)).kind == "1"
        bench.seconds += 60
        assert (await bench.ask(browser)).status == 302

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_what_the_script_may_remember_ends_before_the_claims_do() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        assert (await bench.ask(browser)).until == NOW + 90

    with a_nasty_provider(seconds=3000) as provider:
        stands(provider, story)


@pytest.mark.parametrize(
    ("policy", "status"),
    [(OnUnauthenticated.AUTHENTICATE, 302), (OnUnauthenticated.ALLOW, 0), (OnUnauthenticated.DENY, 302)],
)
@pytest.mark.parametrize(
    "becomes",
    [
        {"answers": {"/token": lambda _: (400, {}, b'{"error":"invalid_grant"}')}},
        {"answers": {"/token": lambda _: (401, {}, b"")}},
        {"answers": {"/token": lambda _: (200, {}, b"<html>")}},
        {"answers": {"/me": lambda _: (401, {}, b"")}},
        {"subject": "grace"},
        {"tokens": {"id_token": unsigned({"iss": "x"})}},
    ],
    ids=["invalid_grant", "401", "no JSON", "user info 401", "another user", "another issuer"],
)
def test_a_refresh_that_is_refused_is_a_new_login(
    policy: OnUnauthenticated, status: int, becomes: dict[str, Any]
) -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        for name, value in becomes.items():
            setattr(bench.provider, name, value)
        await bench.configure(bench.rule(on_unauthenticated=policy))
        bench.seconds += 61
        reply = await bench.ask(browser)
        assert (reply.kind, reply.status) == ("2" if status else "3", status)
        assert reply.subject == ""

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_an_id_token_of_a_refresh_must_be_about_the_same_user() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        claims = {"iss": bench.provider.issuer, "aud": "shop", "exp": bench.seconds + 900, "sub": "grace"}
        bench.provider.tokens = {"id_token": unsigned(claims)}
        bench.seconds += 61
        assert (await bench.ask(browser)).status == 302

    with a_nasty_provider() as provider:
        stands(provider, story)


@pytest.mark.parametrize(("status", "shown"), [(503, 561), (429, 561)])
def test_a_token_endpoint_that_fails_for_now_ends_no_session(status: int, shown: int) -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        bench.seconds += 61
        bench.provider.answers["/token"] = lambda _: (status, {}, b"")
        failed = await bench.ask(browser)
        assert (failed.status, failed.cookies) == (shown, ())
        bench.provider.answers.clear()
        assert (await bench.ask(browser)).access_token == "access-2"

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_user_info_endpoint_that_fails_for_now_loses_no_refresh_token() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        old = browser.copy()
        bench.seconds += 61
        bench.provider.answers["/me"] = lambda _: (503, {}, b"")
        failed = await bench.ask(browser)
        assert failed.status == 561
        assert failed.cookies  # the spent refresh token is replaced, though nobody passes
        assert (await bench.ask(browser.copy())).status == 561
        bench.provider.answers.clear()
        assert (await bench.ask(old)).access_token == "access-4"
        assert (await bench.ask(browser)).access_token == "access-4"

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_an_allowed_request_passes_without_identity_while_the_provider_fails() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        await bench.configure(bench.rule(on_unauthenticated=OnUnauthenticated.ALLOW))
        bench.seconds += 61
        bench.provider.answers["/token"] = lambda _: (503, {}, b"")
        assert (await bench.ask(browser.copy())).kind == "3"
        bench.provider.answers = {"/me": lambda _: (503, {}, b"")}
        assert (await bench.ask(browser.copy())).kind == "3"
        bench.provider.answers.clear()
        assert (await bench.ask(browser)).subject == "ada"

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_cookies_for_pages_of_other_sites_say_so() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        bench.seconds += 61
        far = {"origin": "https://other.example.com", "mode": "cors"}
        assert all(
            each.endswith("; SameSite=None") for each in (await bench.ask(browser.copy(), **far)).cookies
        )
        assert all(each.endswith("; HttpOnly") for each in (await bench.ask(browser.copy())).cookies)
        [nonce] = (await bench.ask(Browser(), **far)).cookies
        assert nonce.endswith("; Path=/; Secure; HttpOnly; SameSite=None")

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_browser_keeps_its_nonce_and_a_strange_one_is_replaced() -> None:
    async def story(bench: LoginBench) -> None:
        browser = Browser()
        await bench.ask(browser)
        nonce = browser.cookies["AWSALBAuthNonce"]
        await bench.ask(browser)
        assert browser.cookies["AWSALBAuthNonce"] == nonce
        browser.cookies["AWSALBAuthNonce"] = "short"
        await bench.ask(browser)
        assert browser.cookies["AWSALBAuthNonce"] not in {nonce, "short"}

    with a_nasty_provider() as provider:
        stands(provider, story)


@pytest.mark.parametrize("authority", ["", "a b", "shop.example.com/evil"])
def test_a_request_without_a_host_is_refused(authority: str) -> None:
    async def story(bench: LoginBench) -> None:
        assert (await bench.ask(Browser(), authority=authority)).status == 401

    with a_nasty_provider() as provider:
        stands(provider, story)
