"""Which method serves a request: api-gateway.md section 3, rule by rule, in the real script."""

from __future__ import annotations

import pytest

from compile.gateways import routes
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.model.gateway import PathMode

NOTHING = "403 no_method"


def verdict(envoy: SimulatedEnvoy, line: str) -> str:
    """What becomes of `VERB /path` below the stage `dev`."""
    method, path = line.split(" ", 1)
    return envoy.request(method, f"/dev{path}").verdict.removeprefix("orders/dev ")


@pytest.fixture(scope="module")
def tree() -> SimulatedEnvoy:
    return SimulatedEnvoy(
        routes(
            "GET /",
            "GET /orders",
            "POST /orders",
            "GET /orders/{id}",
            "GET /orders/new",
            "GET /orders/{id}/lines",
            "ANY /orders/{id}/{rest+}",
            "GET /files/{path+}",
            "POST /test",
            "GET /part1/child",
            "GET /{proxy+}",
            "OPTIONS /{proxy+}",
            "PUT /{proxy+}",
            "ANY /any",
            "DELETE /any",
            "GET /a/{b}/c/{d}",
        )
    )


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET /orders", "GET /orders"),
        ("GET /orders/new", "GET /orders/new"),
        ("GET /orders/7", "GET /orders/{id}"),
        ("GET /orders/7/lines", "GET /orders/{id}/lines"),
        ("GET /orders/7/other/things", "ANY /orders/{id}/{rest+}"),
        ("GET /a/1/c/2", "GET /a/{b}/c/{d}"),
    ],
)
def test_static_comes_before_parameter_before_greedy(
    tree: SimulatedEnvoy, request_line: str, expected: str
) -> None:
    assert verdict(tree, request_line) == expected


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("POST /orders", "POST /orders"),
        ("DELETE /any", "DELETE /any"),
        ("GET /any", "ANY /any"),
        ("PATCH /any", "ANY /any"),
        ("DELETE /orders/7/lines", "ANY /orders/{id}/{rest+}"),
    ],
)
def test_an_explicit_verb_comes_before_any(tree: SimulatedEnvoy, request_line: str, expected: str) -> None:
    assert verdict(tree, request_line) == expected


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("OPTIONS /test", "OPTIONS /{proxy+}"),  # the resource lacks the verb
        ("GET /test", "GET /{proxy+}"),
        ("PUT /part1/other", "PUT /{proxy+}"),  # no such child
        ("PUT /orders/7", "PUT /{proxy+}"),
        ("OPTIONS /a/1/c", "OPTIONS /{proxy+}"),
        ("OPTIONS /a/1/c/2", "OPTIONS /{proxy+}"),
    ],
)
def test_the_search_goes_back_to_a_less_specific_resource(
    tree: SimulatedEnvoy, request_line: str, expected: str
) -> None:
    assert verdict(tree, request_line) == expected


@pytest.mark.parametrize(
    "request_line",
    ["PATCH /orders", "PUT /", "OPTIONS /", "HEAD /orders", "HEAD /a/1", "get /orders", "Get /orders"],
)
def test_no_match_of_path_or_verb_is_a_missing_authentication_token(
    tree: SimulatedEnvoy, request_line: str
) -> None:
    method, path = request_line.split(" ", 1)
    outcome = tree.request(method, f"/dev{path}")
    assert outcome.verdict == NOTHING
    assert outcome.answer is not None
    assert outcome.answer.body == '{"message":"Missing Authentication Token"}'
    assert outcome.answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_the_root_is_a_resource_of_its_own_and_no_greedy_match(tree: SimulatedEnvoy) -> None:
    assert verdict(tree, "GET /") == "GET /"
    assert verdict(tree, "GET ") == "GET /"
    assert verdict(tree, "OPTIONS /") == NOTHING
    assert verdict(tree, "GET /files") == "GET /{proxy+}"  # a greedy parameter needs something
    assert verdict(tree, "GET /files/") == "GET /{proxy+}"


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET /orders/", "GET /orders"),
        ("GET /orders/7/", "GET /orders/{id}"),
        ("GET /files/a/b/", "GET /files/{path+}"),
    ],
)
def test_a_trailing_slash_does_not_count(tree: SimulatedEnvoy, request_line: str, expected: str) -> None:
    assert verdict(tree, request_line) == expected


def test_slashes_before_and_after_the_stage_do_not_count(tree: SimulatedEnvoy) -> None:
    for path in ("//dev/orders", "/dev//orders", "///dev///orders/", "//dev//orders"):
        assert tree.request("GET", path).verdict == "orders/dev GET /orders", path


def test_a_double_slash_inside_is_an_empty_segment(tree: SimulatedEnvoy) -> None:
    assert verdict(tree, "GET /files/a//b") == "GET /files/{path+}"
    lenient = SimulatedEnvoy(
        routes("GET /orders/{id}", "GET /orders/{id}/lines", "GET /{proxy+}", paths_mode=PathMode.AWS)
    )
    assert verdict(lenient, "GET /orders//lines") == "GET /{proxy+}"  # {id} needs something
    assert verdict(tree, "GET /orders//lines") == "400 path_ambiguous"  # merged, it would be another route


def test_a_greedy_parameter_needs_one_segment_that_is_not_empty() -> None:
    envoy = SimulatedEnvoy(routes("GET /a/{rest+}", paths_mode=PathMode.AWS))
    for path in ("/a", "/a/", "/a//", "/a///", "/a////"):
        assert verdict(envoy, f"GET {path}") == NOTHING, path
    assert verdict(envoy, "GET /a//b") == "GET /a/{rest+}"


def test_an_encoded_slash_stays_inside_its_segment(tree: SimulatedEnvoy) -> None:
    assert (
        SimulatedEnvoy(routes("GET /x/{id}")).request("GET", "/dev/x/a%2Fb").verdict
        == "orders/dev GET /x/{id}"
    )
    # In strict mode it must not hide another route, and here its decoded form would be one.
    assert verdict(tree, "GET /orders/7%2Flines") == "400 path_ambiguous"


def test_paths_and_verbs_keep_their_case(tree: SimulatedEnvoy) -> None:
    assert verdict(tree, "GET /Orders") == "GET /{proxy+}"
    assert verdict(tree, "GET /orders/NEW") == "GET /orders/{id}"
    assert tree.request("GET", "/DEV/orders").verdict == "403 stage"


def test_head_and_options_need_a_method_of_their_own_or_any(tree: SimulatedEnvoy) -> None:
    assert verdict(tree, "HEAD /orders/new") == NOTHING
    assert verdict(tree, "HEAD /any") == "ANY /any"


def test_a_method_override_header_changes_nothing(tree: SimulatedEnvoy) -> None:
    outcome = tree.request("GET", "/dev/orders", [("x-http-method-override", "POST")])
    assert outcome.verdict == "orders/dev GET /orders"


def test_the_query_takes_no_part(tree: SimulatedEnvoy) -> None:
    assert verdict(tree, "GET /orders?/new") == "GET /orders"
    assert verdict(tree, "GET ?x=/orders") == "GET /"


def test_a_deep_path_finds_a_greedy_resource_however_deep_it_is() -> None:
    envoy = SimulatedEnvoy(routes("GET /{proxy+}"))
    deep = "/a" * 4000
    assert envoy.request("GET", f"/dev{deep}").verdict == "orders/dev GET /{proxy+}"


def test_a_request_may_visit_both_branches_at_every_depth_and_still_ends() -> None:
    paths = [
        "GET " + "".join(f"/{{p{depth}}}" if number >> depth & 1 else "/a" for depth in range(7))
        for number in range(128)
    ]
    envoy = SimulatedEnvoy(routes(*paths, "GET /{proxy+}"))
    assert envoy.request("GET", "/dev" + "/a" * 7).verdict == "orders/dev GET " + "/a" * 7
    assert envoy.request("GET", "/dev" + "/a" * 8).verdict == "orders/dev GET /{proxy+}"
    assert envoy.request("POST", "/dev" + "/a" * 7).verdict == NOTHING
