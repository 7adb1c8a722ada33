"""What clients try against a login at a balancer: to say who they are, and to come past it."""

from __future__ import annotations

import pytest

from end_to_end.login.conftest import Browser, Members
from harness.oidc_provider import needs_provider
from harness.tls_client import tls_exchange

pytestmark = [pytest.mark.envoy, needs_provider, pytest.mark.xdist_group("login")]

SPELLINGS = [
    b"X-Amzn-Oidc-Identity",
    b"x-amzn-oidc-identity",
    b"X_Amzn_Oidc_Identity",
    b"x-amzn_oidc-identity",
    b"x.amzn.oidc.identity",
    b"xamznoidcidentity",
    b"X-AMZN-OIDC-DATA",
    b"x_amzn_oidc_data",
    b"x-amzn-oidc-accesstoken",
    b"x-amzn-oidc-access-token",
    b"x-amzn-oidc~data",
]


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("path", [b"/app/x", b"/allow/x"])
def test_nobody_says_who_they_are(members: Members, ada: Browser, name: bytes, path: bytes) -> None:
    lines = [name + b": mallory", name + b": eve"]
    if path == b"/app/x":
        lines.append(b"Cookie: " + ada.session.encode())
    assert members.send(path, *lines).status == 200
    [received] = members.received()
    assert b"mallory" not in received.raw
    assert b"eve\r\n" not in received.raw
    told = [value for each, value in received.headers if b"identity" in each]
    assert told == ([b"ada"] if path == b"/app/x" else [])


def test_no_header_and_no_session_moves_a_request_to_another_rule(members: Members, ada: Browser) -> None:
    """A rule there answers whoever has the identity header: nobody has, when rules are judged."""
    assert members.send(b"/z", b"X-Amzn-Oidc-Identity: ada").status == 302
    assert ada.get("/z").text == "ok"


PAST = [
    b"/app%2fsecret",
    b"/%61pp/secret",
    b"/%2561pp/secret",
    b"//app/secret",
    b"/./app/secret",
    b"/x/../app/secret",
    b"/x/%2e%2e/app/secret",
    b"/x/..%2fapp/secret",
    b"/app;v=1/secret",
    b"/;/app/secret",
    b"/app\\secret",
    b"/app%5csecret",
    b"/app%00/secret",
    b"/app/../app/secret",
    b"/%c0%afapp/secret",
]


@pytest.mark.parametrize("target", PAST)
def test_no_odd_path_comes_past_the_login(members: Members, target: bytes) -> None:
    """At a listener whose other paths are open to everybody."""
    answer = members.send(target, port=members.open_port)
    assert answer.status in {302, 400}
    assert members.received() == []


def test_an_odd_path_that_reads_alike_for_all_rules_asks_for_the_login(
    members: Members, ada: Browser
) -> None:
    """The script has let it on to the rules; it stands on the rule's closed route then."""
    assert members.send(b"/app/a%20b").status == 302
    assert members.received() == []
    assert members.send(b"/app/a%20b", b"Cookie: " + ada.session.encode()).status == 200
    [received] = members.received()
    assert (received.target, received.all(b"x-amzn-oidc-identity")) == (b"/app/a%20b", [b"ada"])


def test_what_is_open_is_open(members: Members) -> None:
    assert members.send(b"/free", port=members.open_port).status == 200
    assert members.send(b"/app/x", port=members.open_port).status == 302
    assert [each.target for each in members.received()] == [b"/free"]


CLAIMS = [
    b"X-Gl-Login: public:443/10",
    b"X-Gl-Scope: balancer/public:8443",
    b"X-Envoy-Original-Path: /free",
    b"X-Original-URL: /free",
    b"X-Rewrite-URL: /free",
    b"X-HTTP-Method-Override: GET",
    b"Cookie: AWSALBAuthNonce=x",
    b"Cookie: AWSELBAuthSessionCookie-1=x",
    b"Cookie: awselbauthsessioncookie-0=x",
    b"Connection: cookie, x-amzn-oidc-data",
]


@pytest.mark.parametrize("line", CLAIMS)
def test_no_claim_of_a_client_opens_a_rule(members: Members, line: bytes) -> None:
    assert members.send(b"/app/x", line).status == 302
    assert members.send(b"/deny/x", line).status == 401
    assert members.received() == []


def test_a_session_of_one_host_is_none_of_another(members: Members, ada: Browser) -> None:
    cookie = b"Cookie: " + ada.session.encode()
    ada.get("/app/known")
    members.received()
    lines = [b"GET /app/x HTTP/1.1", b"Host: other.test", cookie]
    assert tls_exchange(members.port, None, b"\r\n".join(lines) + b"\r\n\r\n").status == 302
    assert members.received() == []


@pytest.mark.parametrize("host", [b"evil.test", b"127.0.0.1:1", b"x@evil.test", b"evil.test/a"])
def test_a_callback_of_another_host_gives_no_session(members: Members, host: bytes) -> None:
    lines = [b"GET /oauth2/idpresponse?code=a&state=b HTTP/1.1", b"Host: " + host]
    answer = tls_exchange(members.port, None, b"\r\n".join(lines) + b"\r\n\r\n")
    assert answer.status in {400, 401}
    assert answer.all(b"set-cookie") == []
