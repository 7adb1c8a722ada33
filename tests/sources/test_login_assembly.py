"""Logins become the model's: where they may stand, which comes first, whom they ask, where secrets stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateline.model.load_balancer import FixedResponse, Forward, WeightedTargetGroup
from gateline.model.login import ClaimFormat, JwtClaim, JwtValidation, OidcLogin, OnUnauthenticated
from gateline.model.secret import SecretRef

from .balancers import FIXED, Json, errors_of, gateway_of, rules_of
from .conftest import LoadProject
from .logins import OIDC, asking, cognito, jwt, oidc

AT = "/load_balancers/b/listeners/0/default_actions"
FORWARD: Json = {"type": "forward", "target_group": "orders"}


def login_of(load_project: LoadProject, text: str) -> Any:
    [rule] = rules_of(load_project, text)
    assert rule.authentication is not None
    return rule.authentication


def test_an_oidc_login_is_read_with_its_defaults(load_project: LoadProject) -> None:
    [rule] = rules_of(load_project, asking(oidc(), FORWARD))
    login = rule.authentication
    assert login is not None
    assert rule.action == Forward((WeightedTargetGroup("orders"),))
    assert login == OidcLogin(
        issuer="https://login.test",
        authorization_endpoint="https://login.test/auth",
        token_endpoint="https://login.test/token",
        user_info_endpoint="https://login.test/me",
        client_id="members",
        client_secret=SecretRef("LOGIN"),
        session_cookie_name="AWSELBAuthSessionCookie",
        scope="openid",
        session_timeout=timedelta(days=7),
        on_unauthenticated=OnUnauthenticated.AUTHENTICATE,
        origin=login.origin,
    )


def test_a_user_pools_endpoints_are_known(load_project: LoadProject) -> None:
    login = login_of(load_project, asking(cognito(), FORWARD))
    assert login.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    assert login.authorization_endpoint == "https://members.auth.eu-west-1.amazoncognito.com/oauth2/authorize"
    assert login.token_endpoint.endswith(".amazoncognito.com/oauth2/token")
    assert login.user_info_endpoint.endswith(".amazoncognito.com/oauth2/userInfo")
    assert login.client_secret is None
    own = login_of(load_project, asking(cognito(user_pool_domain="login.shop.test"), FORWARD))
    assert own.token_endpoint == "https://login.shop.test/oauth2/token"


def test_a_jwt_validation_is_read(load_project: LoadProject) -> None:
    claim = {"name": "scope", "format": "space-separated-values", "values": ["a", "b"]}
    login = login_of(load_project, asking(jwt(additional_claims=[claim]), FORWARD))
    assert login == JwtValidation(
        jwks_endpoint="https://login.test/jwks",
        issuer="https://login.test",
        additional_claims=(
            JwtClaim(name="scope", format=ClaimFormat.SPACE_SEPARATED_VALUES, values=("a", "b")),
        ),
        origin=login.origin,
    )


@pytest.mark.parametrize(
    "actions",
    [
        [oidc(), FIXED],
        [{**FIXED, "order": 2}, {**oidc(), "order": 1}],
        [{**FIXED, "order": 50000}, oidc()],
    ],
)
def test_the_authentication_comes_first_by_its_order(load_project: LoadProject, actions: list[Json]) -> None:
    [rule] = rules_of(load_project, asking(*actions))
    assert isinstance(rule.authentication, OidcLogin)
    assert rule.action == FixedResponse(status_code=404)


@pytest.mark.parametrize(
    ("actions", "error"),
    [
        ([FIXED, oidc()], f"GL521 {AT}/1: the authenticate-oidc would come behind the action that answers"),
        ([{**oidc(), "order": 2}, FIXED], f"GL521 {AT}/0: the authenticate-oidc would come behind"),
        ([oidc(), jwt(), FIXED], f"GL521 {AT}/1: a rule authenticates its clients once"),
        ([oidc()], f"GL230 {AT}: exactly one action is taken"),
        ([oidc(), FIXED, FORWARD], f"GL230 {AT}/2: exactly one action is taken"),
        ([FIXED, FORWARD], f"GL230 {AT}/1: exactly one action is taken"),
        ([{"type": "authenticate-oidc"}, FIXED], f"GL207 {AT}/0: "),
        ([{**oidc(), "status_code": 200}, FIXED], f"GL207 {AT}/0: "),
        (
            [{"type": "jwt-validation", "authenticate_oidc_config": OIDC}, FIXED],
            f"GL207 {AT}/0: ",
        ),
    ],
)
def test_a_list_of_actions_that_is_not_taken(
    load_project: LoadProject, actions: list[Json], error: str
) -> None:
    [found] = errors_of(load_project, asking(*actions))
    assert found.startswith(error)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"scheme": "internal", "listener": {"certificates": []}},
            "clients do not come to an internal balancer",
        ),
        (
            {"listener": {"protocol": "HTTP", "certificates": []}},
            "cookies and tokens are not for connections",
        ),
    ],
)
@pytest.mark.parametrize("action", [oidc(), cognito(), jwt()])
def test_a_login_stands_at_https_listeners_of_the_internet_only(
    load_project: LoadProject, changes: dict[str, Any], why: str, action: Json
) -> None:
    [error] = errors_of(load_project, asking(action, FIXED, **changes))
    assert error.startswith(f"GL518 {AT}/0: no {action['type']} here: {why}")


def test_a_network_balancer_asks_nobody(load_project: LoadProject) -> None:
    text = asking(oidc(), FORWARD, type="network", listener={"protocol": "TCP", "certificates": []})
    assert f"GL518 {AT}/0: no authenticate-oidc here: a network balancer" in "\n".join(
        errors_of(load_project, text)
    )


@pytest.mark.parametrize(
    "written", ["plain-secret-of-mine", "${OTHER}", "x${LOGIN}", "${LOGIN}${LOGIN}", "${env:A}", ""]
)
def test_a_client_secret_is_a_declared_secret_as_a_whole(load_project: LoadProject, written: str) -> None:
    found = errors_of(load_project, asking(oidc(client_secret=written), FIXED))
    if not written:
        assert found[0].startswith("GL207")
        return
    [error] = found
    assert error.startswith(f"GL519 {AT}/0/authenticate_oidc_config/client_secret: ")
    assert "plain-secret-of-mine" not in error


ENDPOINTS = {
    "http://login.test/token": "must be https",
    "http://10.0.0.7/token": "must be https",
    "http://localhost.evil.test/": "must be https",
    "https://169.254.169.254/latest": "leads to a cloud metadata service",
    "https://[::ffff:169.254.169.254]/": "leads to a cloud metadata service",
    "https://2852039166/": "leads to a cloud metadata service",
    "https://metadata.google.internal/": "leads to a cloud metadata service",
    "https://169.254.1.1/": "leads to a link-local address",
    "https://0.0.0.0/": "leads to not the address of a host",
    "https://user:pw@login.test/": "must have a host",
    "https://login.test/#x": "must have a host",
    "https://login.test\\@evil.test/": "must have a host",
    "https:///token": "must have a host",
    "https://login.test:99999/": "is no URL",
    "https://[::1/": "is no URL",
}


@pytest.mark.parametrize("url", ENDPOINTS)
@pytest.mark.parametrize("key", ["token_endpoint", "user_info_endpoint", "authorization_endpoint"])
def test_an_endpoint_that_must_not_be_asked(load_project: LoadProject, url: str, key: str) -> None:
    [error] = errors_of(load_project, asking(oidc(**{key: url}), FIXED))
    assert error.startswith(f"GL520 {AT}/0/authenticate_oidc_config/{key}: ")
    assert ENDPOINTS[url] in error


def test_keys_of_tokens_are_fetched_by_the_same_rules(load_project: LoadProject) -> None:
    [error] = errors_of(load_project, asking(jwt(jwks_endpoint="http://login.test/jwks"), FIXED))
    assert error.startswith(f"GL520 {AT}/0/jwt_validation_config/jwks_endpoint: ")


@pytest.mark.parametrize("host", ["127.0.0.1:9", "[::1]:9", "localhost"])
def test_a_provider_on_this_machine_may_speak_http(load_project: LoadProject, host: str) -> None:
    assert errors_of(load_project, asking(oidc(issuer=f"http://{host}"), FIXED)) == []


def test_a_file_of_authorities_must_be_there(load_project: LoadProject) -> None:
    [error] = errors_of(load_project, asking(oidc(ca="none.pem"), FIXED))
    assert error.startswith(f"GL213 {AT}/0/authenticate_oidc_config/ca: ")


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({}, False),
        ({"on_unauthenticated_request": "allow"}, False),
        ({"client_id": "others"}, True),
        ({"client_id": "others", "session_cookie_name": "Others"}, False),
    ],
)
def test_two_logins_that_write_the_same_cookies_are_warned_of(
    load_project: LoadProject, changes: dict[str, str], *, warned: bool
) -> None:
    other = {
        "priority": 1,
        "conditions": [{"field": "path-pattern", "values": ["/a"]}],
        "actions": [oidc(**changes), FIXED],
    }
    text = asking(oidc(), FIXED, rules=[other])
    assert gateway_of(load_project, text).load_balancers
    found = [each.code.name for each in load_project(text, environ={"A": "x"}).report.diagnostics]
    assert ("GL522" in found) == warned
