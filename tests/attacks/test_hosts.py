"""Whom a Host reaches: only names that the project declares, loopback names and IP literals (DESIGN section 3).

Any other name is refused, because a page of `evil.example` may rebind its name to this machine (F3).
"""

from __future__ import annotations

import pytest

from attacks.front import Front, pseudo_headers, request

pytestmark = pytest.mark.envoy

REACH_SHOP = {
    "loopback name": b"localhost",
    "loopback name with a port": b"localhost:8080",
    "loopback name in capitals": b"LOCALHOST",
    "loopback name as a root name": b"localhost.",
    "IPv4 literal": b"127.0.0.1",
    "IPv4 literal with a port": b"127.0.0.1:1",
    "IPv6 literal": b"[::1]",
    "IPv6 literal with a port": b"[::1]:80",
    "name of the API": b"shop.localhost",
    "name of the API in capitals": b"SHOP.LocalHost:5",
    "Amazon's name": b"shop.execute-api.us-east-1.amazonaws.com",
    "declared host": b"gw.example.com",
    "declared host in capitals, as a root name, with a port": b"GW.EXAMPLE.COM.:99",
}

REFUSED = {
    "F3 name of another site": b"evil.example",
    "F3 declared host as a prefix": b"gw.example.com.evil.example",
    "F3 declared host as a suffix": b"evil.gw.example.com",
    "F3 loopback name as a prefix": b"localhost.evil.example",
    "F3 API name as a prefix": b"shop.localhost.evil.example",
    "F3 API name as a label of another": b"evil.shop.localhost",
    "F3 API of nobody": b"nobody.localhost",
    "F3 no API at all": b".localhost",
    "F3 scope's own word": b"@entry.localhost",
    "F3 Lua's own word": b"__index.localhost",
    "F3 two root dots": b"localhost..",
    "F3 user part": b"localhost@evil.example",
    "F3 user part before": b"evil@localhost",
    "F3 brackets around a name": b"[evil.example]",
    "F3 brackets around a name, with a port": b"[evil]:80",
    "F3 empty brackets": b"[]",
    "F3 lone bracket": b"[",
    "F3 bracket that does not close": b"[::1",
    "F3 text behind the bracket": b"[::1]evil.example",
    "F3 only dots": b"...",
    "F3 five numbers": b"1.2.3.4.5",
    "F3 hexadecimal address": b"0x7f.1",
    "F3 IPv6 without brackets": b"::1",
    "C5 list of hosts": b"localhost,evil.example",
    "C5 list of hosts with a space": b"localhost, localhost",
    "C5 two words": b"localhost evil.example",
    "two ports": b"localhost:80:80",
    "port of letters": b"localhost:http",
    "port below zero": b"localhost:-1",
    "port of six digits": b"localhost:123456",
    "path": b"localhost/prod",
    "backslash": b"localhost\\",
    "query": b"localhost?x",
    "fragment": b"localhost#x",
    "parameter": b"localhost;x",
    "encoded NUL": b"localhost%00.evil.example",
    "raw NUL": b"localhost\x00.evil.example",
    "bytes of another alphabet": b"lo\xc3\xa7alhost",
    "too long": b"a" * 300 + b".localhost",
    "empty": b"",
}

CLOSED = {
    "its own name": b"closed.localhost",
    "Amazon's name": b"closed.execute-api.eu-west-1.amazonaws.com",
}


@pytest.mark.parametrize("host", REACH_SHOP.values(), ids=REACH_SHOP)
def test_a_known_host_reaches_its_api(front: Front, host: bytes) -> None:
    assert front.reaches(request(b"/prod/admin", host=host)).target == b"/real/admin"


@pytest.mark.parametrize("host", REFUSED.values(), ids=REFUSED)
def test_an_unknown_or_malformed_host_is_refused(front: Front, host: bytes) -> None:
    assert front.refuses(request(b"/prod/admin", host=host)).status in (400, 403)


@pytest.mark.parametrize("host", REFUSED.values(), ids=REFUSED)
def test_an_unknown_or_malformed_authority_is_refused(front: Front, host: bytes) -> None:
    front.http2_refuses(pseudo_headers(b"/prod/admin", authority=host))


@pytest.mark.parametrize("host", CLOSED.values(), ids=CLOSED)
def test_an_api_without_an_endpoint_answers_at_no_name_of_its_own(front: Front, host: bytes) -> None:
    assert front.refuses(request(b"/prod/whoami", host=host)).status == 403


def test_the_host_decides_whose_routes_are_asked(front: Front) -> None:
    assert front.reaches(request(b"/prod/whoami", host=b"other.localhost")).target == b"/other/whoami"
    front.backend.clear()
    front.refuses(request(b"/prod/admin", host=b"other.localhost"))


@pytest.mark.parametrize("host", [b"gw.example.com", b"other.localhost", b"evil.example"])
def test_the_local_form_is_for_loopback_names_only(front: Front, host: bytes) -> None:
    path = b"/restapis/shop/prod/_user_request_/admin"
    assert front.refuses(request(path, host=host)).status == 403


def test_b12_the_authority_of_an_absolute_form_is_judged_and_the_host_header_is_not(front: Front) -> None:
    front.refuses(request(b"http://evil.example/prod/admin", host=b"localhost"))
    front.refuses(request(b"http://evil.example/restapis/shop/prod/_user_request_/admin"))
    received = front.reaches(request(b"http://localhost/prod/admin", host=b"evil.example"))
    assert received.all(b"host") == [b"127.0.0.1:%d" % front.backend.port]


def test_a_backend_sees_the_host_of_its_uri_and_never_the_clients(front: Front) -> None:
    received = front.reaches(request(b"/prod/x/y", b"X-Forwarded-Host: evil.example", host=b"shop.localhost"))
    assert received.all(b"host") == [b"127.0.0.1:%d" % front.backend.port]
    assert b"evil.example" not in received.raw
