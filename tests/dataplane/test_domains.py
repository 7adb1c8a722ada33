"""Custom domains: which stage a Host and the beginning of a path name (api-gateway.md section 3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compile.gateways import (
    DEV,
    ORIGIN,
    api,
    aws_proxy,
    compiled,
    domain,
    function,
    gateway,
    http_proxy,
    method,
    of_request,
)
from compile.gateways import mapping as mapped
from dataplane.simulated_envoy import Outcome, SimulatedEnvoy
from gateline.integrations.call import read_call
from gateline.model.gateway import PathMode, SelfSigned
from gateline.model.integration import ContextSource
from gateline.model.rest_api import Stage

NEXT = Stage(name="next", origin=ORIGIN)
SHOP = "api.example.com"


def anything(name: str, **fields: Any) -> Any:
    """An API that takes any path, and tells its backend which."""
    to_backend = http_proxy(
        "http://backend.test:9000/got/{rest}",
        mapped("path.rest", of_request("path.rest")),
        mapped("header.x-path", ContextSource("path")),
        mapped("header.x-domain", ContextSource("domainName")),
        mapped("header.x-prefix", ContextSource("domainPrefix")),
    )
    methods = (method("GET", "/"), method("GET", "/{rest+}", to_backend), method("GET", "/a"))
    return api(*methods, name=name, **fields)


def envoy_of(paths: PathMode = PathMode.STRICT, **edge: Any) -> SimulatedEnvoy:
    """Orders is the default API; hidden and users are reached by domains too."""
    project = gateway(
        anything("orders", stages=(DEV, NEXT)),
        anything("users"),
        anything("hidden", execute_api_endpoint=False),
        domains=(
            domain(
                SHOP,
                {
                    "": "orders/dev",
                    "v2": "orders/next",
                    "orders": "orders/dev",
                    "orders/v2": "users/dev",
                    "a/b/c": "hidden/dev",
                },
            ),
            domain("strict.example.com", {"only": "users/dev"}),
            domain("*.example.com", {"": "users/dev"}),
            domain("own.example.org", {"": "hidden/dev"}, certificate="domain/own.example.org"),
        ),
        paths=paths,
        hosts=("gw.example.net",),
        **edge,
    )
    return SimulatedEnvoy(compiled(project))


@pytest.fixture(scope="module")
def envoy() -> SimulatedEnvoy:
    return envoy_of()


@pytest.fixture(scope="module")
def lenient() -> SimulatedEnvoy:
    return envoy_of(PathMode.AWS)


@pytest.fixture(scope="module")
def secure() -> SimulatedEnvoy:
    return envoy_of(tls=SelfSigned(origin=ORIGIN))


def reached(outcome: Outcome) -> str:
    """The scope that serves a request and what its backend is asked for, or why it is refused."""
    return f"{outcome.scope} {outcome.path}" if outcome.answer is None else outcome.verdict


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/x", "orders/dev /got/x"),
        ("/", "orders/dev /"),
        ("/v2/x", "orders/next /got/x"),
        ("/v2", "orders/next /"),
        ("/v2/", "orders/next /"),
        ("/v2?q=/orders/v2", "orders/next /?q=/orders/v2"),
        ("/v2x/y", "orders/dev /got/v2x/y"),
        ("/v", "orders/dev /got/v"),
        ("/V2/x", "orders/dev /got/V2/x"),
        ("/orders/x", "orders/dev /got/x"),
        ("/orders/v2/x", "users/dev /got/x"),
        ("/orders/v2", "users/dev /"),
        ("/orders/v22/x", "orders/dev /got/v22/x"),
        ("/orders/v2/v2/x", "users/dev /got/v2/x"),
        ("/a/b/c/d", "hidden/dev /got/d"),
        ("/a/b/d", "orders/dev /got/a/b/d"),
        ("/a/b", "orders/dev /got/a/b"),
        ("/dev/x", "orders/dev /got/dev/x"),  # no stage stands in the path
        ("/restapis/users/dev/_user_request_/x", "orders/dev /got/restapis/users/dev/_user_request_/x"),
        ("//v2/x", "orders/next /got/x"),
        ("/v2//x", "orders/next /got/x"),
        ("//", "orders/dev /"),
    ],
)
def test_the_longest_base_path_whose_segments_begin_the_path_is_cut_off(
    envoy: SimulatedEnvoy, path: str, expected: str
) -> None:
    assert reached(envoy.request("GET", path, host=SHOP)) == expected


@pytest.mark.parametrize(
    "host", ["API.Example.COM", "api.example.com:8443", "api.example.com.", "api.example.com.:1"]
)
def test_case_port_and_a_last_dot_of_a_host_do_not_matter(envoy: SimulatedEnvoy, host: str) -> None:
    assert reached(envoy.request("GET", "/v2/x", host=host)) == "orders/next /got/x"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("any.example.com", "users/dev /got/v2/x"),
        ("ANY.Example.com:1", "users/dev /got/v2/x"),
        ("xn--bcher-kva.example.com", "users/dev /got/v2/x"),
        ("strict.example.com", "403 stage"),  # the exact name comes before the wildcard, whatever it maps
        ("a.b.example.com", "403 host"),
        ("example.com", "403 host"),
        (".example.com", "403 host"),
        ("*.example.com", "403 host"),
        ("a%2e.example.com", "403 host"),
        ("a@b.example.com", "403 host"),
        ("a b.example.com", "403 host"),
        ("any.example.com.evil", "403 host"),
        ("any.example.com..", "403 host"),
        ("evilapi.example.net", "403 host"),
    ],
)
def test_a_wildcard_stands_for_one_label(envoy: SimulatedEnvoy, host: str, expected: str) -> None:
    assert reached(envoy.request("GET", "/v2/x", host=host)) == expected


def test_without_a_mapping_for_the_rest_other_paths_are_forbidden(envoy: SimulatedEnvoy) -> None:
    for path in ("/", "/x", "/onl", "/only2", "/Only/x", "/x/only"):
        outcome = envoy.request("GET", path, host="strict.example.com")
        assert outcome.verdict == "403 stage", path
        assert outcome.answer is not None
        assert outcome.answer.body == '{"message":"Forbidden"}'
    assert reached(envoy.request("GET", "/only/x", host="strict.example.com")) == "users/dev /got/x"


def test_a_domain_reaches_an_api_whose_own_endpoint_is_closed(envoy: SimulatedEnvoy) -> None:
    own = "own.example.org"
    assert reached(envoy.request("GET", "/x", host=own, server_name=own)) == "hidden/dev /got/x"
    assert envoy.request("GET", "/dev/x", host="hidden.localhost").verdict == "403 stage"
    assert envoy.request("GET", "/dev/x", host="hidden.execute-api.local").verdict == "403 stage"
    assert envoy.request("GET", "/restapis/hidden/dev/_user_request_/x").verdict == "403 stage"


def test_other_hosts_keep_their_own_rules(envoy: SimulatedEnvoy) -> None:
    for host in ("localhost", "127.0.0.1", "gw.example.net", "orders.localhost"):
        assert reached(envoy.request("GET", "/dev/x", host=host)) == "orders/dev /got/x"
        assert envoy.request("GET", "/v2/x", host=host).verdict == "403 stage"


AMBIGUOUS = [
    "/%76%32/x",  # v2
    "/v%32",
    "/v%25%33%32/x",  # v2 when decoded twice
    "/v2%2Fx",
    "/v2%2fx",
    "/v2;a/x",
    "/v2;/x",
    "/orders//v2/x",
    "/orders/%76%32/x",
    "/orders%2Fv2/x",
    "/orders/v2;x=1/y",
    "/%6frders/v2/x",
    "/%2Fv2/x",
    "/a//b/c/d",
    "/a/b/c%3Fx/d",
    "/a/b/%63%23",
]


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_strict_mode_refuses_a_form_whose_other_reading_has_another_base_path(
    envoy: SimulatedEnvoy, lenient: SimulatedEnvoy, path: str
) -> None:
    assert envoy.request("GET", path, host=SHOP).verdict == "400 path_ambiguous"
    outcome = lenient.request("GET", path, host=SHOP)
    assert outcome.answer is None or outcome.why == "path_percent"
    assert "next" not in outcome.scope
    assert "users" not in outcome.scope


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/a%20b", "orders/next /got/a%20b"),
        ("/v2/x;y/z", "orders/next /got/x;y/z"),
        ("/v2/x%2Fy", "orders/next /got/x%2Fy"),
        ("/x%2Fv2", "orders/dev /got/x%2Fv2"),
        ("/x/../v2/y", "400 path_dot_segment"),
        ("/v2/../orders/v2/x", "400 path_dot_segment"),
        ("/v2\\x", "400 path_backslash"),
        ("/v2%5Cx", "400 path_backslash"),
        ("/v2/%2e%2e/orders/v2", "400 path_dot_segment"),
    ],
)
def test_forms_that_select_nothing_else_keep_their_bytes(
    envoy: SimulatedEnvoy, path: str, expected: str
) -> None:
    assert reached(envoy.request("GET", path, host=SHOP)) == expected


def test_the_rest_of_the_path_is_judged_too(envoy: SimulatedEnvoy) -> None:
    assert envoy.request("GET", "/v2/%61", host=SHOP).verdict == "400 path_ambiguous"  # /a has its own method


SEGMENTS = st.sampled_from(
    ["", "v2", "orders", "a", "b", "c", "%76%32", "v2;x", "x", "v%2532", "orders%2Fv2"]
)


@given(st.lists(SEGMENTS, max_size=6))
def test_in_strict_mode_no_decoded_reading_reaches_another_stage(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    outcome = SHARED.request("GET", path, host=SHOP)
    if outcome.answer is not None:
        return
    plain = path
    for old, new in (("%25", "%"), ("%2F", "/"), ("%76", "v"), ("%32", "2"), (";x", "")):
        plain = plain.replace(old, new)
    while "//" in plain:
        plain = plain.replace("//", "/")
    assert SHARED.request("GET", plain, host=SHOP).scope == outcome.scope, plain


SHARED = envoy_of()


def test_the_context_has_the_base_path_and_the_domain(envoy: SimulatedEnvoy) -> None:
    outcome = envoy.request("GET", "/orders/v2/x?q", host="api.example.com:8443")
    assert outcome.header("x-path") == "/orders/v2/x"
    assert outcome.header("x-domain") == "api.example.com"
    assert outcome.header("x-prefix") == "api"
    assert envoy.request("GET", "/v2//x", host=SHOP).header("x-path") == "/v2//x"


@pytest.mark.parametrize(
    ("host", "target", "path", "full_path"),
    [
        (SHOP, "/base/v1/x/", "/base/v1/x/", "/base/v1/x/"),
        (SHOP, "/base/v1", "/base/v1/", "/base/v1"),
        (SHOP, "//base/v1//x", "/base/v1/x", "/base/v1//x"),
        (SHOP, "/x", "/x", "/x"),
        ("localhost", "/dev/x", "/x", "/dev/x"),
    ],
)
def test_events_have_the_base_path_in_their_paths(host: str, target: str, path: str, full_path: str) -> None:
    methods = (method("GET", "/", aws_proxy()), method("GET", "/{rest+}", aws_proxy()))
    project = gateway(
        api(*methods),
        functions=(function(),),
        domains=(domain(SHOP, {"": "orders/dev", "base/v1": "orders/dev"}),),
    )
    outcome = SimulatedEnvoy(compiled(project)).request("GET", target, host=host)
    assert outcome.answer is None, outcome.verdict
    told = read_call((outcome.header("x-gl-call") or "").encode("latin-1"))
    assert (told.path, told.full_path) == (path, full_path)


MISDIRECTED = "421 server_name"


@pytest.mark.parametrize(
    ("server_name", "host", "expected"),
    [
        (SHOP, SHOP, "orders/dev /got/x"),
        (SHOP, "API.example.com:8443", "orders/dev /got/x"),
        ("own.example.org", "own.example.org", "hidden/dev /got/x"),
        ("any.example.com", "any.example.com", "users/dev /got/x"),
        ("", SHOP, "orders/dev /got/x"),  # its certificate is the edge's, which is shown without a name
        ("", "own.example.org", MISDIRECTED),
        (SHOP, "own.example.org", MISDIRECTED),
        ("own.example.org", SHOP, MISDIRECTED),
        ("any.example.com", "other.example.com", MISDIRECTED),
        ("localhost", SHOP, MISDIRECTED),
        ("own.example.org", "localhost", MISDIRECTED),
        ("own.example.org", "127.0.0.1", MISDIRECTED),
        ("own.example.org", "nobody.example.net", MISDIRECTED),
        ("own.example.org", "orders.localhost", MISDIRECTED),
        (SHOP, "a,b", "400 host"),
        ("nobody.example.net", "own.example.org", MISDIRECTED),
        ("nobody.example.net", "nobody.example.net", "403 host"),
    ],
)
def test_over_tls_a_domain_is_reached_by_its_own_connections_only(
    secure: SimulatedEnvoy, server_name: str, host: str, expected: str
) -> None:
    outcome = secure.request("GET", "/x", host=host, server_name=server_name)
    assert reached(outcome) == expected
    if expected == MISDIRECTED:
        assert outcome.answer is not None
        assert outcome.answer.body == '{"message":"Misdirected Request"}'
        assert outcome.answer.headers["x-amzn-errortype"] == "ForbiddenException"


@pytest.mark.parametrize("server_name", ["", "localhost", "gw.example.net", "nobody.example.net"])
def test_names_of_no_domain_are_not_compared(secure: SimulatedEnvoy, server_name: str) -> None:
    outcome = secure.request("GET", "/dev/x", host="orders.localhost", server_name=server_name)
    assert reached(outcome) == "orders/dev /got/x"


def test_a_mapping_whose_stage_was_removed_is_forbidden() -> None:
    envoy = envoy_of()
    envoy.withdraw("orders/next")
    assert envoy.request("GET", "/v2/x", host=SHOP).verdict == "403 scope"


@pytest.mark.parametrize("path", ["/" + "x/" * 5000, "/" * 10000, "/v2" + "/" * 10000, "/" + "%2F" * 3000])
def test_long_paths_stay_within_the_budget(envoy: SimulatedEnvoy, path: str) -> None:
    outcome = envoy.request("GET", path, host=SHOP)
    assert not outcome.logged
    assert outcome.why != "script"


@pytest.mark.parametrize(
    ("host", "path"), [(SHOP, "/v2/a"), ("any.example.com", "/a"), ("localhost", "/dev/a")]
)
def test_a_request_costs_the_same_however_many_domains_there_are(host: str, path: str) -> None:
    found = set()
    for size in (1, 1000):
        more = (domain(f"d{number}.example.net", {"": "orders/dev"}) for number in range(size))
        domains = (domain(SHOP, {"v2": "orders/dev"}), domain("*.example.com", {"": "orders/dev"}), *more)
        envoy = SimulatedEnvoy(compiled(gateway(api(method("GET", "/a")), domains=domains)), count=True)
        costs = []
        for _ in range(4):  # the first one reads tables, and a new second costs a trace id its prefix
            before = envoy.instructions
            assert envoy.request("GET", path, host=host).sealed
            costs.append(envoy.instructions - before)
        found.add(min(costs))
    assert len(found) == 1, found
