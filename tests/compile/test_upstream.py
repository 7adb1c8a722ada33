"""Uris of integrations with a stage's variables put in: api-gateway.md section 5.1."""

from __future__ import annotations

import pytest

from compile.gateways import ORIGIN
from gateline.compile.upstream import NoEndpoint, upstream, with_stage_variables
from gateline.model.rest_api import Stage

STAGE = Stage(
    name="dev",
    variables=(
        ("host", "inner.test"),
        ("port", "8080"),
        ("empty", ""),
        ("path", "a b"),
        ("whole", "h.test:81/x?y=1"),
    ),
    origin=ORIGIN,
)


@pytest.mark.parametrize(
    ("uri", "scheme", "host", "port", "target", "authority"),
    [
        ("http://a.test", "http", "a.test", 80, "/", "a.test"),
        ("https://a.test/x", "https", "a.test", 443, "/x", "a.test"),
        ("HTTP://A.Test:81/X", "http", "a.test", 81, "/X", "a.test:81"),
        ("http://a.test?q=1", "http", "a.test", 80, "/?q=1", "a.test"),
        ("http://[::1]:81/x", "http", "::1", 81, "/x", "[::1]:81"),
        (
            "http://${stageVariables.host}:${stageVariables.port}/p",
            "http",
            "inner.test",
            8080,
            "/p",
            "inner.test:8080",
        ),
        ("http://${stageVariables.whole}", "http", "h.test", 81, "/x?y=1", "h.test:81"),
        ("http://a.test/${stageVariables.path}/{id}", "http", "a.test", 80, "/a%20b/{id}", "a.test"),
        ("http://a.test/%41?x=%20&y={z}", "http", "a.test", 80, "/%41?x=%20&y={z}", "a.test"),
        ("http://a.test/ü", "http", "a.test", 80, "/%C3%BC", "a.test"),
        ("http://a_b.test/", "http", "a_b.test", 80, "/", "a_b.test"),
    ],
)
def test_a_uri_is_taken_apart(
    uri: str, scheme: str, host: str, port: int, target: str, authority: str
) -> None:
    found = upstream(uri, STAGE)
    assert (found.scheme, found.host, found.port) == (scheme, host, port)
    assert (found.target, found.authority) == (target, authority)
    assert found.uri == f"{scheme}://{authority}{target}"


@pytest.mark.parametrize(
    "uri",
    [
        "http://${stageVariables.none}/x",
        "http://${stageVariables.empty}",
        "http:///x",
        "http://:80/",
        "http://a.test:0/",
        "http://a.test:65536/",
        "http://a.test:port/",
        "http://user@a.test/",
        "http://user:password@a.test/",
        "http://a b.test/",
        "http://a.test%2Fx/",
        "http://{host}/",
        "http://${stageVariables.no-name}/",
        "http://a\\b.test/",
        "http://a.test\x00/",
        "http://[::1/",
        "http://a.test/x#fragment",
        "ftp://a.test/",
        "a.test",
        "",
    ],
)
def test_a_uri_without_a_usable_host_is_no_endpoint(uri: str) -> None:
    with pytest.raises(NoEndpoint):
        upstream(uri, STAGE)


def test_an_unknown_variable_is_empty_and_what_is_no_variable_stays() -> None:
    assert with_stage_variables("a${stageVariables.none}b", STAGE) == "ab"
    for text in (
        "${host}",
        "${stageVariables.}",
        "${stageVariables.x",
        "${context.stage}",
        "$stageVariables.host",
    ):
        assert with_stage_variables(text, STAGE) == text


def test_a_variables_value_is_not_read_again() -> None:
    stage = Stage(name="s", variables=(("a", "${stageVariables.b}"), ("b", "never")), origin=ORIGIN)
    assert with_stage_variables("${stageVariables.a}", stage) == "${stageVariables.b}"
