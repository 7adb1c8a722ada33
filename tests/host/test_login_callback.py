"""What browsers bring back from providers, and what providers say then, the nasty ones too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from gateline.identity.cookies import LARGEST_SHARD
from harness.nasty_provider import Answer, Asked, NastyProvider, a_nasty_provider
from host.login_bench import Browser, LoginBench, Reply, stands, without_nonce

SECRETS = ("access-1", "refresh-1", "of-the-client", "code-1")


async def brought_back(bench: LoginBench, browser: Browser) -> Reply:
    """The reply to a callback of a login that the provider goes on with."""
    sent = await bench.ask(browser)
    bench.provider.nonce = sent.query["nonce"]
    return await bench.call_back(browser, sent.query["state"])


def refused(provider: NastyProvider, status: int, reason: str) -> None:
    """A login at this provider ends so; nothing is kept, and nothing secret is told."""

    async def story(bench: LoginBench) -> None:
        browser = Browser()
        reply = await brought_back(bench, browser)
        assert (reply.kind, reply.status, reply.cookies) == ("2", status, ())
        assert set(browser.cookies) == {"AWSALBAuthNonce"}
        [trouble] = bench.told
        assert trouble.text.startswith(reason)
        assert not any(secret in f"{trouble} {reply}" for secret in SECRETS)

    stands(provider, story)


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ({"id_claims": {"nonce": "another"}}, 401, "AuthInvalidIdToken: nonce"),
        ({"id_claims": {"iss": "https://evil.example.com"}}, 401, "AuthInvalidIdToken: iss"),
        ({"id_claims": {"aud": "another"}}, 401, "AuthInvalidIdToken: aud"),
        ({"id_claims": {"exp": 1}}, 401, "AuthInvalidIdToken: exp"),
        ({"id_claims": {"sub": ""}}, 401, "AuthInvalidIdToken: sub"),
        ({"id_head": {"alg": "none"}}, 401, "AuthInvalidIdToken: alg"),
        ({"tokens": {"id_token": None}}, 401, "AuthInvalidIdToken: there is none"),
        ({"tokens": {"access_token": None}}, 401, "AuthInvalidTokenResponse"),
        ({"tokens": {"access_token": "a\r\nb: c"}}, 401, "AuthInvalidTokenResponse"),
        ({"claims": {"sub": "grace"}}, 401, "AuthInvalidUserinfoResponse: sub"),
        ({"claims": {"more": "m" * 12_000}}, 500, "ELBAuthUserClaimsSizeExceeded"),
        ({"claims": {"more": "m" * 20_000}}, 500, "AuthUserinfoResponseSizeExceeded"),
        ({"tokens": {"more": "m" * 80_000}}, 401, "AuthInvalidTokenResponse: too large"),
    ],
    ids=lambda value: str(value)[:48],
)
def test_an_answer_that_cannot_be_right(said: dict[str, Any], status: int, reason: str) -> None:
    with a_nasty_provider(**said) as provider:
        refused(provider, status, reason)


def answer(status: int, body: bytes = b"{}", **headers: str) -> Callable[[Asked], Answer]:
    return lambda _: (status, headers, body)


@pytest.mark.parametrize(
    ("path", "says", "status", "reason"),
    [
        (
            "/token",
            answer(400, b'{"error":"invalid_grant"}'),
            561,
            "AuthInvalidGrantError: status 400 invalid_grant",
        ),
        (
            "/token",
            answer(401, b'{"error":"invalid_client"}'),
            561,
            "AuthTokenEpRequestFailed: status 401 invalid_client",
        ),
        ("/token", answer(401, b'{"error":"code-1"}'), 561, "AuthTokenEpRequestFailed: status 401"),
        ("/token", answer(500), 561, "AuthTokenEpRequestFailed: status 500"),
        ("/token", answer(307, Location="/elsewhere"), 561, "AuthTokenEpRequestFailed: status 307"),
        ("/token", answer(200, b"<html>"), 401, "AuthInvalidTokenResponse"),
        ("/token", answer(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"}), 401, "AuthInvalidTokenResponse"),
        ("/token", answer(200, b"{}", **{"Content-Length": "junk"}), 500, "AuthTokenEpRequestFailed"),
        ("/me", answer(401), 561, "AuthUserinfoEpRequestFailed: status 401"),
        ("/me", answer(302, Location="/elsewhere"), 561, "AuthUserinfoEpRequestFailed: status 302"),
        ("/me", answer(200, b"eyJ.a.b"), 401, "AuthInvalidUserinfoResponse"),
        ("/me", answer(200, b"{}", **{"Content-Length": "900"}), 500, "AuthUserinfoEpRequest"),
    ],
)
def test_a_provider_that_fails(path: str, says: Callable[[Asked], Answer], status: int, reason: str) -> None:
    with a_nasty_provider(answers={path: says}) as provider:
        if reason == "AuthUserinfoEpRequest":  # it promises more than it sends: until the patience ends

            def hang_up(asked: Asked) -> Answer:
                return 200, {"Connection": "close", "Content-Length": "900"}, b"{}"

            provider.answers[path] = hang_up
        refused(provider, status, reason)
        assert provider.count("/elsewhere") == 0


def test_a_provider_that_is_down() -> None:
    with a_nasty_provider() as provider:
        pass  # nobody listens there any more

    async def story(bench: LoginBench) -> None:
        browser = Browser()
        sent = await bench.ask(browser)
        assert sent.status == 302  # the browser is told where to go; it will see
        reply = await bench.call_back(browser, sent.query["state"])
        assert (reply.status, reply.cookies) == (500, ())
        assert "AuthTokenEpRequestFailed: ConnectError" in str(bench.told)

    stands(provider, story)


def test_a_provider_that_says_an_error() -> None:
    async def story(bench: LoginBench) -> None:
        browser = Browser()
        await bench.ask(browser)
        reply = await bench.ask(
            browser,
            kind="callback",
            path="/oauth2/idpresponse?error=access_denied&error_description=<script>",
        )
        assert reply.status == 561
        assert b"script" not in reply.body
        assert bench.provider.asked == []

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_callback_without_what_it_needs_asks_nobody() -> None:
    async def story(bench: LoginBench) -> None:
        browser = Browser()
        sent = await bench.ask(browser)
        state = sent.query["state"]
        for query in (
            "",
            "?code=c",
            f"?state={state}",
            f"?state={state}&code=",
            f"?state={state}&code=a&code=b",
            f"?state={state}&state=x&code=a",
            f"?state={state}x&code=a",
            f"?state={state}&code=a&iss=https://evil.example.com",
            f"?state={state}&code={'c' * 5000}",
            f"?state={state}&code=a" + "&x=1" * 40,
            "?state=%ff%00&code=a",
        ):
            reply = await bench.ask(browser.copy(), kind="callback", path=f"/oauth2/idpresponse{query}")
            assert (reply.status, reply.cookies) == (401, ()), query
        for path in ("/oauth2/idpresponse/", "/oauth2/", "/"):
            assert (await bench.ask(browser.copy(), kind="callback", path=path)).status == 404
        for method in ("POST", "HEAD"):
            assert (await bench.call_back(browser.copy(), state, method=method)).status == 405
        assert bench.provider.asked == []
        assert bench.told == []

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_stolen_state_is_of_no_use_in_another_browser_or_at_another_host() -> None:
    async def story(bench: LoginBench) -> None:
        victim, thief = Browser(), Browser()
        sent = await bench.ask(victim)
        await bench.ask(thief)
        state = sent.query["state"]
        assert (await bench.call_back(thief, state)).status == 401
        assert (await bench.call_back(Browser(), state)).status == 401
        assert (await bench.call_back(without_nonce(victim), state)).status == 401
        assert (await bench.call_back(victim.copy(), state, authority="evil.example.com")).status == 401
        assert (await bench.call_back(victim.copy(), state, login="other:8443/10")).status == 401
        assert bench.provider.asked == []
        bench.seconds += 15 * 60
        assert (await bench.call_back(victim.copy(), state)).status == 401  # login timeout
        assert bench.provider.asked == []

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_callback_is_answered_for_any_login_of_its_listener() -> None:
    async def story(bench: LoginBench) -> None:
        await bench.configure(bench.rule(), bench.rule("front:8443/default", client_id="other"))
        for login in ("front:8443/default", "front:8443"):
            browser = Browser()
            sent = await bench.ask(browser)
            bench.provider.nonce = sent.query["nonce"]
            assert (await bench.call_back(browser, sent.query["state"], login=login)).status == 302

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_several_tabs_log_in_at_a_time() -> None:
    async def story(bench: LoginBench) -> None:
        browser = Browser()
        tabs = [await bench.ask(browser, path=f"/tab/{number}") for number in range(3)]
        for number in (2, 0, 1):
            bench.provider.nonce = tabs[number].query["nonce"]
            done = await bench.call_back(browser, tabs[number].query["state"], code=f"code-{number}")
            assert done.location == f"https://shop.example.com/tab/{number}"
        assert (await bench.ask(browser)).access_token == "access-3"

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_callback_that_is_asked_for_twice_uses_its_code_once() -> None:
    async def story(bench: LoginBench) -> None:
        browser = Browser()
        sent = await bench.ask(browser)
        bench.provider.nonce = sent.query["nonce"]
        replies = await asyncio.gather(
            *(bench.call_back(browser.copy(), sent.query["state"]) for _ in range(5))
        )
        assert [reply.status for reply in replies] == [302] * 5
        assert (bench.provider.count("/token"), bench.provider.count("/me")) == (1, 1)

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_large_session_is_spread_over_cookies_which_a_smaller_one_expires() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        assert {f"AWSELBAuthSessionCookie-{number}" for number in range(4)} <= set(browser.cookies)
        assert all(len(f"{name}={value}") <= LARGEST_SHARD for name, value in browser.cookies.items())
        assert len((await bench.ask(browser.copy())).data) > 14_000
        bench.seconds += 3600
        bench.provider.claims = {}
        await bench.log_in(browser)
        assert {name for name in browser.cookies if "Session" in name} == {"AWSELBAuthSessionCookie-0"}

    claims = {"groups": "g" * 11_000}
    with a_nasty_provider(claims=claims, refreshes=False) as provider:
        stands(provider, story)


def test_no_more_logins_than_a_few_are_under_way_at_a_time() -> None:
    async def story(bench: LoginBench) -> None:
        bench.provider.gate.clear()
        browsers = [Browser() for _ in range(600)]
        states = [(await bench.ask(browser)).query["state"] for browser in browsers]
        flood = [
            asyncio.create_task(bench.call_back(browser, state, code=f"made-up-{number}"))
            for number, (browser, state) in enumerate(zip(browsers, states, strict=True))
        ]
        # One peer has half of all places: the rest of the flood is turned away at once.
        for number, task in enumerate(asyncio.as_completed(flood), 1):
            assert (await task).status == 500
            if number == 600 - 256:
                break
        bench.provider.gate.set()
        await asyncio.gather(*flood)
        assert bench.provider.most_at_once <= 64

    with a_nasty_provider() as provider:
        provider.answers["/token"] = answer(400, json.dumps({"error": "invalid_grant"}).encode())
        stands(provider, story)
