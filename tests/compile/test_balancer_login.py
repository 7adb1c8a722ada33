"""A rule with a login: the route that needs it, the closed one behind it, and what the host is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from compile.balancers import balancer, fixed, forward, group, listener, project, rule
from compile.gateways import ORIGIN
from gateline.compile import compile_gateway
from gateline.compile.balancer_login import CLOSED, COOKIES_SET, LOGIN, LOGIN_STATE, REFRESHED, login_id
from gateline.compile.entry import LUA_FILTER
from gateline.compile.resources import CLUSTER, SCOPED_ROUTE
from gateline.dataplane import keys
from gateline.model.gateway import Gateway, Keyring
from gateline.model.hosting import HostConfiguration
from gateline.model.load_balancer import Action, ListenerProtocol, PathPattern, Redirect, Rule
from gateline.model.login import Authentication, JwtValidation, OidcLogin, OnUnauthenticated
from gateline.model.secret import Secret, SecretRef

OIDC = OidcLogin(
    issuer="https://login.test",
    authorization_endpoint="https://login.test/auth",
    token_endpoint="https://login.test/token",
    user_info_endpoint="https://login.test/me",
    client_id="members",
    client_secret=SecretRef("LOGIN"),
    origin=ORIGIN,
)
JWT = JwtValidation(jwks_endpoint="https://login.test/jwks", issuer="https://login.test", origin=ORIGIN)
KEYRING = Keyring(
    secrets=(Secret("LOGIN", b"the-secret-of-members"),),
    authorities=(("/ca.pem", b"PEM of an authority"),),
    session_keys=("00" * 32,),
    claims_keys=(("kid", "PEM of a key"),),
)


def asking(asked: Authentication | None, action: Action | None = None, priority: int | None = 5) -> Rule:
    conditions = (PathPattern(("/app/*",)),) if priority else ()
    return replace(rule(priority, action or forward(orders=1), *conditions), authentication=asked)


def of(*rules: Rule) -> Gateway:
    https = listener(*rules, rule(None, fixed(404)), port=443, protocol=ListenerProtocol.HTTPS)
    return project(balancer(https), groups=(group("orders"),))


def compiled(*rules: Rule) -> tuple[Any, HostConfiguration]:
    made = compile_gateway(of(*rules), KEYRING)
    assert made.resources is not None, made.report
    return made.resources, made.hosting


def routes(*rules: Rule) -> dict[str, Any]:
    """The routes by name, in their order; those of closed ones without what tells their metadata."""
    resources, _ = compiled(*rules)
    [name] = [each for each in resources.by_type[SCOPED_ROUTE] if each.startswith("balancer/")]
    [host] = resources.by_type[SCOPED_ROUTE][name].route_configuration.virtual_hosts
    return {_plain(route.name): route for route in host.routes}


def _plain(name: str) -> str:
    rest = name.removesuffix(CLOSED)
    return name if rest == name else rest.rpartition(" ")[0] + CLOSED


def names_of_closed(*rules: Rule) -> list[str]:
    return [route.name for name, route in routes(*rules).items() if name.endswith(CLOSED)]


def test_the_name_of_a_closed_route_changes_with_what_it_asks() -> None:
    named = [
        names_of_closed(asking(asked))[-1]
        for asked in (
            OIDC,
            replace(OIDC, client_id="others"),
            replace(OIDC, on_unauthenticated=OnUnauthenticated.DENY),
            JWT,
        )
    ]
    assert len(set(named)) == len(named)
    assert all(name.startswith(f"{RULE} ") for name in named)


RULE = "balancer/public:443 rule 5"
BEFORE = ["balancer/public:443 callback login", "balancer/public:443 public keys login"]


@pytest.mark.parametrize("asked", [OIDC, JWT])
@pytest.mark.parametrize("action", [forward(orders=1), fixed(200), Redirect(status_code=302, path="/x")])
def test_a_rule_with_a_login_leads_somewhere_only_with_state_of_the_script(
    asked: Authentication, action: Action
) -> None:
    made = routes(asking(asked, action))
    names = list(made)
    opened = [RULE, f"{RULE}{REFRESHED}"] if asked is OIDC else [RULE]
    start = names.index(RULE)
    assert names[start : start + len(opened) + 1] == [*opened, f"{RULE} login"]
    for name, behind in zip(opened, ("", REFRESHED), strict=False):
        [needed] = made[name].match.filter_state
        assert needed.key == LOGIN_STATE
        assert needed.string_match.exact == login_id("public:443/5", asked) + behind
    closed = made[f"{RULE} login"]
    assert closed.direct_response.status == 500
    assert not closed.match.filter_state
    assert closed.match.prefix == made[RULE].match.prefix == "/app/"
    told = closed.metadata.filter_metadata[LUA_FILTER].fields[LOGIN].string_value
    assert login_id("public:443/5", asked) in told


def test_a_rule_without_a_login_is_one_route_that_tells_the_script_nothing() -> None:
    made = routes(asking(None))
    assert [name for name in made if "login" in name] == []
    assert not made[RULE].match.filter_state
    assert not made[RULE].metadata.filter_metadata


def test_the_way_back_stands_before_all_rules_and_only_where_there_is_one() -> None:
    names = list(routes(asking(OIDC)))
    ours = [name for name in names if name.startswith("balancer/")]
    assert ours[:2] == BEFORE
    assert names.index(BEFORE[1]) < names.index(RULE)
    assert [name for name in routes(asking(JWT)) if name in BEFORE] == []
    made = routes(asking(OIDC))
    assert made[BEFORE[0]].match.path == "/oauth2/idpresponse"
    assert made[BEFORE[1]].match.prefix == "/.well-known/gateline/public-keys/"
    assert {made[name].direct_response.status for name in BEFORE} == {500}


def test_targets_are_told_by_the_script_alone() -> None:
    made = routes(asking(OIDC))
    for name in (RULE, f"{RULE}{REFRESHED}"):
        told = {each.header.key: each for each in made[name].request_headers_to_add}
        assert set(told) == {"x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken"}
        for each in told.values():
            assert each.header.value.startswith(f"%FILTER_STATE({LOGIN_STATE}.")
            assert each.append_action == 2  # OVERWRITE_IF_EXISTS_OR_ADD
    assert not routes(asking(JWT))[RULE].request_headers_to_add


def test_new_cookies_are_set_by_a_route_of_their_own() -> None:
    made = routes(asking(OIDC))
    assert not made[RULE].response_headers_to_add
    set_cookies = made[f"{RULE}{REFRESHED}"].response_headers_to_add
    assert [each.header.key for each in set_cookies] == ["set-cookie"] * COOKIES_SET
    assert {each.append_action for each in set_cookies} == {0}  # APPEND_IF_EXISTS_OR_ADD
    assert f"{RULE}{REFRESHED}" not in routes(asking(JWT))


@pytest.mark.parametrize("change", [{"client_id": "x"}, {"scope": "openid x"}, {"issuer": "https://x.test"}])
def test_an_edited_login_is_another_one(change: dict[str, str]) -> None:
    assert login_id("a", OIDC) != login_id("a", replace(OIDC, **change))  # type: ignore[arg-type]


def test_the_host_is_told_of_each_login_and_the_keys() -> None:
    resources, hosting = compiled(asking(replace(OIDC, ca="/ca.pem")), asking(JWT, priority=9))
    first, second = hosting.logins
    believed = replace(OIDC, ca="/ca.pem")
    assert (first.name, first.oidc, first.jwt) == (login_id("public:443/5", believed), believed, None)
    assert (first.client_secret, first.ca) == ("the-secret-of-members", "PEM of an authority")
    assert first.signer.startswith(
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/public/"
    )
    assert (second.name, second.jwt) == (login_id("public:443/9", JWT), JWT)
    assert (second.client_secret, second.ca) == ("", "")
    assert hosting.session_keys == KEYRING.session_keys
    assert hosting.claims_keys == KEYRING.claims_keys
    assert hosting.is_needed
    assert keys.HOST_CLUSTER in resources.by_type[CLUSTER]


def test_no_secret_stands_in_what_envoy_is_told_or_in_a_repr() -> None:
    resources, hosting = compiled(asking(OIDC))
    text = "".join(str(message) for each in resources.by_type.values() for message in each.values())
    for secret in ("the-secret-of-members", "00" * 32, "PEM of a key"):
        assert secret not in text
        assert secret not in repr(hosting)


def test_a_default_rule_logs_in_too() -> None:
    https = listener(asking(OIDC, priority=None), port=443, protocol=ListenerProtocol.HTTPS)
    made = compile_gateway(project(balancer(https), groups=(group("orders"),)), KEYRING)
    assert [each.name for each in made.hosting.logins] == [login_id("public:443/default", OIDC)]
