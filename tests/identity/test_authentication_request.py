"""Where browsers are sent to log in."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

from gateline.identity.authentication_request import RESERVED_PARAMS, authentication_request
from gateline.identity.state import begun
from identity.logins import NOW, oidc

STATE = begun("front:443/10", "shop.example.com:8443", "/", "n", NOW)


def test_it_asks_for_a_code() -> None:
    url = authentication_request(oidc(), STATE, "sealed")
    assert url.startswith(
        "https://id.example.com/auth?client_id=shop&redirect_uri=https%3A%2F%2Fshop.example.com%3A8443%2Foauth2%2Fidpresponse&"
    )
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "client_id": "shop",
        "redirect_uri": "https://shop.example.com:8443/oauth2/idpresponse",
        "response_type": "code",
        "scope": "openid email",
        "state": "sealed",
        "nonce": STATE.nonce,
        "code_challenge": STATE.challenge,
        "code_challenge_method": "S256",
    }
    assert STATE.verifier not in url


def test_extra_parameters_go_along_but_none_that_the_flow_needs() -> None:
    extra = (
        ("prompt", "login"),
        ("hd", "a b&c"),
        *((name, "evil") for name in sorted(RESERVED_PARAMS)),
        ("STATE", "evil"),
    )
    found = parse_qs(urlsplit(authentication_request(oidc(extra_params=extra), STATE, "sealed")).query)
    assert found["prompt"] == ["login"]
    assert found["hd"] == ["a b&c"]
    assert "evil" not in str(found)


def test_an_endpoint_may_have_a_query_of_its_own() -> None:
    url = authentication_request(
        oidc(authorization_endpoint="https://id.example.com/auth?tenant=a"), STATE, "s"
    )
    assert url.startswith("https://id.example.com/auth?tenant=a&client_id=")
