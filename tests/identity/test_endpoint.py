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
        ("http://id.example.com/token", "must be https"),
        ("http://10.0.0.5/token", "must be https"),
        ("http://localhost.example.com/", "must be https"),
        ("ftp://127.0.0.1/", "must be https"),
        ("https://169.254.169.254/latest", "leads to a cloud metadata service"),
        ("https://0xa9fea9fe/", "leads to a cloud metadata service"),
        ("https://metadata.google.internal/", "leads to a cloud metadata service"),
        ("https://[fe80::1]/", "leads to a link-local address"),
        ("http://0.0.0.0/", "leads to not the address of a host"),
        ("https://user@id.example.com/", "must have a host"),
        ("https://@id.example.com/", "must have a host"),
        ("https://id.example.com/#x", "must have a host"),
        ("https://id.example.com\\@evil/", "must have a host"),
        ("https:///token", "must have a host"),
        ("/token", "must have a host"),
        ("", "must have a host"),
        ("https://id.example.com/a b", "is no URL"),
        ("https://id.example.com/\r\nx", "is no URL"),
        ("https://id.example.com:99999/", "is no URL"),
        ("https://[::1/", "is no URL"),
        ("https://id.ex\u00e9mple.com/", "is no URL"),
    ],
)
def test_those_that_may_not(url: str, why: str) -> None:
    assert why in endpoint_fault(url)
