"""A to D at a balancer of the internet: nobody gets past a rule, or comes in with what only the gateway has.

Each rule of balancer/gateline.yaml closes something; what no rule closes reaches the backend. So a request that
means the closed thing, whatever it looks like, must be answered by its rule or refused.
"""

from __future__ import annotations

from typing import Final

import pytest

from attacks.front import GW_SECRET, request
from attacks.public import PublicFront

pytestmark = pytest.mark.envoy

PEER: Final = b"127.0.0.1"


def one_of(front: PublicFront, name: bytes, *lines: bytes) -> list[bytes]:
    """The values of a header that reached the backend with a plain request."""
    return front.reaches(request(b"/plain", *lines)).all(name)


REFUSED_EVERYWHERE = {
    "B1 dot-dot": b"/x/../admin",
    "B1 dot-dot encoded": b"/x/%2e%2e/admin",
    "B1 dot": b"/./admin",
    "B1 dot-dot at the end": b"/admin/x/..",
    "B3 dot-dot with an encoded slash": b"/x/..%2fadmin",
    "B3 encoded backslash": b"/x%5cadmin",
    "B4 dot-dot with a parameter": b"/x/..;a=b/admin",
    "B6 backslash": b"/x\\..\\admin",
    "B11 encoded NUL": b"/admin%00",
    "B11 encoded newline": b"/x%0aadmin",
    "B11 overlong slash": b"/x%c0%afadmin",
    "B11 raw byte that is no UTF-8": b"/admin\xff",
    "B11 raw byte that is no UTF-8 in the query": b"/x?\xffdebug=1",
    "B11 lone percent": b"/admin%",
    "B12 fragment": b"/admin#x",
    "B12 fragment in the query": b"/x?a=b#c",
    "B12 no slash": b"admin",
    "B12 asterisk": b"*",
}

READ_AS_ADMIN = {
    "B2 double slash": b"//admin",
    "B2 double slash inside": b"/admin//",
    "B3 encoded slash": b"/%2Fadmin",
    "B3 encoded slash inside": b"/admin%2Fusers",
    "B5 parameter": b"/admin;x=1",
    "B5 parameter before a slash": b"/admin;x=1/users",
    "B5 encoded semicolon": b"/admin%3bx",
    "B7 encoded letter": b"/%61dmin",
    "B8 letter encoded twice": b"/%2561dmin",
    "B8 dot-dot encoded twice": b"/x/%252e%252e/admin",
    "B8 decoded question mark": b"/admin%3fx",
}
"""Readings under which rule 20 would apply, while as it stands it does not."""


READ_AS_VAULT = {
    "as it stands": b"/v1/vault",
    "another case": b"/V1/VAULT/x",
    "B2 double slash": b"//v1/vault",
    "B3 encoded slash": b"/v1%2Fvault",
    "B3 encoded slash behind": b"/v1/vault%2fx",
    "B5 parameter": b"/v1;a=b/vault",
    "B5 parameter behind": b"/v1/vault;a",
    "B7 encoded letter": b"/v1/v%61ult",
    "B7 encoded digit": b"/v%31/vault",
    "B8 letter encoded twice": b"/v1/v%2561ult",
    "B8 decoded question mark": b"/v1/vault%3fx",
}
"""Readings that a regular expression would fit, while as it stands the path may not."""


@pytest.mark.parametrize("target", READ_AS_VAULT.values(), ids=READ_AS_VAULT)
def test_a_path_that_a_target_may_read_as_one_that_an_expression_closes_is_refused(
    public: PublicFront, target: bytes
) -> None:
    assert public.refuses(request(target)).status in {400, 403}


@pytest.mark.parametrize("target", [b"/v1/other%20x", b"/vx/v%61ult", b"/v1/vaults;a", b"/x?/v1/v%61ult"])
def test_an_odd_path_that_no_reading_closes_passes_byte_for_byte(public: PublicFront, target: bytes) -> None:
    assert public.reaches(request(target)).target == target


@pytest.mark.parametrize(
    "line", [b"X-Team: red-1", b"x-team:RED-\xff", b"X-Team: blue, red-1", b"X-Team: red-\x80\xfe"]
)
def test_no_byte_of_a_header_gets_past_an_expression(public: PublicFront, line: bytes) -> None:
    assert public.refuses(request(b"/plain", line)).status == 403


@pytest.mark.parametrize("target", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_a_form_that_no_path_may_have_is_refused(public: PublicFront, target: bytes) -> None:
    public.refuses(request(target))


@pytest.mark.parametrize("target", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_it_is_also_refused_with_paths_aws(lenient_public: PublicFront, target: bytes) -> None:
    lenient_public.refuses(request(target))


@pytest.mark.parametrize("target", READ_AS_ADMIN.values(), ids=READ_AS_ADMIN)
def test_a_path_that_a_target_may_read_as_a_closed_one_is_refused(public: PublicFront, target: bytes) -> None:
    assert public.refuses(request(target)).status in {400, 403}


@pytest.mark.parametrize("target", [b"/%61dmin", b"//admin", b"/x/%252e%252e/admin"])
def test_with_paths_aws_the_bytes_are_kept_as_at_amazon(lenient_public: PublicFront, target: bytes) -> None:
    assert lenient_public.reaches(request(target)).target == target


@pytest.mark.parametrize(
    "target", [b"/a%20b", b"/files/a%2Fb", b"/files//a", b"/x;y=1", b"/x?q=%2e%2e/%00", b"/.well-known/x"]
)
def test_an_odd_path_that_means_the_same_everywhere_passes_byte_for_byte(
    public: PublicFront, target: bytes
) -> None:
    assert public.reaches(request(target)).target == target


@pytest.mark.parametrize("target", [b"/admin", b"/admin?x", b"/admin/", b"/admin/users", b"/admin/a%20b"])
def test_a_closed_path_is_closed(public: PublicFront, target: bytes) -> None:
    public.closes(request(target), b"no admin path")


def test_an_absolute_target_is_judged_by_its_path_and_host(public: PublicFront) -> None:
    public.closes(request(b"http://shop.test/admin"), b"no admin path")
    public.closes(request(b"http://admin.example.com/x", host=b"shop.test"), b"no admin host")


@pytest.mark.parametrize(
    "lines",
    [
        [b"X-Role: admin"],
        [b"x-ROLE: ADMINISTRATOR"],
        [b"X-Role: user", b"X-Role: admin"],
        [b"X-Role: admin", b"X-Role: user"],
        [b"X-Role:", b"X-Role: admin"],
        [b"X-Role: user", b"x-role: admin\xff"],
        [b"X-Role: user,admin"],
        [b"X-Role: user, admin"],
        [b"X-Role: user,\tadmin ,guest"],
        [b"X-Role: user,\r\n admin"],
    ],
)
def test_any_occurrence_of_a_header_closes(public: PublicFront, lines: list[bytes]) -> None:
    public.closes(request(b"/x", *lines), b"no admin role")


@pytest.mark.parametrize(
    "query", [b"debug=1", b"DEBUG=1", b"%64ebug=1", b"%44EBUG=", b"debug", b"a=b&debug=1", b"a&&debug=1&c"]
)
def test_every_spelling_of_a_query_closes(public: PublicFront, query: bytes) -> None:
    public.closes(request(b"/x?" + query), b"no debugging")


@pytest.mark.parametrize(
    "host",
    [
        b"admin.example.com",
        b"ADMIN.Example.com",
        b"admin.example.com:80",
        b"admin.example.com.",
        b"admin.example.com.:80",
        b"admin.example.com:",
    ],
)
def test_every_spelling_of_a_host_closes(public: PublicFront, host: bytes) -> None:
    public.closes(request(b"/x", host=host), b"no admin host")


@pytest.mark.parametrize(
    "host",
    [
        b"shop.test,admin.example.com",
        b"admin.example.com:80:80",
        b"admin.example.com:x",
        b"admin.example.com..",
        b"~admin.example.com",
        b".admin.example.com",
        b"a b",
        b"a/b",
    ],
)
def test_a_host_that_is_none_is_refused(public: PublicFront, host: bytes) -> None:
    public.refuses(request(b"/x", host=host))


def test_two_hosts_are_refused(public: PublicFront) -> None:
    public.refuses(request(b"/x", b"Host: admin.example.com"))


def test_no_host_is_refused(public: PublicFront) -> None:
    public.refuses(b"GET /x HTTP/1.1\r\n\r\n")


def test_a_closed_verb_is_closed_whatever_other_headers_name(public: PublicFront) -> None:
    public.closes(request(b"/x", verb=b"PUT"), b"no writing")
    received = public.reaches(
        request(b"/x", b"X-HTTP-Method-Override: PUT", b"X-Original-URL: /admin", b"X-Rewrite-URL: /admin")
    )
    assert not {b"x-http-method-override", b"x-original-url", b"x-rewrite-url"} & received.names


@pytest.mark.parametrize("data", [request(b"*", verb=b"OPTIONS"), request(b"http://localhost?debug=1")])
def test_a_target_that_is_no_path_is_400_in_the_balancers_words(public: PublicFront, data: bytes) -> None:
    answer = public.refuses(data)
    assert (answer.status, answer.one(b"server")) == (400, b"awselb/2.0"), answer.raw
    assert b"<h1>400 Bad Request</h1>" in answer.body


def test_trace_is_405(public: PublicFront) -> None:
    assert public.refuses(request(b"/x", verb=b"TRACE")).status == 405


SOURCES = [
    b"X-Forwarded-For: 10.0.0.1",
    b"X-Forwarded-For: 203.0.113.7",
    b"X_Forwarded_For: 10.0.0.1",
    b"Forwarded: for=10.0.0.1",
    b"X-Real-Ip: 10.0.0.1",
    b"X-Envoy-External-Address: 10.0.0.1",
    b"X-Client-Ip: 10.0.0.1",
]


@pytest.mark.parametrize("line", SOURCES)
def test_no_header_changes_the_source_address(public: PublicFront, line: bytes) -> None:
    received = public.reaches(request(b"/x", line))  # rule 10 would have answered
    [forwarded] = received.all(b"x-forwarded-for")
    assert forwarded.split(b", ")[-1] == PEER
    assert received.names.isdisjoint({b"x_forwarded_for", b"forwarded", b"x-envoy-external-address"})


def test_what_is_said_about_the_connection_is_the_balancers_own(public: PublicFront) -> None:
    received = public.reaches(
        request(b"/x", b"X-Forwarded-Proto: https", b"X-Forwarded-Port: 443", b"X-Forwarded-Prefix: /admin")
    )
    assert received.all(b"x-forwarded-proto") == [b"http"]
    assert received.all(b"x-forwarded-port") == [b"80"]
    assert not received.all(b"x-forwarded-prefix")


def test_thirty_one_addresses_are_463(public: PublicFront) -> None:
    many = b"X-Forwarded-For: " + b", ".join([b"10.0.0.1"] * 31)
    assert public.refuses(request(b"/x", many)).status == 463
    halves = [b"X-Forwarded-For: " + b",".join([b"10.0.0.1"] * count) for count in (15, 16)]
    assert public.refuses(request(b"/x", *halves)).status == 463


@pytest.mark.parametrize(
    "name",
    [
        b"X-Gw-Secret",
        b"x_gw_secret",
        b"x.gw.secret",
        b"xgwsecret",
        b"X-Amzn-Oidc-Data",
        b"x_amzn_oidc_identity",
        b"X-Amzn-Mtls-Clientcert",
        b"X-Envoy-Retry-On",
        b"x-envoy-original-path",
        b"X-Gl-Scope",
        b"x_gl_rid",
    ],
)
def test_what_only_the_gateway_or_a_balancer_says_is_taken_away(public: PublicFront, name: bytes) -> None:
    received = public.reaches(request(b"/x", name + b": " + GW_SECRET.encode()))
    assert name.lower() not in received.names
    assert GW_SECRET.encode() not in received.raw


def test_no_header_selects_other_routes(public: PublicFront) -> None:
    public.reaches(request(b"/proven", b"X-Gl-Scope: shop/prod", b"X-Gl-Scope: @entry"))
    public.backend.clear()
    public.closes(request(b"/admin", b"X-Gl-Scope: shop/prod", b"gl.judged: 1"), b"no admin path")


def test_a_websocket_names_no_other_header_for_the_next_hop(public: PublicFront) -> None:
    received = public.reaches(
        request(
            b"/x",
            b"Connection: Upgrade, x-forwarded-for, authorization",
            b"Upgrade: websocket",
            b"Authorization: me",
            b"Sec-WebSocket-Version: 13",
        )
    )
    assert received.all(b"connection") == [b"Upgrade"]
    assert received.all(b"x-forwarded-for") == [PEER]
    assert received.all(b"authorization") == [b"me"]


def test_an_answer_other_than_101_to_a_websocket_loses_its_body(public: PublicFront) -> None:
    assert public.send(request(b"/x")).body != b""
    answer = public.send(request(b"/x", b"Connection: Upgrade", b"Upgrade: websocket"))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.one(b"connection") == b"close"


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port", b"x-other"])
def test_a_connection_cannot_nominate_what_the_balancer_says(public: PublicFront, name: bytes) -> None:
    answer = public.send(request(b"/x", b"Connection: close, " + name))
    for received in public.seen():
        assert received.all(b"x-forwarded-for") == [PEER]
        assert received.all(b"x-forwarded-proto") == [b"http"]
        assert received.all(b"x-forwarded-port") == [b"80"]
    assert answer.status in {200, 400}


def test_another_upgrade_is_dropped(public: PublicFront) -> None:
    received = public.reaches(
        request(b"/x", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")
    )
    assert received.names.isdisjoint({b"upgrade", b"http2-settings", b"connection"})


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Transfer-Encoding: xchunked"],
        [b"Transfer-Encoding : chunked"],
    ],
)
def test_an_ambiguous_frame_is_refused(public: PublicFront, lines: list[bytes]) -> None:
    smuggled = b"0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
    public.refuses(request(b"/x", *lines, verb=b"POST") + smuggled)


def test_too_many_or_too_large_headers_are_400(public: PublicFront) -> None:
    assert public.refuses(request(b"/x", *[b"X-Many: 1"] * 101)).status == 400
    assert public.refuses(request(b"/x", *[b"X-Large: " + b"x" * 9000] * 8)).status == 400
    public.reaches(request(b"/x", *[b"X-Large: " + b"x" * 9000] * 6))


def test_a_redirect_never_takes_a_client_to_a_line_of_its_own(public: PublicFront) -> None:
    answer = public.send(request(b"/old/x%0d%0aSet-Cookie:a=b"))
    assert answer.status == 400
    answer = public.send(request(b"/old//evil.example?a=%0d%0a", host=b"shop.test:1"))
    assert answer.status == 302
    assert answer.one(b"location") == b"http://shop.test:80/new/old//evil.example?a=%0d%0a"
