"""Logins at a balancer of the internet: routes that stay closed until `login.lua` knows who the client is.

A rule that asks who its clients are is two routes (DESIGN D4). The one that leads somewhere needs dynamic metadata
that only the script writes, and only when a session or a token is good; the other one, behind it, has the rule's
conditions alone and answers 500. The first pass always ends at the second. So nothing reaches a target without a
login, whatever becomes of the script.

What is told to targets (load-balancers.md section 4) is written by the open route from that metadata, over whatever
else might stand there, and after the rules were judged: no session moves a request to another rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateline.compile import rule_action
from gateline.compile.entry import LUA_FILTER
from gateline.compile.hosting import digest
from gateline.compile.route import header
from gateline.compile.table import Table
from gateline.compile.wire import struct
from gateline.dataplane import keys
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
"""Route metadata: what the script is to ask. Dynamic metadata: whom it has let in, and what targets are told."""

_TOLD: Final = {
    "x-amzn-oidc-data": "data",
    "x-amzn-oidc-identity": "identity",
    "x-amzn-oidc-accesstoken": "token",
}
COOKIES_SET: Final = 2 * MOST_SHARDS
"""Cookies that a refreshed session may set or take away; `login.lua` refuses more."""


def login_name(balancer: LoadBalancer, listener: Listener, rule: Rule) -> str:
    """The login of a rule, as script and host call it."""
    told = "default" if rule.priority is None else rule.priority
    return f"{balancer.name}:{listener.port}/{told}"


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
    match = route["match"]
    assert isinstance(match, dict)
    let_in = {
        "filter": keys.NAMESPACE,
        "path": [{"key": LOGIN}, {"key": "id"}],
        "value": {"string_match": {"exact": identity}},
    }
    opened = {**route, "match": {**match, "dynamic_metadata": [*match.get("dynamic_metadata", ()), let_in]}}
    if isinstance(asked, OidcLogin):
        opened |= _told(route)
    table = Table()
    table.put(identity, identity)
    if isinstance(asked, OidcLogin):
        table.put("session", asked.on_unauthenticated, asked.session_cookie_name, NONCE_COOKIE)
    else:
        table.put("jwt", OnUnauthenticated.DENY, "", "")
    return [opened, _closed(f"{route['name']} login", match, table)]


def _closed(name: str, match: Mapping[str, object], table: Table) -> dict[str, object]:
    """Where a request waits for the script.

    It reads the route's metadata, not the filter's context: an odd path comes to the rules only in the script.
    """
    return {
        "name": name,
        "match": match,
        "metadata": {"filter_metadata": {LUA_FILTER: struct({LOGIN: table.text})}},
        **rule_action.page_fields(500),
    }


def _told(route: Mapping[str, object]) -> dict[str, object]:
    """What the target is told, and the cookies of a session that was refreshed on the way."""
    cookies = [
        header("set-cookie", _metadata(f"cookie{index}"), "APPEND_IF_EXISTS_OR_ADD")
        for index in range(1, COOKIES_SET + 1)
    ]
    added = route.get("response_headers_to_add", [])
    assert isinstance(added, list)
    told: dict[str, object] = {"response_headers_to_add": [*added, *cookies]}
    if "route" in route:
        told["request_headers_to_add"] = [header(name, _metadata(key)) for name, key in _TOLD.items()]
    return told


def _metadata(key: str) -> str:
    return f"%DYNAMIC_METADATA({keys.NAMESPACE}:{LOGIN}:{key})%"


def login_paths(scope: str, balancer: LoadBalancer, listener: Listener) -> list[dict[str, object]]:
    """What stands before all rules of a listener with a login: the provider's way back, and the public keys."""
    if not any(isinstance(rule.authentication, OidcLogin) for rule in listener.rules):
        return []
    told = f"{balancer.name}:{listener.port}"
    table = Table()
    table.put(f"{told} callback", told, "callback", OnUnauthenticated.AUTHENTICATE, "", NONCE_COOKIE)
    return [
        _closed(f"{scope} callback login", {"path": CALLBACK_PATH}, table),
        _closed(f"{scope} public keys login", {"prefix": PUBLIC_KEYS_PATH}, table),
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
