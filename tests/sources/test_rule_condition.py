from __future__ import annotations

import pytest

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
from gateline.sources.rule_condition import wildcards

from .balancers import Json, condition, errors_of, http, listening, rule, rules_of
from .conftest import LoadProject

AT = "/load_balancers/b/listeners/0/rules/0/conditions/0"
PROOF = {"Proof": {"env": "A"}}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (condition("path-pattern", "/a*", "/b?"), PathPattern(("/a*", "/b?"))),
        ({"field": "path-pattern", "path_pattern_config": {"values": ["/a*"]}}, PathPattern(("/a*",))),
        (condition("host-header", "*.Example.com"), HostHeader(("*.Example.com",))),
        ({"field": "host-header", "host_header_config": {"values": ["a.b"]}}, HostHeader(("a.b",))),
        (condition("http-request-method", "GET", "PURGE-ALL"), HttpRequestMethod(("GET", "PURGE-ALL"))),
        (condition("source-ip", "10.1.2.3/8", "2001:db8::1/32"), SourceIp(("10.0.0.0/8", "2001:db8::/32"))),
        (
            condition("query-string", "a=b=c", "d", "e="),
            QueryString((("a", "b=c"), (None, "d"), ("e", ""))),
        ),
        (
            {
                "field": "query-string",
                "query_string_config": {"values": [{"key": "a", "value": "b"}, "c=d", {"value": "e=f"}]},
            },
            QueryString((("a", "b"), ("c", "d"), (None, "e=f"))),
        ),
        (condition("http-header", "a b", http_header_name="X-A"), HttpHeader("X-A", ("a b",))),
        ({"field": "path-pattern", "regex_values": ["^/a$", "^/b.*$"]}, PathPattern((), ("^/a$", "^/b.*$"))),
        (
            {"field": "host-header", "host_header_config": {"regex_values": ["^a.*$"]}},
            HostHeader((), ("^a.*$",)),
        ),
        (
            {"field": "http-header", "http_header_name": "X-A", "regex_values": ["^a$"]},
            HttpHeader("X-A", (), ("^a$",)),
        ),
        (
            {
                "field": "http-header",
                "http_header_config": {"http_header_name": "X-A", "regex_values": ["^a$"]},
            },
            HttpHeader("X-A", (), ("^a$",)),
        ),
        (
            {
                "field": "http-header",
                "http_header_config": {"http_header_name": "X-A", "values": ["${Proof}"]},
            },
            HttpHeader("X-A", (SecretRef("Proof"),)),
        ),
    ],
)
def test_conditions_are_read_in_both_forms(load_project: LoadProject, written: Json, read: Condition) -> None:
    rules = rules_of(load_project, listening(http(rule(written)), secrets=PROOF))
    assert rules[0].conditions == (read,)


@pytest.mark.parametrize(
    "values",
    [
        ("path-pattern", "/a b"),
        ("path-pattern", "/a%20b"),
        ("path-pattern", ""),
        ("path-pattern", "/" + "a" * 128),
        ("host-header", "localhost"),
        ("host-header", "a.example.c0m"),
        ("host-header", "10.0.0.1"),
        ("host-header", "a.example.com:80"),
        ("http-request-method", "get"),
        ("http-request-method", "G*T"),
        ("source-ip", "10.0.0.1"),
        ("source-ip", "10.0.0.1/33"),
        ("source-ip", "fe80::1%eth0/64"),
        ("source-ip", "255.255.255.255/32"),
        ("query-string", "a=\u00e9"),
        ("query-string", ""),
        ("query-string", "k" * 129 + "=v"),
    ],
)
def test_values_that_amazon_does_not_take_are_refused(
    load_project: LoadProject, values: tuple[str, str]
) -> None:
    (said,) = errors_of(load_project, listening(http(rule(condition(*values)))))
    assert said.startswith(f"GL228 {AT}/values/0: ")


@pytest.mark.parametrize("name", ["Host", "host", "X A", "a" * 41, ":path", "X-\u00c4"])
def test_some_headers_are_not_compared(load_project: LoadProject, name: str) -> None:
    written = condition("http-header", "x", http_header_name=name)
    (said,) = errors_of(load_project, listening(http(rule(written))))
    assert said.startswith(f"GL228 {AT}/http_header_name: ")


def test_a_headers_value_is_a_secret_as_a_whole_or_not_at_all(load_project: LoadProject) -> None:
    written = condition("http-header", "Bearer ${Proof}", "${Prof}", "${", http_header_name="X-Proof")
    assert errors_of(load_project, listening(http(rule(written)), secrets=PROOF)) == [
        (
            f"GL324 {AT}/values/0: load_balancers.b.listeners[0].rules[0].conditions[0].values[0]"
            " holds a secret beside other text"
        ),
        f"GL323 {AT}/values/1: 'Prof' is not declared as a secret",
    ]


def test_what_the_environment_holds_is_not_repeated(load_project: LoadProject) -> None:
    text = listening(http(rule(condition("path-pattern", "${env:A} "))))
    assert errors_of(load_project, text)[0].endswith("; it is '${env:A} '")


def test_text_of_the_environment_names_no_secret(load_project: LoadProject) -> None:
    written = condition("http-header", "${env:P}", http_header_name="X-Proof")
    loaded = load_project(listening(http(rule(written)), secrets=PROOF), environ={"P": "${Proof}", "A": "x"})
    assert loaded.gateway is not None
    (read,) = loaded.gateway.load_balancers[0].listeners[0].rules[0].conditions
    assert read == HttpHeader("X-Proof", ("${Proof}",))


@pytest.mark.parametrize(
    ("of", "count"),
    [
        (PathPattern(("/*/?", "/a")), 2),
        (HostHeader(("*.example.com",)), 1),
        (HttpHeader("a", (r"\**", SecretRef("S"))), 1),
        (QueryString((("k*", "v?"), (None, "*"))), 3),
        (HttpRequestMethod(("GET",)), 0),
        (SourceIp(("10.0.0.0/8",)), 0),
    ],
)
def test_wildcards_are_counted_unless_they_mean_themselves(of: Condition, count: int) -> None:
    assert wildcards(of) == count
