"""Custom domains under attack: no form of a host or path leads past the base path that was asked for.

`api.example.com` leads to the shop's stage `prod`, below `/x` to its stage `test`, and below `/back/office` to
another API. What is asked of TLS stands in tests/end_to_end/domains/test_server_names.py.
"""

from __future__ import annotations

import pytest

from attacks.front import Front, pseudo_headers, request

pytestmark = pytest.mark.envoy

DOMAIN = b"api.example.com"

REACH = {
    "its name": DOMAIN,
    "with a port": b"api.example.com:8443",
    "in capitals, as a root name": b"API.EXAMPLE.COM.",
}

REFUSED_HOSTS = {
    "F3 domain as a prefix": b"api.example.com.evil.example",
    "F3 domain as a suffix": b"evil.api.example.com",
    "F3 domain without its first label": b"example.com",
    "F3 two root dots": b"api.example.com..",
    "F3 user part": b"api.example.com@evil.example",
    "F3 user part before": b"evil@api.example.com",
    "F3 brackets": b"[api.example.com]",
    "F3 wildcard itself": b"*.wild.example",
    "F3 wildcard with no label": b".wild.example",
    "F3 wildcard with two labels": b"a.b.wild.example",
    "F3 wildcard with an encoded dot": b"a%2eb.wild.example",
    "F3 wildcard with a user part": b"a@b.wild.example",
    "F3 wildcard with a slash": b"a/b.wild.example",
    "F3 wildcard with a backslash": b"a\\b.wild.example",
    "F3 wildcard with a NUL": b"a\x00.wild.example",
    "F3 wildcard with another alphabet": b"\xc3\xa7.wild.example",
    "F3 wildcard with a star": b"a*.wild.example",
    "F3 Lua's own word": b"__index.wild.example.evil",
    "C5 two domains": b"api.example.com,one.wild.example",
    "C5 the same one twice": b"api.example.com, api.example.com",
    "port of letters": b"api.example.com:https",
    "two ports": b"api.example.com:80:80",
}

OTHER_READINGS = {
    "B2 letter of the base path encoded": b"/%78/y",
    "B2 letter encoded twice": b"/%2578/y",
    "B2 capital hexadecimal": b"/back/%6Fffice/whoami",
    "B2 all letters encoded": b"/%62%61%63%6b/office/whoami",
    "B3 slash inside the base path encoded": b"/back%2Foffice/whoami",
    "B3 slash inside the base path encoded twice": b"/back%252foffice/whoami",
    "B3 slash behind the base path encoded": b"/x%2Fy",
    "B3 slash before the base path encoded": b"/%2Fx/y",
    "B4 parameter behind the base path": b"/x;a=b/y",
    "B4 empty parameter": b"/back;/office/whoami",
    "B4 parameter in the last segment": b"/back/office;x/whoami",
    "B4 encoded semicolon": b"/x%3ba/y",
    "B5 double slash inside the base path": b"/back//office/whoami",
    "B5 three slashes inside the base path": b"/back///office/whoami",
    "B7 encoded question mark behind the base path": b"/x%3f/y",
    "B7 encoded fragment behind the base path": b"/back/office%23/whoami",
}

REFUSED_EVERYWHERE = {
    "B1 dot-dot out of the base path": b"/x/../admin",
    "B1 dot-dot into a base path": b"/admin/../back/office/whoami",
    "B1 dot-dot encoded": b"/x/%2e%2e/admin",
    "B1 dot before the base path": b"/./x/y",
    "B1 dot-dot inside the base path": b"/back/../back/office/whoami",
    "B4 dot-dot with a parameter": b"/x/..;/admin",
    "B6 backslash behind the base path": b"/x\\y",
    "B6 backslash inside the base path, encoded": b"/back%5Coffice/whoami",
    "B11 NUL behind the base path": b"/x%00/y",
    "B11 line break behind the base path": b"/x%0d%0aX-Evil:%201/y",
    "fragment behind the base path": b"/x#/y",
}


@pytest.mark.parametrize("host", REACH.values(), ids=REACH)
def test_a_domain_reaches_the_stage_of_the_longest_base_path(front: Front, host: bytes) -> None:
    assert front.reaches(request(b"/admin", host=host)).target == b"/real/admin"
    front.backend.clear()
    assert front.reaches(request(b"/back/office/whoami", host=host)).target == b"/other/whoami"


@pytest.mark.parametrize("host", REFUSED_HOSTS.values(), ids=REFUSED_HOSTS)
@pytest.mark.parametrize("path", [b"/admin", b"/only/whoami"])
def test_a_host_that_is_nearly_a_domain_is_refused(front: Front, host: bytes, path: bytes) -> None:
    assert front.refuses(request(path, host=host)).status in (400, 403)


@pytest.mark.parametrize("host", REFUSED_HOSTS.values(), ids=REFUSED_HOSTS)
def test_an_authority_that_is_nearly_a_domain_is_refused(front: Front, host: bytes) -> None:
    front.http2_refuses(pseudo_headers(b"/only/whoami", authority=host))


@pytest.mark.parametrize("path", OTHER_READINGS.values(), ids=OTHER_READINGS)
def test_a_path_that_can_be_read_with_another_base_path_is_refused(front: Front, path: bytes) -> None:
    assert front.refuses(request(path, host=DOMAIN)).status == 400


@pytest.mark.parametrize("path", OTHER_READINGS.values(), ids=OTHER_READINGS)
def test_in_aws_mode_the_bytes_decide_and_no_other_stage_is_reached(aws_front: Front, path: bytes) -> None:
    answer = aws_front.send(request(path, host=DOMAIN))
    received = aws_front.seen()
    assert (answer.status == 200) == bool(received)
    for each in received:
        assert not each.faults
        assert not each.target.startswith(b"/other/")
        assert b"test" not in each.all(b"x-stage")


@pytest.mark.parametrize("path", REFUSED_EVERYWHERE.values(), ids=REFUSED_EVERYWHERE)
def test_forms_that_no_path_may_have_are_refused_in_both_modes(
    front: Front, aws_front: Front, path: bytes
) -> None:
    assert front.refuses(request(path, host=DOMAIN)).status in (400, 403)
    assert aws_front.refuses(request(path, host=DOMAIN)).status in (400, 403)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"/x/admin", b"/real/admin"),
        (b"/x/x/a%20b", b"/x/a%20b"),
        (b"//x//x/a", b"/x/a"),
        (b"/x/x/x/a", b"/x/x/a"),
        (b"/x/x/back/office/whoami", b"/x/back/office/whoami"),
        (b"/x/fetch/x/y", b"/x/y"),
    ],
)
def test_a_base_path_is_cut_off_once(front: Front, path: bytes, target: bytes) -> None:
    assert front.reaches(request(path, host=DOMAIN)).target == target


@pytest.mark.parametrize(
    "path", [b"/prod/admin", b"/restapis/other/prod/_user_request_/whoami", b"/test/admin"]
)
def test_a_domain_has_no_stage_in_its_paths(front: Front, path: bytes) -> None:
    front.refuses(request(path, host=DOMAIN))


@pytest.mark.parametrize("path", [b"/", b"/whoami", b"/onl/whoami", b"/only2/whoami", b"/only%2fwhoami"])
def test_a_domain_without_a_mapping_for_the_rest_is_closed_there(front: Front, path: bytes) -> None:
    assert front.refuses(request(path, host=b"any.wild.example")).status in (400, 403)


def test_the_host_of_another_header_is_no_domain(front: Front) -> None:
    lines = (
        b"X-Forwarded-Host: api.example.com",
        b"Forwarded: host=api.example.com",
        b"X-Host: api.example.com",
    )
    assert front.refuses(request(b"/back/office/whoami", *lines)).status == 403
