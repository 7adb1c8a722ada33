"""A to D at a balancer of the internet over HTTP/2: judged as over HTTP/1.1, and what only HTTP/2 lets through."""

from __future__ import annotations

import pytest

from attacks.front import pseudo_headers
from attacks.public import PublicFront

pytestmark = pytest.mark.envoy

HTTP2_PATHS = [
    b"/x/../admin",
    b"/%61dmin",
    b"//admin",
    b"admin",
    b"/admin\xff",
    b"/x?\xff",
    b"*",
    b"",
    b"/x#y",
]


@pytest.mark.parametrize("path", HTTP2_PATHS)
def test_http2_is_judged_alike(public: PublicFront, path: bytes) -> None:
    public.http2_refuses(pseudo_headers(path))


@pytest.mark.parametrize("verb", [b"put", b"Put", b"trace", b"PUT1", b"A" * 41])
def test_http2_takes_no_verb_that_no_rule_can_name(public: PublicFront, verb: bytes) -> None:
    assert public.http2_refuses(pseudo_headers(b"/x", verb=verb)).status == 400


def test_http2_headers_are_judged_alike(public: PublicFront) -> None:
    public.http2_refuses([*pseudo_headers(b"/admin")])
    public.http2_refuses([*pseudo_headers(b"/x"), (b"x-role", b"user"), (b"x-role", b"admin")])
    public.http2_refuses([*pseudo_headers(b"/x", authority=b"admin.example.com:80")])
    public.http2_refuses([*pseudo_headers(b"/x", authority=b"a,b")])
    received = public.http2_reaches([*pseudo_headers(b"/x"), (b"host", b"admin.example.com")])
    assert received.all(b"host") == [b"localhost"]


@pytest.mark.parametrize("path", [b"/x", b"/a%20b", b"/old/x"])
@pytest.mark.parametrize("value", [b" admin", b"admin ", b"\tadmin", b"admin\t"])
def test_a_value_that_a_target_would_trim_is_refused(public: PublicFront, path: bytes, value: bytes) -> None:
    for name in (b"x-role", b"x-forwarded-for", b"user-agent"):
        outcome = public.http2_refuses([*pseudo_headers(path), (name, value)])
        assert outcome.status == 400 or outcome.reset is not None


def test_http2_reaches_a_target_as_one_request_of_http1(public: PublicFront) -> None:
    received = public.http2_reaches(
        [*pseudo_headers(b"/x?y"), (b"x-gw-secret", b"evil"), (b"x-forwarded-for", b"10.0.0.1")]
    )
    assert received.target == b"/x?y"
    assert received.all(b"x-forwarded-for") == [b"10.0.0.1, 127.0.0.1"]
    assert b"x-gw-secret" not in received.names
