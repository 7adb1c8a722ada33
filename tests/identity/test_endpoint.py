"""Endpoints of providers."""

from __future__ import annotations

import pytest

from gateline.identity.endpoint import endpoint_fault


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example.com/token",
        "https://10.0.0.5:8443/token?x=y",
        "http://127.0.0.1:4000/token",
        "http://localhost:4000/",
        "http://[::1]:4000/token",
        "http://[::ffff:127.0.0.1]/token",
    ],
)
def test_those_that_may_be_asked(url: str) -> None:
    assert endpoint_fault(url) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://id.example.com/token", "plain http"),
        ("http://10.0.0.5/token", "plain http"),
        ("http://localhost.example.com/", "plain http"),
        ("https://169.254.169.254/latest", "metadata"),
        ("https://0xa9fea9fe/", "metadata"),
        ("https://metadata.google.internal/", "metadata"),
        ("https://[fe80::1]/", "link-local"),
        ("http://0.0.0.0/", "not the address"),
        ("https://user@id.example.com/", "user"),
        ("https://id.example.com/#x", "fragment"),
        ("https://id.example.com/a b", "no URL"),
        ("https://id.example.com\\@evil/", "no URL"),
        ("https://id.example.com/\r\nx", "no URL"),
        ("https://id.example.com:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https:///token", "https"),
        ("ftp://id.example.com/", "https"),
        ("/token", "https"),
        ("", "https"),
        ("https://id.ex\u00e9mple.com/", "no URL"),
    ],
)
def test_those_that_may_not(url: str, why: str) -> None:
    assert why in endpoint_fault(url)
