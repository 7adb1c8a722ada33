"""Conditions as RouteMatch: what the expressions take, judged by RE2. tests/end_to_end/balancers shows Envoy."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.compile.rule_match import PEER_STATE, match_of
from gateline.compile.wire import new
from gateline.model.load_balancer import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    SourceIp,
)
from gateline.model.secret import SecretRef
from harness.envoys_re2 import fits


def matched(*conditions: Condition) -> Any:
    """The RouteMatch, which must be one that Envoy knows."""
    return new("envoy.config.route.v3.RouteMatch", **match_of(conditions))


def regex_of(*conditions: Condition) -> str:
    [header] = matched(*conditions).headers
    return str(header.string_match.safe_regex.regex)


def test_no_condition_takes_every_request() -> None:
    assert match_of(()) == {"prefix": "/"}


@pytest.mark.parametrize(
    ("pattern", "field", "value"),
    [
        ("/orders", "path", "/orders"),
        (r"/a\*b", "path", "/a*b"),
        ("/orders/*", "prefix", "/orders/"),
        ("/orders**", "prefix", "/orders"),
        ("*", "prefix", "/"),
    ],
)
def test_a_simple_pattern_needs_no_expression(pattern: str, field: str, value: str) -> None:
    assert match_of([PathPattern((pattern,))]) == {field: value}


def test_expressions_are_compared_with_whole_values() -> None:
    assert match_of([PathPattern((), ("^/a$", "/b.*"))]) == {"safe_regex": {"regex": r"/a|/b\C*"}}
    host = regex_of(HostHeader((), ("^api-.+$",)))
    assert fits(host, "API-1.test.:80")
    assert not fits(host, "api-:80")
    header = regex_of(HttpHeader("X-A", (), ("^a[0-9]$",)))
    assert fits(header, "x, A1 ,y")
    assert not fits(header, "xa1")


PATHS = [
    ("/img/*.png", "/img/a.png", True),
    ("/img/*.png", "/img/a/b.png", True),
    ("/img/*.png", "/img/apng", False),
    ("/img/*.png", "/IMG/a.png", False),
    ("/img/?", "/img/", False),
    ("/img/?", "/img/a", True),
    ("/img/?", "/img/ab", False),
    ("/a+b?", "/aab1", False),
    (r"/a\?*b", "/a?xb", True),
    (r"/a\?*b", "/aaxb", False),
    ("/x*y", "/x\ny", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), PATHS)
def test_a_path_pattern_compares_the_whole_path_with_case(pattern: str, path: str, *, expected: bool) -> None:
    assert fits(matched(PathPattern((pattern,))).safe_regex.regex, path) is expected


def test_one_of_several_path_patterns_must_fit() -> None:
    regex = matched(PathPattern(("/a", "/b*"))).safe_regex.regex
    assert [fits(regex, path) for path in ("/a", "/bc", "/ab", "/a/b")] == [True, True, False, False]


HOSTS = [
    ("*.example.com", "shop.example.com", True),
    ("*.example.com", "SHOP.Example.COM:8080", True),
    ("*.example.com", "shop.example.com.", True),
    ("*.example.com", "shop.example.com.:80", True),
    ("*.example.com", "example.com", False),
    ("*.example.com", "shop.example.com.evil.net", False),
    ("shop.example.com", "shopxexample.com", False),
    ("shop.example.*", "shop.example.net:80", True),
    ("*.com", "evil.net:1.com", False),
    ("s?op.test", "shop.test", True),
    ("s?op.test", "sop.test", False),
    ("k.test", "\u212a.test", False),
]


@pytest.mark.parametrize(("pattern", "host", "expected"), HOSTS)
def test_a_host_is_compared_without_port_and_last_dot(pattern: str, host: str, *, expected: bool) -> None:
    assert fits(regex_of(HostHeader((pattern,))), host) is expected


HEADERS = [
    ("chrome*", "Chrome/1", True),
    ("chrome*", "Firefox,Chrome/1", True),
    ("chrome", "chrome,firefox", True),
    ("chrome", "chromes,firefox", False),
    ("chrome", "achrome", False),
    ("chrome", "firefox, chrome", True),
    ("chrome", "firefox,\t chrome ,edge", True),
    ("chrome", " chrome", True),
    ("chrome", "fire chrome", False),
    ("a,b", "a,b", True),
    ("", "", True),
    ("", "x", False),
    ("*\u00e9", "caf\u00e9", True),
]


@pytest.mark.parametrize(("pattern", "value", "expected"), HEADERS)
def test_any_occurrence_of_a_header_may_fit(pattern: str, value: str, *, expected: bool) -> None:
    assert fits(regex_of(HttpHeader("X-Client", (pattern,))), value) is expected


def test_a_header_is_named_in_lower_case_and_a_star_asks_only_that_it_is_there() -> None:
    assert match_of([HttpHeader("X-Client", ("*",))])["headers"] == [
        {"name": "x-client", "present_match": True}
    ]


def test_a_secret_never_gets_into_a_route() -> None:
    with pytest.raises(TypeError, match="the secret Proof in a condition on x-proof"):
        match_of([HttpHeader("X-Proof", (SecretRef("Proof"),))])


def test_a_verb_is_compared_as_it_stands() -> None:
    regex = regex_of(HttpRequestMethod(("GET", "X-Y_Z")))
    assert [fits(regex, verb) for verb in ("GET", "X-Y_Z", "get", "GETX")] == [True, True, False, False]


QUERIES = [
    (("version", "v1"), "/?version=v1", True),
    (("version", "v1"), "/?VERSION=V1", True),
    (("version", "v1"), "/?a=b&version=v1&c", True),
    (("version", "v1"), "/?ver%73ion=%761", True),
    (("version", "v1"), "/?version=v1x", False),
    (("version", "v1"), "/?xversion=v1", False),
    (("version", "v1"), "/version=v1", False),
    (("version", "*"), "/?version=", True),
    (("version", "*"), "/?version", True),
    (("version", "v?"), "/?version=v%41", True),
    (("version", "v?"), "/?version=v", False),
    (("ver*", "v1"), "/?verb=v1", True),
    (("ver*", "v1"), "/?ver=x&b=v1", False),
    (("version", "v*1"), "/?version=v&x=1", False),
    ((None, "v1"), "/?any=v1", True),
    ((None, "v1"), "/?v1", False),
    ((None, "a=b"), "/?c=a=b", True),
    (("q", "a b"), "/?q=a+b", True),
    (("q", "a b"), "/?q=a%20b", True),
    (("q", "a+b"), "/?q=a%2Bb", True),
    (("q", r"50\*"), "/?q=50*", True),
    (("q", r"50\*"), "/?q=50%2a", True),
    (("q", r"50\*"), "/?q=500", False),
    (("q", "\u00e9"), "/?q=%c3%A9", True),
    (("q", "x"), "/?a?q=1&q=x", True),
    (("q", "x"), "/?a=1;q=x", False),
    (("q", "x"), "/?q[]=x", False),
    (("q", "x"), "/?%20q=x", False),
]


@pytest.mark.parametrize(("wanted", "target", "expected"), QUERIES)
def test_a_query_is_compared_raw_and_percent_encoded(
    wanted: tuple[str | None, str], target: str, *, expected: bool
) -> None:
    assert fits(regex_of(QueryString((wanted,))), target) is expected


def test_a_source_address_is_the_connections_own() -> None:
    [state] = matched(SourceIp(("10.0.0.0/8", "2001:db8::/32", "192.0.2.1"))).filter_state
    ranges = [(each.address_prefix, each.prefix_len.value) for each in state.address_match.ranges]
    assert state.key == PEER_STATE
    assert ranges == [("10.0.0.0", 8), ("2001:db8::", 32), ("192.0.2.1", 32)]


def test_conditions_of_one_kind_stand_beside_each_other() -> None:
    match = matched(HttpHeader("a", ("1",)), HttpHeader("a", ("2",)), QueryString((("k", "v"),)))
    assert [header.name for header in match.headers] == ["a", "a", ":path"]
