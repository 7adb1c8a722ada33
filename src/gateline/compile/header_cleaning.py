"""Header cleaning before any filter: what a client must not say, and what no backend gets from a client.

It runs as Envoy's early header mutation: before the scope is chosen and before the script. Names are lower case
here. Rules: DESIGN section 5, attacks.md A and D, api-gateway.md section 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gateline.compile.route import header
from gateline.compile.wire import extension
from gateline.dataplane import keys

_HOP_BY_HOP: Final = (
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "proxy-connection",
    "server",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
    "keep-alive",
    "www-authenticate",
)
"""Headers of a client that reach neither mappings nor backends (api-gateway.md section 9)."""

_OWNED: Final = (
    "x-gl-",
    "x-envoy-",
    "x-amzn-oidc-",
    "x-amzn-mtls-",
    "x-amzn-apigateway-",
    "x-amzn-requestid",
    "x-amzn-remapped-",
    "x-amzn-tls-",
    "x-original-url",
    "x-original-uri",
    "x-original-path",
    "x-original-host",
    "x-original-method",
    "x-rewrite-url",
    "x-http-method",
    "x-method-override",
)
"""Prefixes of names that only the gateway, or a balancer behind it, may write."""

_FORWARDED: Final = ("x-forwarded-", "forwarded")
"""What proxies in front may say; without trusted hops nobody may."""


def _alias_pattern(name: str) -> str:
    """A name and its aliases: servers fold `x_gw_secret` and `x.gw.secret` into the same variable as `x-gw-secret`."""
    return "[^a-z0-9]?".join(re.escape(part) for part in re.split(r"[^a-z0-9]+", name) if part)


def owned_pattern(secret_headers: Iterable[str], *, trusted_hops: int) -> str:
    """A regular expression (RE2) that matches the names that are removed from a client's request."""
    prefixes = [*_OWNED, *(_FORWARDED if trusted_hops == 0 else ())]
    exact = [_alias_pattern(name) for name in sorted(secret_headers)]
    if trusted_hops:
        exact.extend(
            _alias_only(name) for name in ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-port")
        )
    # A prefix ends at a separator or at the end of the name, so `x-http-method` is not `x-http-methodology`.
    owned = [_alias_pattern(name) + "(?:[^a-z0-9].*)?" for name in prefixes]
    return "(?:" + "|".join([*_HOP_BY_HOP, *owned, *exact]) + ")"


def _alias_only(name: str) -> str:
    first, second, third = name.split("-")
    return f"{first}[^a-z0-9-]?{second}[^a-z0-9-]?{third}"


def early_mutation(secret_headers: Iterable[str], *, trusted_hops: int) -> dict[str, object]:
    """The early header mutation extension: clean, then set the first scope and the request's id."""
    pattern = owned_pattern(secret_headers, trusted_hops=trusted_hops)
    mutations = [
        {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": pattern}}}},
        {"append": header(keys.SCOPE_HEADER, keys.ENTRY_SCOPE)},
        {"append": header(keys.REQUEST_ID_HEADER, "%UNIQUE_ID%")},
    ]
    return extension(
        "gateline.clean",
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=mutations,
    )
