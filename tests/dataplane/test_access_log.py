"""access_log.lua: what a balancer's access log tells of a request as it came."""

from __future__ import annotations

import pytest

from dataplane.lone_script import LoneScript, Ran
from gateline import dataplane


def run(target: str, *headers: tuple[str, str], host: str = "shop.test", scheme: str = "http") -> Ran:
    context = {"scheme": scheme, "port": "443" if scheme == "https" else "80"}
    return LoneScript(dataplane.access_log_script(), namespace="gl.log").request(
        target, *headers, context=context, host=host
    )


@pytest.mark.parametrize(
    ("target", "host", "scheme", "expected"),
    [
        ("/a?b", "shop.test", "http", "GET http://shop.test:80/a?b HTTP/1.1"),
        ("/a?b", "shop.test:8080", "https", "GET https://shop.test:8080/a?b HTTP/1.1"),
        ("/", "[::1]", "https", "GET https://[::1]:443/ HTTP/1.1"),
        ("/", "[::1]:8443", "https", "GET https://[::1]:8443/ HTTP/1.1"),
    ],
)
def test_the_request_line_names_the_whole_url(target: str, host: str, scheme: str, expected: str) -> None:
    ran = run(target, host=host, scheme=scheme)
    assert ran.metadata["request"] == expected
    assert not ran.logged


def test_a_quote_cannot_end_a_field() -> None:
    ran = run('/"a"', ("user-agent", 'x" 200 "'), host='s"t')
    assert ran.metadata["request"] == r"GET http://s\x22t:80/\x22a\x22 HTTP/1.1"
    assert ran.metadata["agent"] == r"x\x22 200 \x22"


def test_a_field_is_cut_where_amazon_cuts_it() -> None:
    ran = run("/" + "x" * 16_000, ("user-agent", '"' * 60_000))
    assert len(ran.metadata["request"]) == 8192
    assert ran.metadata["agent"] == r"\x22" * 8192


def test_a_client_without_a_name_has_none() -> None:
    assert "agent" not in run("/").metadata


def test_headers_and_routes_are_left_alone() -> None:
    ran = run("/", ("user-agent", "a"))
    assert ran.header("user-agent") == "a"
    assert (ran.clears, ran.status, dict(ran.state)) == (0, "", {})
