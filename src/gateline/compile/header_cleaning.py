"""Header cleaning before any filter: what a client must not say, and what no backend gets from a client.

It runs as Envoy's early header mutation: before the scope is chosen and before the script. Names are lower case
here. Rules: DESIGN section 5, attacks.md A and D, api-gateway.md section 9.

An *alias* of a name differs from it in its separators only: many servers fold `x_gw_secret`, `x.gw.secret` and
`x-gw-secret` into the same variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gateline.compile.client_version import PROTOCOL_HEADER
from gateline.compile.route import CleanedHeaders, header
from gateline.compile.wire import extension
from gateline.dataplane import keys
from gateline.model.integration import Location, RequestSource, holds_secret
from gateline.model.rest_api import RestApi

_DROPPED: Final = (
    "content-md5",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "proxy",  # CGI programs take it for HTTP_PROXY
    "proxy-authenticate",
    "proxy-connection",
    "server",
    "te",
    "trailer",
    "upgrade",
    "www-authenticate",
)
"""Headers of a client that reach neither mappings nor backends (api-gateway.md section 9). Expect is not among
them: Envoy answers it first; `scope_headers` removes what is left."""

_DROPPED_BY_BALANCERS: Final = ("http2-settings", "proxy")
_SAID_BY_BALANCERS: Final = ("x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken")

_OWNED: Final = (
    "x-gl",
    "x-envoy",
    "x-original-url",
    "x-original-uri",
    "x-original-path",
    "x-original-host",
    "x-original-method",
    "x-rewrite-url",
    "x-http-method",
    "x-method-override",
    "forwarded",
)
"""Names, and beginnings of names, that only the gateway or a balancer behind it may write."""

_AMAZON: Final = "x-amzn"
_FROM_CLIENTS: Final = ("trace-id",)  # of the x-amzn- names: a trace may begin before the gateway
_FORWARDED: Final = "x-forwarded"
_FROM_HOPS: Final = ("for", "proto", "port", "host")  # of the x-forwarded- names: what trusted proxies say

_FRAMING: Final = ("content-length", "transfer-encoding")
"""Whose aliases a backend might take for the frame of the message."""

_WITH_WHAT_ENVOY_DROPS: Final = "%UNIQUE_ID%%REQ(TRANSFER-ENCODING):1%%REQUEST_HEADERS_BYTES%"
"""What `balancer.lua` cannot see: whether there is a coding (a letter), and how many bytes all headers have."""

_INVALID: Final = ("[^:].*[^a-z0-9-].*", "[^a-z0-9:-].*")
"""Names that are none to a balancer with drop_invalid_header_fields; Envoy's own begin with a colon."""

_IDENTITY_HEADER: Final = re.compile(r"method\.request\.(?:multivalue)?header\.(.+)")
_SEPARATOR: Final = "[^a-z0-9]?"


def cleaned_headers(api: RestApi) -> CleanedHeaders:
    """The names of the headers that an API's mappings write, and not from the request's own; those of assertions."""
    secrets = {stage.assertion.header for stage in api.stages if stage.assertion is not None}
    injected: set[str] = set()
    for method in api.methods:
        for mapping in method.integration.request_parameters:
            if mapping.location is not Location.HEADER or isinstance(mapping.source, RequestSource):
                continue
            (secrets if holds_secret(mapping.source) else injected).add(mapping.name.lower())
    return CleanedHeaders(
        secrets=frozenset(secrets), injected=frozenset(injected - secrets), asked=frozenset(_asked(api))
    )


def _asked(api: RestApi) -> Iterator[str]:
    """Headers in which a caller of the API says who it is."""
    for authorizer in api.authorizers:
        for source in authorizer.identity_sources:
            found = _IDENTITY_HEADER.fullmatch(source)
            if found is not None:
                yield found[1].lower()
    if any(method.authorization.api_key_required for method in api.methods):
        yield "x-api-key"


def together(parts: Iterable[CleanedHeaders]) -> CleanedHeaders:
    """What the mappings of all of them write."""
    listed = tuple(parts)
    secrets = frozenset[str]().union(*(part.secrets for part in listed))
    injected = frozenset[str]().union(*(part.injected for part in listed))
    asked = frozenset[str]().union(*(part.asked for part in listed))
    return CleanedHeaders(secrets=secrets, injected=injected - secrets, asked=asked)


def early_mutation(cleaned: CleanedHeaders, *, trusted_hops: int) -> dict[str, object]:
    """The early header mutation extension: clean, then set the first scope and the request's id."""
    return _early(owned_pattern(cleaned, trusted_hops=trusted_hops), keys.ENTRY_SCOPE)


def _early(
    pattern: str, scope: str, *, request_id: str = "%UNIQUE_ID%", versions: bool = False
) -> dict[str, object]:
    told = [{"append": header(PROTOCOL_HEADER, "%PROTOCOL%")}] if versions else []
    return extension(
        "gateline.clean",
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[
            {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": pattern}}}},
            {"append": header(keys.SCOPE_HEADER, scope)},
            {"append": header(keys.REQUEST_ID_HEADER, request_id)},
            *told,
        ],
    )


def balancer_mutation(
    cleaned: CleanedHeaders,
    scope: str,
    *,
    owned: Sequence[str] = (),
    only_valid: bool = False,
    versions: bool = False,
) -> dict[str, object]:
    """The early header mutation extension of a balancer of the internet, whose only scope is this one.

    Nobody who comes in there carries what proves that a request came through the gateway.

    Args:
        cleaned: names of headers that carry secrets.
        scope: the listener's.
        owned: further names that only the listener may write.
        only_valid: names with other characters than letters, digits and `-` are removed.
        versions: a header tells routes what the client speaks.

    """
    return _early(
        balancer_pattern(cleaned, owned=owned, only_valid=only_valid),
        scope,
        request_id=_WITH_WHAT_ENVOY_DROPS,
        versions=versions,
    )


def balancer_pattern(cleaned: CleanedHeaders, *, owned: Sequence[str] = (), only_valid: bool = False) -> str:
    """The names that a balancer of the internet removes: a balancer passes on more than the gateway does."""
    patterns = [*_DROPPED_BY_BALANCERS, *_claims(cleaned.secrets, trusted_hops=1)]
    patterns += map(_spelled, (*_SAID_BY_BALANCERS, *owned))
    if only_valid:
        patterns += _INVALID
    return "(?:" + "|".join(patterns) + ")"


def owned_pattern(cleaned: CleanedHeaders, *, trusted_hops: int) -> str:
    """A regular expression (RE2, anchored by its user) that matches the names removed from a request."""
    patterns = [*_DROPPED, *_claims(cleaned.secrets - cleaned.asked, trusted_hops=trusted_hops)]
    kept = cleaned.injected | (cleaned.secrets & cleaned.asked)
    patterns += [alias for name in sorted(kept) for alias in _aliases(name)]
    return "(?:" + "|".join(patterns) + ")"


def _claims(secrets: frozenset[str], *, trusted_hops: int) -> list[str]:
    """Names that would say what only the gateway, or a balancer, may say."""
    # A beginning ends at a separator or with the name, so `x-http-method` is not `x-http-methodology`.
    patterns = [f"{_spelled(name)}(?:[^a-z0-9].*)?" for name in _OWNED]
    patterns += _all_but(_AMAZON, _FROM_CLIENTS)
    patterns += _all_but(_FORWARDED, _FROM_HOPS if trusted_hops else ())
    patterns += [alias for name in _FRAMING for alias in _aliases(name)]
    return patterns + [_spelled(name) for name in sorted(secrets)]


def _spelled(name: str) -> str:
    """A name in every spelling, its own included."""
    return _SEPARATOR.join(re.escape(part) for part in re.split(r"[^a-z0-9]+", name) if part)


def _aliases(name: str) -> list[str]:
    """Every spelling of a name but its own: one separator after the other is another one, or missing."""
    pieces = re.split(r"([^a-z0-9]+)", name)
    parts = [re.escape(part) for part in pieces[::2]]
    patterns = []
    for index, separator in enumerate(pieces[1::2]):
        other = rf"[^a-z0-9{re.escape(separator[0])}]?"
        gaps = [other if at == index else _SEPARATOR for at in range(len(parts) - 1)]
        patterns.append("".join(part + gap for part, gap in zip(parts, [*gaps, ""], strict=True)))
    return patterns


def _all_but(beginning: str, kept: Sequence[str]) -> list[str]:
    """Every name with this beginning, in every spelling, but the kept rests in their own spelling."""
    if not kept:
        return [f"{_spelled(beginning)}(?:[^a-z0-9].*)?"]
    exact = re.escape(beginning)
    aliases = [f"{alias}(?:[^a-z0-9].*)?" for alias in _aliases(beginning)]
    return [*aliases, rf"{exact}(?:[^a-z0-9-].*)?", f"{exact}-(?:{_none_of(kept)})"]


def _none_of(texts: Sequence[str]) -> str:
    """A regular expression for every text that is none of these (RE2 has no look-ahead)."""
    firsts = sorted({text[0] for text in texts if text})
    follow = [
        f"{re.escape(first)}(?:{_none_of([t[1:] for t in texts if t[:1] == first])})" for first in firsts
    ]
    others = f"[^{''.join(re.escape(first) for first in firsts)}].*" if firsts else ".+"
    alternatives = [*follow, others] if "" in texts else [*follow, others, ""]
    return "|".join(alternatives)
