"""B: path confusion. DESIGN section 5's table of path forms, row by row, in both modes.

Routes beside each other: `/admin`, `/admin/users`, `/items/{id}`, `/items/admin`, `/x/{proxy+}`, `/{tenant}`,
`/{tenant}/users`; each has a backend path of its own, so what reaches the backend tells which one was chosen.
"""

from __future__ import annotations

import pytest

from attacks.front import Front, pseudo_headers, request

pytestmark = pytest.mark.envoy

REFUSED_EVERYWHERE = {
    "B1 dot-dot": b"/prod/x/../admin",
    "B1 dot-dot encoded": b"/prod/x/%2e%2e/admin",
    "B1 dot-dot in capitals": b"/prod/x/%2E%2E/admin",
    "B1 dot-dot half encoded": b"/prod/x/.%2e/admin",
    "B1 dot-dot half encoded, first half": b"/prod/x/%2e./admin",
    "B1 dot": b"/prod/./admin",
    "B1 dot encoded": b"/prod/%2e/admin",
    "B1 dot-dot at the end": b"/prod/x/y/..",
    "B1 dot at the end": b"/prod/x/.",
    "B1 dot-dot out of the stage": b"/prod/..",
    "B1 dot-dot into the stage": b"/x/../prod/admin",
    "B1 dot before the stage": b"/./prod/admin",
    "B1 dot-dot after a double slash": b"/prod//../admin",
    "B1 dot-dot with a trailing slash": b"/prod/x/../",
    "B1 dot-dot in the local form": b"/restapis/shop/prod/_user_request_/x/../admin",
    "B1 dot-dot between the words of the local form": b"/restapis/other/../shop/prod/_user_request_/admin",
    "B3 dot-dot with an encoded slash": b"/prod/x/..%2fadmin",
    "B3 dot-dot with an encoded slash in capitals": b"/prod/x/..%2Fadmin",
    "B3 dot-dot between encoded slashes": b"/prod/x%2f..%2fadmin",
    "B3 dot-dot, all encoded": b"/prod/x%2f%2e%2e%2fadmin",
    "B3 dot with encoded slashes": b"/prod/x%2f.%2fadmin",
    "B3 encoded backslash": b"/prod/x/..%5cadmin",
    "B3 encoded backslash in capitals": b"/prod/x%5Cadmin",
    "B3 lone encoded backslash": b"/prod/x/%5c",
    "B4 dot-dot with an empty parameter": b"/prod/x/..;/admin",
    "B4 dot-dot with a parameter": b"/prod/x/..;a=b/admin",
    "B4 dot with a parameter": b"/prod/x/.;a/admin",
    "B4 dot-dot with an encoded semicolon": b"/prod/x/..%3b/admin",
    "B4 dot-dot encoded with a parameter": b"/prod/x/%2e%2e;/admin",
    "B4 dot-dot and parameter at the end": b"/prod/x/..;",
    "B4 dot-dot with two parameters": b"/prod/x/..;a;b/admin",
    "B6 backslash": b"/prod/x\\..\\admin",
    "B6 backslash in a segment": b"/prod/x/a\\b",
    "B6 backslash in place of a slash": b"/prod\\admin",
    "B11 encoded NUL": b"/prod/x%00/admin",
    "B11 encoded NUL at the end": b"/prod/admin%00",
    "B11 encoded newline": b"/prod/x/%0aX-Evil:%201",
    "B11 encoded CRLF": b"/prod/x/%0d%0aX-Evil:%201",
    "B11 encoded tab": b"/prod/x/%09",
    "B11 encoded escape": b"/prod/x/%1b[2J",
    "B11 encoded delete": b"/prod/x/%7f",
    "B11 raw control byte": b"/prod/x/\x01",
    "B11 raw escape": b"/prod/x/\x1b[2J",
    "B11 raw delete": b"/prod/x/\x7f",
    "B11 raw NUL": b"/prod/x/\x00/admin",
    "B11 raw tab": b"/prod/x/\t/admin",
    "B11 raw space": b"/prod/x/a b",
    "B11 overlong dot in two bytes": b"/prod/x/%c0%ae%c0%ae/admin",
    "B11 overlong slash in two bytes": b"/prod/x%c0%afadmin",
    "B11 overlong slash in capitals": b"/prod/x%C1%9Cadmin",
    "B11 overlong slash in three bytes": b"/prod/x%e0%80%afadmin",
    "B11 overlong slash in four bytes": b"/prod/x%f0%80%80%afadmin",
    "B11 raw overlong dot": b"/prod/x/\xc0\xae\xc0\xae/admin",
    "B11 lone percent": b"/prod/x/%",
    "B11 percent and one digit": b"/prod/x/%2",
    "B11 percent and no digits": b"/prod/x/%zz",
    "B11 percent and half a digit": b"/prod/x/%2g",
    "B11 percent u": b"/prod/x/%u002e%u002e/admin",
    "B11 lone percent before the stage's end": b"/prod%/admin",
    "B12 raw fragment": b"/prod/x#/../admin",
    "B12 raw fragment at the end": b"/prod/admin#",
    "B12 raw fragment in the query": b"/prod/x/y?a=b#c",
}
"""The table's first row: 400 whatever the mode."""

NOT_A_PATH = {
    "B12 asterisk": b"*",
    "B12 no slash": b"prod/admin",
    "B12 only a query": b"?/prod/admin",
    "B12 absolute form of another host": b"http://evil.example/prod/admin",
    "B12 absolute form with a dot-dot": b"http://localhost/prod/x/../admin",
    "B12 absolute form without a path": b"http://localhost?/prod/admin",
    "B12 absolute form of ftp": b"ftp://localhost/prod/admin",
    "B12 absolute form of a file": b"file:///prod/admin",
    "B12 absolute form with backslashes": b"http:\\\\localhost\\prod\\admin",
    "B12 absolute form with https over plain text": b"https://localhost/prod/admin",
    "B12 scheme-relative": b"//evil.example/prod/admin",
    "B12 authority form": b"localhost:80",
}

ANOTHER_ROUTE = {
    "B7 encoded letter": (b"/prod/%61dmin", b"/tenant/%61dmin"),
    "B7 all letters encoded": (b"/prod/%61%64%6d%69%6e", b"/tenant/%61%64%6d%69%6e"),
    "B7 encoded letter in a lower segment": (b"/prod/items/%61dmin", b"/items/%61dmin"),
    "B7 encoded letter before a static segment": (b"/prod/%61dmin/users", b"/tenant/%61dmin/users"),
    "B3 encoded slash at the end": (b"/prod/admin%2F", b"/tenant/admin%2F"),
    "B3 encoded slash between static segments": (b"/prod/admin%2Fusers", b"/tenant/admin%2Fusers"),
    "B3 encoded slash at the start": (b"/prod/%2Fadmin", b"/tenant/%2Fadmin"),
    "B5 parameter at the end": (b"/prod/admin;x=1", b"/tenant/admin;x=1"),
    "B5 empty parameter": (b"/prod/admin;", b"/tenant/admin;"),
    "B5 parameter before a static segment": (b"/prod/admin;x=1/users", b"/tenant/admin;x=1/users"),
    "B5 encoded semicolon": (b"/prod/admin%3bx", b"/tenant/admin%3bx"),
    "B5 parameter in a lower segment": (b"/prod/items/admin;x", b"/items/admin;x"),
    "B5 parameter and encoded letter": (b"/prod/%61dmin;x", b"/tenant/%61dmin;x"),
    "B5 parameter that holds an encoded slash": (b"/prod/admin;x%2Fy", b"/tenant/admin;x%2Fy"),
    "B5 encoded letter, parameter with an encoded slash": (
        b"/prod/%61dmin;x%2Fy",
        b"/tenant/%61dmin;x%2Fy",
    ),
    "B5 twice encoded letter, parameter with an encoded slash": (
        b"/prod/%2561dmin;x%2Fy",
        b"/tenant/%2561dmin;x%2Fy",
    ),
    "B8 a reading behind more readings than are looked at": (
        b"/prod/%2561dmin;a%252Fb%3Bc%2F%2Fd;e%253Bf%252F%252Fg",
        b"/tenant/%2561dmin;a%252Fb%3Bc%2F%2Fd;e%253Bf%252F%252Fg",
    ),
    "B8 letter encoded twice": (b"/prod/%2561dmin", b"/tenant/%2561dmin"),
    "B8 slash encoded twice": (b"/prod/admin%252Fusers", b"/tenant/admin%252Fusers"),
    "B8 semicolon encoded twice": (b"/prod/admin%253bx", b"/tenant/admin%253bx"),
    "B8 dot-dot encoded twice": (b"/prod/x/%252e%252e/admin", b"/x/%252e%252e/admin"),
    "B8 dot-dot and slash encoded twice": (b"/prod/x/..%252fadmin", b"/x/..%252fadmin"),
    "B8 dot-dot with a semicolon encoded twice": (b"/prod/x/..%253b/admin", b"/x/..%253b/admin"),
    "B8 backslash encoded twice": (b"/prod/x/..%255cadmin", b"/x/..%255cadmin"),
    "B8 NUL encoded twice": (b"/prod/x/%2500", b"/x/%2500"),
}
"""The second row where another reading is another route (or no path at all): strict refuses, aws keeps the bytes."""

SAME_ROUTE = {
    "B2 double slash inside": (b"/prod/x//y", b"/x//y"),
    "B2 many slashes inside": (b"/prod/x/a////b", b"/x/a////b"),
    "B3 encoded slash in a captured segment": (b"/prod/x/a%2Fb", b"/x/a%2Fb"),
    "B5 parameter in a captured segment": (b"/prod/x/a;b=c/d", b"/x/a;b=c/d"),
    "B5 parameter in place of a segment": (b"/prod/x/;a/y", b"/x/;a/y"),
    "B7 encoded letter in a captured segment": (b"/prod/x/%61", b"/x/%61"),
    "B7 lower-case hex digits": (b"/prod/x/%c3%a9", b"/x/%c3%a9"),
    "B8 twice encoded in a captured segment": (b"/prod/x/%2561", b"/x/%2561"),
    "B11 encoded space": (b"/prod/x/a%20b", b"/x/a%20b"),
    "B11 encoded percent": (b"/prod/x/100%25", b"/x/100%25"),
    "B12 encoded fragment sign": (b"/prod/x/c%23", b"/x/c%23"),
    "B12 encoded question mark": (b"/prod/x/a%3Fb", b"/x/a%3Fb"),
    "three dots are a name": (b"/prod/x/...", b"/x/..."),
    "a hidden file is a name": (b"/prod/x/.well-known", b"/x/.well-known"),
    "two dots in a name": (b"/prod/x/a..b", b"/x/a..b"),
    "two dots before a name": (b"/prod/x/..a", b"/x/..a"),
    "dots in the query are no path": (b"/prod/x/y?p=/../admin", b"/x/y?p=/../admin"),
    "encodings in the query are no path": (b"/prod/x/y?p=%2e%2e%2f%5c%252e", b"/x/y?p=%2e%2e%2f%5c%252e"),
    "backslashes in the query are no path": (b"/prod/x/y?p=..\\", b"/x/y?p=..\\"),
}
"""The second row where no reading is another route: the backend gets the bytes in both modes."""

STAGE_AND_SLASHES = {
    "B2 double slash before the stage": (b"//prod/admin", b"/real/admin"),
    "B2 double slash after the stage": (b"/prod//admin", b"/real/admin"),
    "B2 many slashes around the stage": (b"////prod////admin", b"/real/admin"),
    "B10 trailing slash": (b"/prod/admin/", b"/real/admin"),
    "B10 trailing slash on a parameter": (b"/prod/items/7/", b"/items/7"),
    "B10 trailing slash under a static segment": (b"/prod/items/admin/", b"/real/items-admin"),
    "B10 trailing slash is nothing to capture": (b"/prod/x/", b"/tenant/x"),
    "B9 capital letter": (b"/prod/Admin", b"/tenant/Admin"),
    "B9 capitals": (b"/prod/ADMIN", b"/tenant/ADMIN"),
    "B9 capital in a lower segment": (b"/prod/items/Admin", b"/items/Admin"),
    "B12 absolute form of this host": (b"http://localhost/prod/admin", b"/real/admin"),
    "B12 absolute form in capitals": (b"HTTP://LOCALHOST/prod/admin", b"/real/admin"),
}
"""The third and fourth row, and the absolute form: the same in both modes."""

UNKNOWN = {
    "encoded letter in the stage": b"/pro%64/admin",
    "encoded slash after the stage": b"/prod%2Fadmin",
    "parameter on the stage": b"/prod;x/admin",
    "stage in capitals": b"/PROD/admin",
    "stage with a trailing space": b"/prod%20/admin",
    "stage with a trailing dot": b"/prod./admin",
    "no stage": b"/admin",
    "root": b"/",
    "only slashes": b"////",
    "stage of nobody": b"/staging/admin",
    "the word of a scope": b"/@entry/admin",
    "parameter in place of a segment": b"/prod/;a=b/admin",
    "double slash under a static segment": b"/prod/items//admin",
    "double slash behind a static segment": b"/prod/admin//",
    "only slashes to capture": b"/prod/x///",
    "root of the stage": b"/prod",
    "root of the stage with a query": b"/prod?/admin",
    "local form with an encoded word": b"/%72estapis/shop/prod/_user_request_/admin",
    "local form with an encoded API": b"/restapis/%73hop/prod/_user_request_/admin",
    "local form with a parameter": b"/restapis;x/shop/prod/_user_request_/admin",
    "local form without its last word": b"/restapis/shop/prod/admin",
    "local form with more than its last word": b"/restapis/shop/prod/_user_request_x/admin",
    "local form with an empty API": b"/restapis//prod/_user_request_/admin",
    "local form of a nobody": b"/restapis/nobody/prod/_user_request_/admin",
    "local form of a stage of nobody": b"/restapis/shop/nobody/_user_request_/admin",
    "local form of an API without an endpoint": b"/restapis/closed/prod/_user_request_/whoami",
}


@pytest.mark.parametrize("path", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_a_forbidden_path_form_is_a_bad_request(front: Front, path: bytes) -> None:
    assert front.refuses(request(path)).status == 400


@pytest.mark.parametrize("path", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_a_forbidden_path_form_is_a_bad_request_with_paths_aws(aws_front: Front, path: bytes) -> None:
    assert aws_front.refuses(request(path)).status == 400


@pytest.mark.parametrize("path", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_a_forbidden_path_form_is_refused_over_http2(front: Front, path: bytes) -> None:
    front.http2_refuses(pseudo_headers(path))


@pytest.mark.parametrize("path", NOT_A_PATH.values(), ids=NOT_A_PATH)
def test_a_request_target_that_is_no_path_is_refused(front: Front, path: bytes) -> None:
    front.refuses(request(path))


@pytest.mark.parametrize("path", NOT_A_PATH.values(), ids=NOT_A_PATH)
def test_a_request_target_that_is_no_path_is_refused_over_http2(front: Front, path: bytes) -> None:
    front.http2_refuses(pseudo_headers(path))


@pytest.mark.parametrize(("path", "_target"), ANOTHER_ROUTE.values(), ids=ANOTHER_ROUTE)
def test_a_path_with_another_reading_is_refused(front: Front, path: bytes, _target: bytes) -> None:
    assert front.refuses(request(path)).status == 400


@pytest.mark.parametrize(("path", "target"), ANOTHER_ROUTE.values(), ids=ANOTHER_ROUTE)
def test_a_path_with_another_reading_keeps_its_bytes_with_paths_aws(
    aws_front: Front, path: bytes, target: bytes
) -> None:
    assert aws_front.reaches(request(path)).target == target


@pytest.mark.parametrize(("path", "target"), SAME_ROUTE.values(), ids=SAME_ROUTE)
def test_an_odd_path_of_one_route_keeps_its_bytes(front: Front, path: bytes, target: bytes) -> None:
    assert front.reaches(request(path)).target == target


@pytest.mark.parametrize(("path", "target"), SAME_ROUTE.values(), ids=SAME_ROUTE)
def test_an_odd_path_of_one_route_keeps_its_bytes_with_paths_aws(
    aws_front: Front, path: bytes, target: bytes
) -> None:
    assert aws_front.reaches(request(path)).target == target


@pytest.mark.parametrize(("path", "target"), STAGE_AND_SLASHES.values(), ids=STAGE_AND_SLASHES)
def test_slashes_and_letter_case_choose_the_route_that_amazon_chooses(
    front: Front, aws_front: Front, path: bytes, target: bytes
) -> None:
    assert front.reaches(request(path)).target == target
    aws_front.backend.clear()
    assert aws_front.reaches(request(path)).target == target


@pytest.mark.parametrize("path", UNKNOWN.values(), ids=UNKNOWN)
def test_a_path_that_nobody_serves_is_forbidden(front: Front, aws_front: Front, path: bytes) -> None:
    assert front.refuses(request(path)).status == 403
    assert aws_front.refuses(request(path)).status == 403


def test_a_refusal_is_told_in_the_request_log_with_its_rule(front: Front) -> None:
    front.refuses(request(b"/prod/x/../audited"))
    line = front.gateway.output.wait_for("/x/../audited")
    assert '"why":"path_dot_segment"' in line
    assert '"status":400' in line
    assert '"request_id":"' in line
