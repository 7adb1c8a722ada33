"""Headers to the client: api-gateway.md section 9."""

from __future__ import annotations

import pytest

from gateline.integrations.remapping import seen

REMAPPED = [
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-MD5",
    "Date",
    "Expect",
    "Host",
    "Max-Forwards",
    "Proxy-Authenticate",
    "Server",
    "Trailer",
    "Upgrade",
    "User-Agent",
    "WWW-Authenticate",
    "x-amzn-requestid",
]
UNTOUCHED = [
    "Accept",
    "Accept-Language",
    "Age",
    "Content-Encoding",
    "Content-Type",
    "Pragma",
    "Range",
    "Referer",
    "TE",
    "Via",
    "Warn",
    "Set-Cookie",
    "Location",
    "ETag",
    "Cache-Control",
    "Access-Control-Allow-Origin",
]


@pytest.mark.parametrize("name", REMAPPED)
def test_some_names_are_told_as_remapped(name: str) -> None:
    assert seen([(name, "x")]) == ((f"x-amzn-Remapped-{name}", "x"),)


@pytest.mark.parametrize("name", UNTOUCHED)
def test_others_stay(name: str) -> None:
    assert seen([(name, "x")]) == ((name, "x"),)


def test_a_transfer_encoding_is_dropped() -> None:
    assert seen([("Transfer-Encoding", "chunked")]) == ()
