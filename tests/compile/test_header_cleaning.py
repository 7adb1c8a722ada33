"""Which headers of a client are taken away before anything looks at them (DESIGN section 5, attacks.md A and D)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compile.gateways import ORIGIN, api, method
from gateline.compile.header_cleaning import (
    balancer_pattern,
    cleaned_headers,
    early_mutation,
    owned_pattern,
)
from gateline.compile.route import CleanedHeaders
from gateline.compile.wire import to_dict
from gateline.dataplane import keys
from gateline.model.assertion import Assertion
from gateline.model.authorizer import Authorization, Authorizer, AuthorizerKind
from gateline.model.rest_api import Stage

CLEANED = CleanedHeaders(
    secrets=frozenset({"x-gw-secret", "apigatewaypassthroughheader"}), injected=frozenset({"x-tenant-id"})
)
SEPARATORS = st.sampled_from(["-", "_", ".", "~", "!", "+", ""])


def removed(name: str, *, hops: int = 0) -> bool:
    """Whether a client's header of this name is taken away; Envoy lowers names and anchors the pattern."""
    return re.fullmatch(owned_pattern(CLEANED, trusted_hops=hops), name.lower()) is not None


@pytest.mark.parametrize(
    "name",
    [
        "x-gl-scope",
        "x-gl-rid",
        "x-gl",
        "X-GL-Anything",
        "x-envoy-original-path",
        "x-envoy-internal",
        "x-amzn-oidc-data",
        "x-amzn-mtls-clientcert",
        "x-amzn-apigateway-api-id",
        "x-amzn-requestid",
        "x-amzn-remapped-server",
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-prefix",
        "te",
        "trailer",
        "upgrade",
        "max-forwards",
        "content-md5",
        "server",
        "www-authenticate",
        "proxy-connection",
        "proxy",
        "http2-settings",
        "keep-alive",
        "x-gw-secret",
        "apigatewaypassthroughheader",
    ],
)
def test_these_are_the_gateways_own(name: str) -> None:
    assert removed(name)


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "cookie",
        "accept",
        "user-agent",
        "content-type",
        "content-length",
        "x-request-id",
        "x-api-key",
        "x-amz-date",
        "x-amzn-trace-id",
        "traceparent",
        "x-tenant-id",
        "x-http-methodology",
        "x-glue",
        "x-original-urls",
        "x-forwardedness",
        "serverless",
        "terms",
        "x-gw-secrets",
        "my-x-gw-secret",
        ":path",
        ":authority",
        ":method",
    ],
)
def test_these_are_the_clients(name: str) -> None:
    assert not removed(name)


@given(first=SEPARATORS, second=SEPARATORS)
def test_every_spelling_of_a_secrets_name_is_taken_away(first: str, second: str) -> None:
    assert removed(f"x{first}gw{second}secret")


@given(first=SEPARATORS, second=SEPARATORS)
def test_every_other_spelling_of_an_injected_name_is_taken_away(first: str, second: str) -> None:
    name = f"x{first}tenant{second}id"
    assert removed(name) == (name != "x-tenant-id")


@given(first=SEPARATORS, second=SEPARATORS, rest=st.sampled_from(["scope", "rid", "x"]))
def test_every_spelling_of_our_own_prefix_is_taken_away(first: str, second: str, rest: str) -> None:
    name = f"x{first}gl{second}{rest}"
    assert removed(name) == (second != "" or name in ("xgl", "x-gl"))


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"])
def test_trusted_hops_may_say_where_a_request_came_from(name: str) -> None:
    assert not removed(name, hops=1)
    assert removed(name.replace("-", "_"), hops=1)
    assert removed(name.replace("-", "."), hops=1)


@pytest.mark.parametrize("name", ["x-forwarded-prefix", "x-forwarded-uri", "forwarded", "x-forwarded"])
def test_and_nothing_else(name: str) -> None:
    assert removed(name, hops=1)


def test_the_scope_and_the_id_are_set_after_cleaning() -> None:
    config: Any = early_mutation(CLEANED, trusted_hops=0)["typed_config"]
    shown: Any = to_dict(config)
    clean, scope, identity = shown["mutations"]
    assert set(clean) == {"remove_on_match"}
    assert scope["append"]["header"] == {"key": keys.SCOPE_HEADER, "value": keys.ENTRY_SCOPE}
    assert identity["append"]["header"] == {"key": keys.REQUEST_ID_HEADER, "value": "%UNIQUE_ID%"}


def test_a_header_that_callers_are_asked_for_stays_though_a_secret_has_its_name() -> None:
    asked = CleanedHeaders(
        secrets=frozenset({"x-api-key", "x-gw-secret"}), asked=frozenset({"x-api-key", "authorization"})
    )
    pattern = owned_pattern(asked, trusted_hops=0)
    names = ("x-api-key", "x_api_key", "x-gw-secret", "authorization")
    assert [bool(re.fullmatch(pattern, name)) for name in names] == [False, True, True, False]


def test_callers_are_asked_for_api_keys_and_for_what_authorizers_read() -> None:
    authorizer = Authorizer(
        name="a",
        kind=AuthorizerKind.REQUEST,
        identity_sources=("method.request.header.X-Token", "method.request.querystring.q"),
        origin=ORIGIN,
    )
    keyed = method("GET", "/", authorization=Authorization(api_key_required=True, origin=ORIGIN))
    assert cleaned_headers(api(keyed, authorizers=(authorizer,))).asked == {"x-token", "x-api-key"}
    assert cleaned_headers(api(method("GET", "/"))).asked == set()


def test_a_balancer_of_the_internet_takes_a_secrets_name_away_whoever_asks_for_it() -> None:
    asked = CleanedHeaders(secrets=frozenset({"x-api-key"}), asked=frozenset({"x-api-key"}))
    assert re.fullmatch(balancer_pattern(asked), "x-api-key")


def test_the_header_of_a_stages_assertions_is_treated_as_a_secrets() -> None:
    assertion = Assertion(audience="orders", header="x-proof", origin=ORIGIN)
    stages = (Stage(name="a", assertion=assertion, origin=ORIGIN), Stage(name="b", origin=ORIGIN))
    cleaned = cleaned_headers(api(method("GET", "/"), stages=stages))
    assert cleaned.secrets == {"x-proof"}
    for name in ("x-proof", "x_proof", "x.proof", "xproof"):
        assert re.fullmatch(owned_pattern(cleaned, trusted_hops=0), name)
        assert re.fullmatch(balancer_pattern(cleaned), name)
