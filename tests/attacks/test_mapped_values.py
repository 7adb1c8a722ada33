"""B13: what a client sends into an uri, a header or a query by way of a mapping.

A value may become part of a segment, of a parameter, of a header; it must not end it, leave the uri's path or
choose the host, and no format of the gateway's own is expanded in it.
"""

from __future__ import annotations

import pytest

from attacks.front import Front, request
from harness.recording_backend import Received

pytestmark = pytest.mark.envoy

BY_QUERY = b"/prod/mapped/7?q="
BY_HEADER = b"/prod/by-header"

INTO_A_SEGMENT = {
    "slash": (b"a%2Fb", b"a%2Fb"),
    "raw slash": (b"a/b", b"a%2Fb"),
    "slashes in front": (b"//evil.example", b"%2F%2Fevil.example"),
    "another uri": (b"http://evil.example/", b"http%3A%2F%2Fevil.example%2F"),
    "user part": (b"@evil.example", b"%40evil.example"),
    "query": (b"a%3Fx=1", b"a%3Fx%3D1"),
    "fragment": (b"a%23b", b"a%23b"),
    "parameter": (b"a%26x=1", b"a%26x%3D1"),
    "percent": (b"100%25", b"100%25"),
    "encoded twice": (b"%252e%252e%252fx", b"%252e%252e%252fx"),
    "broken percent": (b"%zz", b"%25zz"),
    "space": (b"a%20b", b"a%20b"),
    "plus": (b"a+b", b"a%20b"),
    "encoded plus": (b"a%2Bb", b"a%2Bb"),
    "high bytes": (b"%C3%A9", b"%C3%A9"),
    "braces": (b"{id}", b"%7Bid%7D"),
    "stage variable": (b"${stageVariables.backend}", b"%24%7BstageVariables.backend%7D"),
    "format": (b"%25SECRET(GwSecret)%25", b"%25SECRET%28GwSecret%29%25"),
    "the last one counts": (b"a&q=b", b"b"),
    "semicolons separate too": (b"a;q=b", b"b"),
    "encoded name": (b"a&%71=b", b"b"),
}

NOT_IN_A_SEGMENT = {
    "dot-dot": b"..",
    "dot": b".",
    "dot-dot encoded": b"%2e%2e",
    "dot-dot and slash": b"..%2fadmin",
    "dot-dot and raw slash": b"../admin",
    "slash and dot-dot": b"x/..",
    "slash, dot and slash": b"x/./admin",
    "dot-dot and parameter": b"..%3Bx",
    "dot-dot and backslash": b"..%5cadmin",
    "backslash": b"%5c",
    "overlong slash": b"%c0%af",
    "overlong dot": b"%c0%ae%c0%ae",
    "NUL": b"a%00b",
    "CR": b"a%0d",
    "LF": b"a%0aX-Evil:1",
    "CRLF": b"a%0d%0aX-Evil:%201",
    "escape": b"%1b[2J",
    "delete": b"%7f",
}

NOT_IN_A_SEGMENT_BY_HEADER = {
    "dot-dot": b"..",
    "dot": b".",
    "dot-dot and slash": b"../admin",
    "slash and dot-dot": b"x/../admin",
    "dot-dot and parameter": b"..;x",
    "backslashes": b"\\..\\",
    "overlong dot": b"\xc0\xae\xc0\xae",
    "tab": b"a\tb",
}

INTO_THE_QUERY = {
    "ampersand": (b"a&role=admin", [b"a%26role=admin", b"a%26role%3Dadmin"]),
    "semicolon": (b"a;role=admin", [b"a%3Brole=admin", b"a%3Brole%3Dadmin"]),
    "encoded ampersand": (b"a%26role=admin", [b"a%26role=admin", b"a%26role%3Dadmin"]),
    "encoded question mark": (b"a%3Frole=admin", [b"a%3Frole=admin", b"a%3Frole%3Dadmin"]),
    "plus, which would be a space": (b"a+b", [b"a%2Bb"]),
    "encoded fragment": (b"a%23b", [b"a%23b"]),
    "plain": (b"a-b_c.d~e", [b"a-b_c.d~e"]),
}

GREEDY = {
    "scheme": (b"http://evil.example/x", b"/http://evil.example/x"),
    "user part": (b"@evil.example/x", b"/@evil.example/x"),
    "slashes encoded": (b"%2F%2Fevil.example/x", b"/%2F%2Fevil.example/x"),
    "another integration's path": (b"real/admin", b"/real/admin"),
    "encoded question mark": (b"a%3Fb=c", b"/a%3Fb=c"),
    "encoded fragment": (b"a%23b", b"/a%23b"),
    "query stays a query": (b"a?b=c", b"/a?b=c"),
}

HOSTS = {
    "space": b"a%20b",
    "list": b"a,b",
    "path": b"a/b",
    "user part": b"evil%40b",
    "CRLF": b"a%0d%0aX-Evil:%201",
    "NUL": b"a%00",
    "backslash": b"a%5cb",
    "question mark": b"a%3Fb",
    "fragment": b"a%23b",
    "high byte": b"%ff",
}


def assert_same_host(front: Front, received: Received) -> None:
    assert received.all(b"host") == [b"127.0.0.1:%d" % front.backend.port]


@pytest.mark.parametrize(("value", "segment"), INTO_A_SEGMENT.values(), ids=INTO_A_SEGMENT)
def test_b13_a_query_value_in_a_path_stays_one_segment(front: Front, value: bytes, segment: bytes) -> None:
    received = front.reaches(request(BY_QUERY + value))
    path, _, query = received.target.partition(b"?")
    assert path == b"/mapped/7/by-query/" + segment
    assert query == b"fixed=1&q=" + value
    assert_same_host(front, received)


@pytest.mark.parametrize("value", NOT_IN_A_SEGMENT.values(), ids=NOT_IN_A_SEGMENT)
def test_b13_a_query_value_that_no_path_may_hold_is_refused(front: Front, value: bytes) -> None:
    assert front.refuses(request(BY_QUERY + value)).status == 400


@pytest.mark.parametrize("value", NOT_IN_A_SEGMENT.values(), ids=NOT_IN_A_SEGMENT)
def test_b13_a_query_value_that_no_path_may_hold_is_refused_with_paths_aws(
    aws_front: Front, value: bytes
) -> None:
    assert aws_front.refuses(request(BY_QUERY + value)).status == 400


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        pytest.param(b"a/b", b"a%2Fb", id="slash"),
        pytest.param(b"a?x=1", b"a%3Fx%3D1", id="query"),
        pytest.param(b"a#b", b"a%23b", id="fragment"),
        pytest.param(b"a%2fb", b"a%252fb", id="already encoded"),
        pytest.param(b"//evil.example", b"%2F%2Fevil.example", id="slashes in front"),
        pytest.param(b"a b", b"a%20b", id="space"),
        pytest.param(b"\xff", b"%FF", id="high byte"),
    ],
)
def test_b13_a_header_in_a_path_stays_one_segment(front: Front, value: bytes, segment: bytes) -> None:
    received = front.reaches(request(BY_HEADER, b"X-In: " + value))
    assert received.target == b"/under/" + segment + b"/leaf"
    assert_same_host(front, received)


@pytest.mark.parametrize("value", NOT_IN_A_SEGMENT_BY_HEADER.values(), ids=NOT_IN_A_SEGMENT_BY_HEADER)
def test_b13_a_header_that_no_path_may_hold_is_refused(front: Front, value: bytes) -> None:
    assert front.refuses(request(BY_HEADER, b"X-In: " + value)).status == 400


@pytest.mark.parametrize(("segment", "values"), INTO_THE_QUERY.values(), ids=INTO_THE_QUERY)
def test_b13_a_segment_in_the_uris_query_stays_one_parameter(
    front: Front, segment: bytes, values: list[bytes]
) -> None:
    received = front.reaches(request(b"/prod/search/" + segment))
    assert received.target in [b"/search?term=" + value + b"&role=user" for value in values]


@pytest.mark.parametrize(("rest", "target"), GREEDY.values(), ids=GREEDY)
def test_b13_a_greedy_value_cannot_choose_the_host(front: Front, rest: bytes, target: bytes) -> None:
    received = front.reaches(request(b"/prod/fetch/" + rest))
    assert received.target == target
    assert_same_host(front, received)


@pytest.mark.parametrize(
    "rest", [b"../admin", b"a/../../admin", b"%2e%2e/admin", b"..%2fadmin", b"\\\\evil", b"..;/x"]
)
def test_b13_a_greedy_value_cannot_leave_its_prefix(front: Front, rest: bytes) -> None:
    assert front.refuses(request(b"/prod/x/" + rest)).status == 400


def test_b13_a_segment_is_handed_over_as_it_came(front: Front) -> None:
    received = front.reaches(request(b"/prod/mapped/a%2Fb;c=%20d?q=x"))
    assert received.target.startswith(b"/mapped/a%2Fb;c=%20d/by-query/x?")
    assert received.all(b"x-segment") == [b"a%2Fb;c=%20d"]


@pytest.mark.parametrize("value", [b"%0d%0aX-Evil:%201", b"%0aX-Evil:%201", b"%0d", b"%00", b"%01", b"%7f"])
def test_a_decoded_value_splits_no_header(front: Front, value: bytes) -> None:
    assert front.refuses(request(b"/prod/all-values?q=a" + value)).status == 400


@pytest.mark.parametrize(
    ("query", "header"),
    [
        pytest.param(b"q=a&q=b", b"a,b", id="all values"),
        pytest.param(b"q=%2525SECRET(GwSecret)%2525", b"%25SECRET(GwSecret)%25", id="encoded format"),
        pytest.param(b"q=%25SECRET(GwSecret)%25", b"%SECRET(GwSecret)%", id="secret"),
        pytest.param(b"q=%25REQ(x-gw-secret)%25", b"%REQ(x-gw-secret)%", id="header"),
        pytest.param(b"q=%25DYNAMIC_METADATA(gl:sealed)%25", b"%DYNAMIC_METADATA(gl:sealed)%", id="metadata"),
        pytest.param(b"q=%25FILE_CONTENT(/etc/passwd)%25", b"%FILE_CONTENT(/etc/passwd)%", id="file"),
        pytest.param(b"q=%25ENVIRONMENT(GW_SECRET)%25", b"%ENVIRONMENT(GW_SECRET)%", id="environment"),
        pytest.param(b"q=%2525", b"%25", id="percent"),
        pytest.param(b"q=${GwSecret}", b"${GwSecret}", id="secret of the definition"),
        pytest.param(b"q=$context.requestId", b"$context.requestId", id="context"),
    ],
)
def test_no_format_is_expanded_in_a_mapped_value(front: Front, query: bytes, header: bytes) -> None:
    assert front.reaches(request(b"/prod/all-values?" + query)).all(b"x-all-q") == [header]


def test_a_mapped_header_replaces_what_the_client_sent_under_its_name(front: Front) -> None:
    lines = [
        b"X-Q: evil",
        b"x-q: evil2",
        b"X-Request: evil",
        b"X-Verb: evil",
        b"X-Path: evil",
        b"X-Copied: evil",
    ]
    received = front.reaches(request(b"/prod/mapped/7?q=good", *lines, b"X-In: one", b"X-In: two"))
    assert received.all(b"x-q") == [b"good"]
    assert received.all(b"x-verb") == [b"GET"]
    assert received.all(b"x-path") == [b"/prod/mapped/7"]
    assert received.all(b"x-copied") == [b"two"]
    assert received.all(b"x-all-copied") == [b"one,two"]
    assert b"evil" not in received.raw


def test_a_header_in_the_query_stays_one_parameter(front: Front) -> None:
    received = front.reaches(request(b"/prod/mapped/7?q=x", b"X-In: 1&role=admin;a=b#c d?e/..%2f"))
    assert received.target.endswith(b"&copied=1%26role%3Dadmin%3Ba%3Db%23c%20d%3Fe%2F..%252f")


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_a_mapped_host_is_a_host_or_refused(front: Front, host: bytes) -> None:
    assert front.refuses(request(b"/prod/host?host=" + host)).status == 400


def test_a_mapped_host_is_a_header_and_moves_no_request(front: Front) -> None:
    assert front.reaches(request(b"/prod/host?host=evil.example:1")).all(b"host") == [b"evil.example:1"]


@pytest.mark.parametrize(
    "query", [b"", b"?host=", b"?other=x"], ids=["no query", "empty", "another parameter"]
)
def test_a_mapped_host_without_a_value_is_the_integrations(front: Front, query: bytes) -> None:
    assert_same_host(front, front.reaches(request(b"/prod/host" + query)))


@pytest.mark.parametrize("lines", [[], [b"X-In: 0"], [b"X-In: chunked"]], ids=["absent", "zero", "chunked"])
def test_a_mapping_of_what_frames_a_message_is_never_sent(front: Front, lines: list[bytes]) -> None:
    answer = front.send(request(b"/prod/framing", *lines, verb=b"POST", body=b"GET /prod/admin HTTP/1.1"))
    assert (answer.status, answer.body) == (500, b'{"message": "Internal server error"}')
    assert front.seen() == []


def test_the_context_tells_nothing_that_the_client_chose(front: Front) -> None:
    received = front.reaches(
        request(
            b"/prod/mapped/7?q=x", b"X-Amzn-RequestId: evil", b"x-gl-rid: evil", host=b"shop.localhost:99"
        )
    )
    assert received.all(b"x-domain") == [b"shop.localhost"]
    [rid] = received.all(b"x-request")
    assert len(rid) == 36
