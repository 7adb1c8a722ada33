"""Logins at a balancer with a real provider (load-balancers.md sections 4 and 5)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from end_to_end.login.conftest import COOKIE, SECRET, WIDE, Browser, Members
from harness.oidc_provider import needs_provider, sign_in

pytestmark = [pytest.mark.envoy, needs_provider, pytest.mark.xdist_group("login")]

DEADLINE = 20.0


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come."""
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def one(members: Members) -> Any:
    [received] = members.received()
    return received


def test_a_stranger_is_sent_to_the_provider_and_nothing_to_the_site(members: Members) -> None:
    answer = members.browser().get("/app/cart?item=1")
    assert answer.status_code == 302
    location = urlsplit(answer.headers["location"])
    asked = {name: values[0] for name, values in parse_qs(location.query).items()}
    assert answer.headers["location"].startswith(members.provider.authorization_endpoint + "?")
    assert asked["client_id"] == "gateline"
    assert asked["redirect_uri"] == f"https://127.0.0.1:{members.port}/oauth2/idpresponse"
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid email profile"
    assert asked["code_challenge_method"] == "S256"
    assert answer.headers["server"] == "awselb/2.0"
    nonce = answer.headers["set-cookie"]
    assert nonce.startswith("AWSALBAuthNonce=")
    assert "Secure; HttpOnly" in nonce
    assert members.received() == []


def test_a_login_leads_back_and_the_site_is_told_who_came(members: Members) -> None:
    browser = members.browser()
    assert browser.log_in("/app/cart?item=1").status_code == 200
    received = one(members)
    assert received.target == b"/app/cart?item=1"
    assert received.all(b"x-amzn-oidc-identity") == [b"ada"]
    [token] = received.all(b"x-amzn-oidc-accesstoken")
    assert token
    claims = verified(members, received)
    assert (claims["sub"], claims["email"]) == ("ada", "ada@example.com")
    assert f"{COOKIE}-0" in browser.session
    again = browser.get("/app/more")
    assert (again.status_code, "set-cookie" in again.headers) == (200, False)


def verified(members: Members, received: Any) -> dict[str, Any]:
    """The claims of x-amzn-oidc-data, as a service verifies them: with the public key of the balancer."""
    [data] = received.all(b"x-amzn-oidc-data")
    parts = data.decode().split(".")
    assert all(len(part) % 4 == 0 for part in parts), "each part is padded"
    header = json.loads(base64.urlsafe_b64decode(parts[0]))
    assert header["alg"] == "ES256"
    assert header["signer"].endswith(header["signer"].rpartition("app/public/")[2])
    assert ":loadbalancer/app/public/" in header["signer"]
    assert (header["iss"], header["client"]) == (members.provider.issuer, "gateline")
    shown = members.send(b"/.well-known/gateline/public-keys/" + header["kid"].encode())
    assert shown.status == 200
    key: Any = load_pem_public_key(shown.body)
    signature = base64.urlsafe_b64decode(parts[2])
    r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), f"{parts[0]}.{parts[1]}".encode(), ECDSA(SHA256()))
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(parts[1]))
    assert 0 < told["exp"] - time.time() <= 120
    return told


def test_an_unknown_public_key_is_404(members: Members) -> None:
    assert members.send(b"/.well-known/gateline/public-keys/none").status == 404


def test_a_session_that_is_known_asks_nobody(members: Members, ada: Browser) -> None:
    ada.get("/app/warm")
    before = members.visits()
    for number in range(20):
        assert ada.get(f"/app/{number}").status_code == 200
    assert members.visits() == before
    assert len(members.received()) == 21


def test_two_rules_of_one_login_share_its_session(members: Members, ada: Browser) -> None:
    assert ada.get("/deny/x").status_code == 200
    assert ada.get("/allow/x").status_code == 200
    assert ada.get("/anything/else").status_code == 200
    assert [each.all(b"x-amzn-oidc-identity") for each in members.received()] == [[b"ada"]] * 3


def test_logging_out_is_losing_the_cookies(members: Members) -> None:
    browser = members.browser()
    browser.log_in("/app/x")
    members.received()
    browser.cookies.clear()
    assert browser.get("/app/x").status_code == 302
    assert members.received() == []


def test_rules_say_what_becomes_of_strangers(members: Members) -> None:
    stranger = members.browser()
    denied = stranger.get("/deny/x")
    assert (denied.status_code, denied.headers["server"]) == (401, "awselb/2.0")
    assert "401 Authorization Required" in denied.text
    before = members.visits()
    allowed = stranger.get("/allow/x", headers={"X-Amzn-Oidc-Identity": "ada"})
    assert (allowed.status_code, members.visits()) == (200, before)
    received = one(members)
    assert not [name for name in received.names if name.startswith(b"x-amzn-oidc")]


def test_a_session_that_is_over_logs_in_again_even_where_strangers_are_denied(members: Members) -> None:
    browser = members.browser()
    assert browser.log_in("/short/x").status_code == 200
    assert browser.get("/short-deny/x").status_code == 200
    until(lambda: browser.get("/short-deny/x").status_code == 302)
    assert browser.get("/short/x").status_code == 302
    members.received()
    assert members.browser().get("/short-deny/x").status_code == 401
    assert members.received() == []


FORGERIES: Final[Mapping[str, Callable[[str], str]]] = {
    "changed at the end": lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
    "changed in the middle": lambda value: value[:60] + ("A" if value[60] != "A" else "B") + value[61:],
    "cut": lambda value: value[:-8],
    "longer": lambda value: value + "AAAA",
    "empty": lambda _: "",
    "of one byte": lambda _: "x",
    "another count of shards": lambda value: "2" + value[1:],
    "zeros": lambda value: "1." + "A" * len(value),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_cookie_is_no_session(members: Members, ada: Browser, forgery: str) -> None:
    value = ada.cookies.get(f"{COOKIE}-0")
    assert value is not None
    cookie = f"Cookie: {COOKIE}-0={FORGERIES[forgery](value)}".encode()
    assert members.send(b"/app/x", cookie).status == 302
    assert members.send(b"/deny/x", cookie).status == 401
    assert members.send(b"/allow/x", cookie).status == 200
    assert [each.target for each in members.received()] == [b"/allow/x"]


def test_a_cookie_of_one_login_is_none_of_another(members: Members, ada: Browser) -> None:
    value = (ada.cookies.get(f"{COOKIE}-0") or "").encode()
    assert ada.get("/other/x").status_code == 302
    assert members.send(b"/other/x", b"Cookie: Other-0=" + value).status == 302
    assert members.send(b"/short/x", b"Cookie: Short-0=" + value).status == 302
    assert members.received() == []


def test_a_browser_holds_sessions_of_two_logins(members: Members) -> None:
    browser = members.browser()
    browser.log_in("/app/x", "ada")
    browser.log_in("/other/x", "grace")
    browser.get("/app/y")
    told = [each.all(b"x-amzn-oidc-identity") for each in members.received()]
    assert told == [[b"ada"], [b"grace"], [b"ada"]]


def test_a_state_of_somebody_else_is_worth_nothing(members: Members) -> None:
    attacker, victim = members.browser(), members.browser()
    callback = sign_in(attacker.get("/app/x").headers["location"], "grace")
    assert victim.get(callback).status_code == 401
    victim.get("/app/x")  # with a nonce of its own
    assert victim.get(callback).status_code == 401
    assert COOKIE not in victim.session
    assert victim.get("/app/x").status_code == 302
    assert members.received() == []


CALLBACKS = {
    b"": 401,
    b"?code=x": 401,
    b"?state=x": 401,
    b"?code=x&state=x": 401,
    b"?code=x&state=" + b"A" * 200: 401,
    b"?error=access_denied&state=x": 561,
}


@pytest.mark.parametrize("query", CALLBACKS)
def test_a_callback_of_nobody(members: Members, query: bytes) -> None:
    answer = members.send(b"/oauth2/idpresponse" + query)
    assert (answer.status, answer.all(b"set-cookie")) == (CALLBACKS[query], [])
    assert members.received() == []


def test_a_code_of_somebody_else_is_an_error_of_the_provider(members: Members) -> None:
    browser = members.browser()
    state = parse_qs(urlsplit(browser.get("/app/x").headers["location"]).query)["state"][0]
    answer = browser.get("/oauth2/idpresponse", params={"code": "made-up", "state": state})
    assert answer.status_code == 561
    assert COOKIE not in browser.session


def test_a_provider_that_is_down_is_500(members: Members) -> None:
    browser = members.browser()
    started = browser.get("/down/x")
    assert started.status_code == 302
    state = parse_qs(urlsplit(started.headers["location"]).query)["state"][0]
    assert browser.get("/oauth2/idpresponse", params={"code": "c", "state": state}).status_code == 500
    assert members.received() == []


@pytest.mark.parametrize(
    "path", ["/app//evil.test/%2e", "/app/x?next=//evil.test", "/%09/evil.test", "/@evil.test"]
)
def test_a_login_leads_back_to_this_host_only(members: Members, path: str) -> None:
    browser = members.browser()
    started = browser.get(path)
    if started.status_code == 400:
        return
    back = browser.get(sign_in(started.headers["location"], "ada"))
    assert back.status_code == 302
    assert back.headers["location"] == f"https://127.0.0.1:{members.port}{path}"


def test_claims_that_fill_more_than_one_cookie(members: Members) -> None:
    browser = members.browser()
    assert browser.log_in("/app/wide", "wide").status_code == 200
    shards = [each for each in browser.cookies.jar if each.name.startswith(COOKIE)]
    assert len(shards) > 1
    assert all(len(f"{each.name}={each.value}") <= 4096 for each in shards)
    received = one(members)
    assert verified(members, received)["name"] == WIDE["name"]
    turned = "; ".join(f"{each.name}={each.value}" for each in reversed(shards))
    before = members.visits()
    assert members.send(b"/app/turned", b"Cookie: " + turned.encode()).status == 200
    assert members.visits() == before, "the order of cookies does not count"
    first = f"{shards[0].name}={shards[0].value}"
    assert members.send(b"/app/half", b"Cookie: " + first.encode()).status == 302


def test_claims_that_are_too_large_are_500(members: Members) -> None:
    browser = members.browser()
    callback = sign_in(browser.get("/app/x").headers["location"], "large")
    assert browser.get(callback).status_code == 500
    assert COOKIE not in browser.session


def test_a_token_that_is_over_is_refreshed_in_passing(members: Members) -> None:
    browser = members.browser()
    assert browser.log_in("/refreshed/x").status_code == 200
    former = browser.cookies.get("Brief-0")
    refreshes = members.brief.grants("refresh_token")
    until(lambda: browser.get("/refreshed/y").headers.get("set-cookie", "").startswith("Brief-0="))
    assert members.brief.grants("refresh_token") == refreshes + 1
    assert browser.cookies.get("Brief-0") != former
    tokens = {each.all(b"x-amzn-oidc-accesstoken")[0] for each in members.received()}
    assert len(tokens) == 2


def test_what_answers_by_itself_waits_for_the_login_too(members: Members, ada: Browser) -> None:
    stranger = members.browser()
    assert stranger.get("/fixed/x").headers["location"].startswith(members.provider.issuer)
    assert stranger.get("/moved/x").headers["location"].startswith(members.provider.issuer)
    fixed, moved = ada.get("/fixed/x"), ada.get("/moved/x")
    assert (fixed.status_code, fixed.text) == (200, "for members")
    assert "set-cookie" not in fixed.headers
    assert moved.headers["location"] == "https://127.0.0.1:443/app/moved/x"
    assert members.received() == []


def test_a_rule_with_a_login_transforms_behind_it(members: Members, ada: Browser) -> None:
    stranger = members.browser().get("/rewritten/x?y=1")
    assert stranger.headers["location"].startswith(members.provider.issuer)
    assert ada.get("/rewritten/x?y=1").status_code == 200
    received = one(members)
    assert received.target == b"/within/x?y=1"
    assert received.all(b"x-amzn-oidc-identity") == [b"ada"]


def test_tokens_of_programs(members: Members) -> None:
    good = members.provider.token("read").encode()
    assert members.send(b"/api/x", b"Authorization: Bearer " + good).status == 200
    received = one(members)
    assert received.all(b"authorization") == [b"Bearer " + good]
    before = members.visits()
    assert members.send(b"/api/x", b"Authorization: Bearer " + good).status == 200
    assert members.visits() == before
    members.received()
    head, payload, signature = good.split(b".")
    for bad in (
        b"",
        b"Bearer",
        b"Bearer " + good[:-2],
        b"Basic " + good,
        b"Bearer " + good + b"," + good,
        b"Bearer " + b".".join([head, payload[::-1], signature]),
        b"Bearer " + members.provider.token("write").encode(),
        b"Bearer " + members.brief.token("read").encode(),
    ):
        assert members.send(b"/api/x", b"Authorization: " + bad).status == 401, bad
    assert members.send(b"/api/x").status == 401
    assert members.send(b"/api/x", b"Authorization: Bearer " + good, b"Authorization: Bearer x").status == 401
    assert members.received() == []


def test_a_page_of_another_origin_keeps_its_nonce(members: Members) -> None:
    answer = members.send(b"/app/x", b"Origin: https://other.test", b"Sec-Fetch-Mode: cors")
    assert all(b"SameSite=None" in each for each in answer.all(b"set-cookie"))
    plain = members.send(b"/app/x")
    assert not any(b"SameSite=None" in each for each in plain.all(b"set-cookie"))


def test_no_secret_is_told(members: Members, ada: Browser) -> None:
    ada.get("/app/x")
    held = [
        ada.cookies.get(f"{COOKIE}-0") or "",
        members.received()[-1].all(b"x-amzn-oidc-accesstoken")[0].decode(),
    ]
    pages = [members.admin(page) for page in ("/config_dump?include_eds", "/stats", "/clusters?format=json")]
    files = [path.read_bytes() for path in members.gateway.state.rglob("*") if path.is_file()]
    for secret in (SECRET, *held):
        assert not [page for page in (*pages, members.gateway.output.text) if secret in page]
        assert not [content for content in files if secret.encode() in content]
