"""Logins at a balancer of the internet: routes that stay closed until `login.lua` knows who the client is.

A rule that asks who its clients are is more than one route (DESIGN D4). Those that lead somewhere need filter state
that only the script writes, and only when a session or a token is good; the last one has the rule's conditions alone
and answers 500. The first pass always ends there. So nothing reaches a target without a login, whatever becomes of the
script.

What is told to targets (load-balancers.md section 4) is written by the open routes from filter state, over whatever
else might stand there, and after the rules were judged: no session moves a request to another rule. Filter state and
not dynamic metadata, which costs more (decision 9); and a route of their own for the rare answers with new cookies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateline.compile import rule_action
from gateline.compile.entry import LUA_FILTER
from gateline.compile.hosting import digest
from gateline.compile.route import header
from gateline.compile.table import Table, table_id
from gateline.compile.wire import struct
from gateline.model.arn import balancer_arn
from gateline.model.gateway import Gateway, Keyring
from gateline.model.hosting import HostedLogin
from gateline.model.load_balancer import BalancerType, Listener, LoadBalancer, Rule, Scheme
from gateline.model.login import (
    CALLBACK_PATH,
    MOST_SHARDS,
    NONCE_COOKIE,
    PUBLIC_KEYS_PATH,
    Authentication,
    OidcLogin,
    OnUnauthenticated,
)

LOGIN: Final = "login"
"""Route metadata: what the script is to ask."""

LOGIN_STATE: Final = "gl.login"
"""Filter state: which login has let the request in. What targets and clients are told stands below it."""

REFRESHED: Final = " refreshed"
"""Behind the login's id there: the client gets new cookies."""

CLOSED: Final = " login"
"""The end of the names of routes that stay closed; the script asks no other one what it tells."""

_TOLD: Final = {
    "x-amzn-oidc-data": f"{LOGIN_STATE}.data",
    "x-amzn-oidc-identity": f"{LOGIN_STATE}.identity",
    "x-amzn-oidc-accesstoken": f"{LOGIN_STATE}.token",
}
COOKIES_SET: Final = 2 * MOST_SHARDS
"""Cookies that a refreshed session may set or take away; `login.lua` refuses more."""


def login_name(balancer: LoadBalancer, listener: Listener, rule: Rule) -> str:
    """The login of a rule, as script and host call it."""
    return f"{balancer.name}:{listener.port}/{rule.label}"


def login_id(name: str, authentication: Authentication) -> str:
    """What stands for a login in routes, in the script's memory and for the host: edited, it is another one.

    While workers of Envoy change over, each asks the host about the login that its own routes have.
    """
    return f"{name} {digest(authentication)}"


def guarded(
    route: Mapping[str, object], balancer: LoadBalancer, listener: Listener, rule: Rule
) -> list[dict[str, object]]:
    """The routes of a rule: the one made of it alone, if it asks nothing of its clients."""
    asked = rule.authentication
    if asked is None:
        return [dict(route)]
    identity = login_id(login_name(balancer, listener, rule), asked)
    match, table = route["match"], Table()
    assert isinstance(match, dict)
    table.put(identity, identity)
    if isinstance(asked, OidcLogin):
        table.put("session", asked.on_unauthenticated, asked.session_cookie_name, NONCE_COOKIE)
    else:
        table.put("jwt", OnUnauthenticated.DENY, "", "")
    closed = _closed(str(route["name"]), match, table)
    if not isinstance(asked, OidcLogin):
        return [_opened(route, identity), closed]
    told = _telling_targets(route)
    refreshed = {**told, "name": f"{route['name']}{REFRESHED}", **_telling_clients(route)}
    return [_opened(told, identity), _opened(refreshed, identity + REFRESHED), closed]


def _opened(route: Mapping[str, object], let_in: str) -> dict[str, object]:
    match = route["match"]
    assert isinstance(match, dict)
    needed = {"key": LOGIN_STATE, "string_match": {"exact": let_in}}
    return {**route, "match": {**match, "filter_state": [*match.get("filter_state", ()), needed]}}


def _closed(name: str, match: Mapping[str, object], table: Table) -> dict[str, object]:
    """Where a request waits for the script.

    It reads the route's metadata, not the filter's context: an odd path comes to the rules only in the script. The
    name says which metadata that is, so it is read once for all requests.
    """
    return {
        "name": f"{name} {table_id(table.text)}{CLOSED}",
        "match": match,
        "metadata": {"filter_metadata": {LUA_FILTER: struct({LOGIN: table.text})}},
        **rule_action.page_fields(500),
    }


def is_closed(route: Mapping[str, object]) -> bool:
    """Whether it is the route of a rule at which a request waits for the script."""
    return str(route["name"]).endswith(CLOSED)


def _telling_targets(route: Mapping[str, object]) -> dict[str, object]:
    if "route" not in route:
        return dict(route)
    told = [header(name, f"%FILTER_STATE({state}:PLAIN)%") for name, state in _TOLD.items()]
    return {**route, "request_headers_to_add": told}


def _telling_clients(route: Mapping[str, object]) -> dict[str, object]:
    """The cookies of a session that was refreshed on the way."""
    cookies = [
        header("set-cookie", f"%FILTER_STATE({LOGIN_STATE}.cookie{index}:PLAIN)%", "APPEND_IF_EXISTS_OR_ADD")
        for index in range(1, COOKIES_SET + 1)
    ]
    added = route.get("response_headers_to_add", [])
    assert isinstance(added, list)
    return {"response_headers_to_add": [*added, *cookies]}


def login_paths(scope: str, balancer: LoadBalancer, listener: Listener) -> list[dict[str, object]]:
    """What stands before all rules of a listener with a login: the provider's way back, and the public keys."""
    if not any(isinstance(rule.authentication, OidcLogin) for rule in listener.rules):
        return []
    told = f"{balancer.name}:{listener.port}"
    table = Table()
    table.put(f"{told} callback", told, "callback", OnUnauthenticated.AUTHENTICATE, "", NONCE_COOKIE)
    return [
        _closed(f"{scope} callback", {"path": CALLBACK_PATH}, table),
        _closed(f"{scope} public keys", {"prefix": PUBLIC_KEYS_PATH}, table),
    ]


def hosted_logins(gateway: Gateway, keyring: Keyring) -> tuple[HostedLogin, ...]:
    """What the host is told of all logins."""
    secrets = {secret.name: secret for secret in keyring.secrets}
    authorities = dict(keyring.authorities)
    hosted = []
    for balancer, listener, rule, asked in _asking(gateway):
        name = login_id(login_name(balancer, listener, rule), asked)
        authority = authorities.get(asked.ca, b"").decode("ascii", "replace")
        if isinstance(asked, OidcLogin):
            ref = asked.client_secret
            secret = secrets[ref.name].reveal().decode() if ref is not None and ref.name in secrets else ""
            signer = balancer_arn(
                account=gateway.edge.account_id, region=gateway.edge.region, balancer=balancer.name
            )
            made = HostedLogin(name=name, oidc=asked, client_secret=secret, signer=signer, ca=authority)
        else:
            made = HostedLogin(name=name, jwt=asked, ca=authority)
        hosted.append(made)
    return tuple(hosted)


def _asking(gateway: Gateway) -> Iterator[tuple[LoadBalancer, Listener, Rule, Authentication]]:
    for balancer in gateway.load_balancers:
        if balancer.type is not BalancerType.APPLICATION or balancer.scheme is not Scheme.INTERNET_FACING:
            continue
        for listener in balancer.listeners:
            for rule in listener.rules:
                if rule.authentication is not None:
                    yield balancer, listener, rule, rule.authentication
