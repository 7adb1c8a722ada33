"""Logins as a whole: who is let through, and what others get (the tables of load-balancers.md section 4)."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateline.dataplane.netstring import NetstringInvalid
from gateline.functions.speech import Trouble
from gateline.host import login
from gateline.host.configuration import NOWHERE
from gateline.host.login import Logins
from gateline.host.provider import Provider
from gateline.identity.failure import page
from gateline.model.hosting import HostConfiguration, HostedLogin
from gateline.model.login import JwtValidation, OnUnauthenticated
from harness.nasty_provider import a_nasty_provider
from host.login_bench import KEYS, RULE, Browser, LoginBench, stands
from identity.logins import KEY, NOW, SIGNER

LOGIN_KEYS = {"AWSELBAuthSessionCookie-0", "AWSALBAuthNonce"}


def said(token: str) -> tuple[dict[str, object], dict[str, object]]:
    head, claims, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(head)), json.loads(base64.urlsafe_b64decode(claims))


def test_a_whole_login() -> None:
    async def story(bench: LoginBench) -> None:
        browser = Browser()
        sent = await bench.ask(browser)
        assert sent.status == 302
        assert sent.location.startswith(
            f"{bench.provider.issuer}/auth?client_id=shop&redirect_uri=https%3A%2F%2Fshop.example.com%2Foauth2%2Fidpresponse&"
        )
        bench.provider.nonce = sent.query["nonce"]
        done = await bench.call_back(browser, sent.query["state"])
        assert (done.status, done.location) == (302, "https://shop.example.com/orders?a=1")
        assert set(browser.cookies) == LOGIN_KEYS
        passed = await bench.ask(browser)
        assert (passed.kind, passed.subject, passed.access_token) == ("1", "ada", "access-1")
        assert passed.cookies == ()
        head, claims = said(passed.data)
        assert (head["signer"], head["client"], head["kid"]) == (SIGNER, "shop", "kid-1")
        assert claims == {
            "sub": "ada",
            "email": "ada@example.com",
            "exp": NOW + 120,
            "iss": bench.provider.issuer,
        }
        assert passed.until == NOW + 60  # the access token's end
        assert bench.told == []

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_the_provider_is_asked_as_the_specifications_say() -> None:
    async def story(bench: LoginBench) -> None:
        browser = Browser()
        sent = await bench.ask(browser)
        bench.provider.nonce = sent.query["nonce"]
        await bench.call_back(browser, sent.query["state"], code="a%2Bb")
        token, info = bench.provider.asked
        assert token.form["grant_type"] == "authorization_code"
        assert token.form["code"] == "a+b"
        assert token.form["redirect_uri"] == "https://shop.example.com/oauth2/idpresponse"
        assert set(token.form) == {"grant_type", "code", "redirect_uri", "code_verifier"}
        assert (
            base64.b64decode(token.headers["authorization"].removeprefix("Basic ")) == b"shop:of-the-client"
        )
        assert info.headers["authorization"] == "Bearer access-1"

    with a_nasty_provider() as provider:
        stands(provider, story)


@pytest.mark.parametrize(
    ("policy", "no_cookie", "expired"),
    [
        (OnUnauthenticated.AUTHENTICATE, 302, 302),
        (OnUnauthenticated.ALLOW, 0, 0),
        (OnUnauthenticated.DENY, 401, 302),
    ],
)
def test_requests_without_a_session(policy: OnUnauthenticated, no_cookie: int, expired: int) -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        await bench.configure(bench.rule(on_unauthenticated=policy))
        assert (await bench.ask(browser.copy())).subject == "ada"
        first = await bench.ask(Browser())
        assert (first.kind, first.status) == ("2" if no_cookie else "3", no_cookie)
        if no_cookie == 401:
            assert first.body == page(401)
            assert dict(first.headers) == {"content-type": "text/html"}
        bench.seconds += 3600  # the session's timeout
        late = await bench.ask(browser)
        assert (late.kind, late.status) == ("2" if expired else "3", expired)

    with a_nasty_provider(refreshes=False) as provider:
        stands(provider, story)


@pytest.mark.parametrize("policy", OnUnauthenticated)
def test_a_forged_cookie_is_no_session(policy: OnUnauthenticated) -> None:
    async def story(bench: LoginBench) -> None:
        expected = {"authenticate": 302, "allow": 0, "deny": 401}[policy]
        for value in ("1.AAAA", "1." + "A" * 3900, "junk", "4.x", "1.\xff"):
            reply = await bench.ask(Browser({"AWSELBAuthSessionCookie-0": value}))
            assert reply.status == expected
            assert reply.subject == ""
            assert reply.reason == ("AuthInvalidCookie" if policy is OnUnauthenticated.DENY else "")
        assert bench.provider.asked == []

    with a_nasty_provider() as provider:
        stands(provider, story, on_unauthenticated=policy)


def test_a_session_of_one_rule_is_good_at_another_with_the_same_login_only() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        await bench.configure(
            bench.rule(), bench.rule("front:8443/20"), bench.rule("front:8443/30", scope="openid admin")
        )
        assert (await bench.ask(browser.copy(), login="front:8443/20")).subject == "ada"
        assert (await bench.ask(browser.copy(), login="front:8443/30")).status == 302
        assert (await bench.ask(browser.copy(), authority="other.example.com")).status == 302
        assert (await bench.ask(browser.copy(), authority="shop.example.com:8443")).subject == "ada"

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_sessions_outlive_a_change_of_keys_as_long_as_the_old_one_is_kept() -> None:
    async def story(bench: LoginBench) -> None:
        browser = await bench.log_in()
        await bench.configure(bench.rule(), keys=(b"n" * 32, KEY))
        assert (await bench.ask(browser.copy())).subject == "ada"
        await bench.configure(bench.rule(), keys=(b"n" * 32,))
        assert (await bench.ask(browser.copy())).status == 302

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_public_keys_are_shown_by_their_names() -> None:
    async def story(bench: LoginBench) -> None:
        path = "/.well-known/gateline/public-keys/"
        shown = await bench.ask(kind="callback", path=f"{path}kid-1")
        assert (shown.status, dict(shown.headers)["content-type"]) == (200, "text/plain")
        assert shown.body.startswith(b"-----BEGIN PUBLIC KEY-----\n")
        for name in ("kid-2", "", "../kid-1", "%00"):
            assert (await bench.ask(kind="callback", path=path + name)).status == 404
        assert (await bench.ask(kind="callback", path=f"{path}kid-1", method="POST")).status == 405

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_an_operator_is_told_of_a_provider_that_fails_once_in_a_while_and_of_clients_never() -> None:
    async def story(bench: LoginBench) -> None:
        await bench.ask(kind="callback", path="/oauth2/idpresponse?code=x")
        await bench.ask(Browser(), authority="")
        assert bench.told == []
        for _ in range(3):
            await bench.ask(kind="callback", path="/oauth2/idpresponse?error=secret-of-the-url")
        assert bench.told == [Trouble(f"login {RULE}", "", "AuthIdpError")]
        bench.seconds += 11
        await bench.ask(kind="callback", path="/oauth2/idpresponse?error=x")
        assert len(bench.told) == 2

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_a_login_that_is_not_configured_is_closed() -> None:
    async def story(bench: LoginBench) -> None:
        for kind in ("session", "jwt", "other"):
            assert (await bench.ask(login="front:8443/99", kind=kind)).status == 500
        assert (await bench.ask(kind="jwt")).status == 500  # an OIDC login asked as if it were none

    with a_nasty_provider() as provider:
        stands(provider, story)


def test_before_there_are_keys_everything_is_closed() -> None:
    async def run() -> None:
        bench = LoginBench(provider)
        assert (await bench.ask()).status == 500
        await bench.logins.configure(HostConfiguration(logins=(bench.rule(),)))
        assert (await bench.ask()).status == 500
        assert (await bench.ask(kind="callback", path="/oauth2/idpresponse?code=a&state=b")).status == 500

    with a_nasty_provider() as provider:
        asyncio.run(run())


@pytest.mark.parametrize(
    "changed",
    [
        HostConfiguration(session_keys=(KEY.hex(),), claims_keys=(("k", "no key"),)),
        HostConfiguration(session_keys=("no hex",), claims_keys=KEYS),
        HostConfiguration(logins=(HostedLogin(name="a:1/1", ca="no certificates"),)),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(changed: HostConfiguration) -> None:
    async def run() -> None:
        with pytest.raises(ValueError):
            await Logins(lambda _: None).configure(changed)

    asyncio.run(run())


def test_authorities_that_no_login_names_any_more_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kept(Provider):
        def __init__(self, ca: str) -> None:
            made.append(ca)
            super().__init__()
            known.add(self)

    made: list[str] = []
    known: weakref.WeakSet[Kept] = weakref.WeakSet()
    monkeypatch.setattr(login, "Provider", Kept)

    async def run() -> None:
        logins = Logins(lambda _: None)
        jwt = JwtValidation(jwks_endpoint="https://keys.example", issuer="x", origin=NOWHERE)
        for ca in ("one", "two", "three", "three"):
            await logins.configure(HostConfiguration(logins=(HostedLogin(name="a:1/1", ca=ca, jwt=jwt),)))
        gc.collect()
        assert (made, len(known)) == (["one", "two", "three"], 1)
        await logins.close()

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"", b"junk", b"1:a", b"1:a" * 12])
def test_what_is_no_question_is_refused(body: bytes) -> None:
    async def run() -> None:
        with pytest.raises(NetstringInvalid):
            await Logins(lambda _: None)(body)

    asyncio.run(run())


def test_whatever_strangers_send_they_get_an_answer_and_do_not_pass() -> None:
    """Texts of any bytes, in every place that a client fills."""
    text = st.text(alphabet=st.characters(max_codepoint=255), max_size=60)
    path = st.one_of(
        text, text.map("/oauth2/idpresponse?{}".format), text.map("/.well-known/gateline/{}".format)
    )
    cookie = st.one_of(text, text.map("AWSELBAuthSessionCookie-0=1.{}; AWSALBAuthNonce=x".format))
    bearer = st.one_of(
        text, text.map("Bearer {}".format), text.map("Bearer eyJhbGciOiJSUzI1NiJ9.{}.c2ln".format)
    )

    with a_nasty_provider() as provider, asyncio.Runner() as runner:
        bench = LoginBench(provider)
        jwt = JwtValidation(jwks_endpoint=f"{provider.issuer}/jwks", issuer="x", origin=NOWHERE)
        runner.run(bench.configure(bench.rule(), HostedLogin(name="front:8443/20", jwt=jwt)))

        @settings(max_examples=150, deadline=None)
        @given(
            where=st.sampled_from([(RULE, "session"), (RULE, "callback"), ("front:8443/20", "jwt")]),
            said=st.fixed_dictionaries(
                {
                    "path": path,
                    "method": st.one_of(st.just("GET"), text),
                    "authority": st.one_of(st.just("shop.example.com"), text),
                    "authorization": bearer,
                    "origin": text,
                    "mode": text,
                    "peer": text,
                }
            ),
            cookies=cookie,
        )
        def ask(where: tuple[str, str], said: dict[str, str], cookies: str) -> None:
            reply = runner.run(bench.send(where[0], where[1], cookies=cookies, **said))
            assert reply.kind == "2"
            assert reply.status in {302, 401, 404, 405, 500, 561}

        ask()
        runner.run(bench.logins.close())
