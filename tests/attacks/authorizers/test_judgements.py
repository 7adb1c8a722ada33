"""E5 to E7: a policy judges the request that the backend gets, however its path is written."""

from __future__ import annotations

import pytest

from harness.guarded_gateway import Guarded, allow, bearer, deny, request_bytes
from harness.http2_client import Http2Connection
from harness.raw_client import RawConnection

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers under attack")]

PREFIX = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod/"

TOWARDS_SECRET = [
    b"/prod/token/secret",
    b"/prod/token/secret/",
    b"/prod/token/secret//",
    b"/prod//token/secret",
    b"//prod/token/secret",
    b"/prod/token//secret",
    b"/prod/token/./secret",
    b"/prod/token/x/../secret",
    b"/prod/token/x/%2e%2e/secret",
    b"/prod/token/x/..;/secret",
    b"/prod/token/%73ecret",
    b"/prod/token/secre%74",
    b"/prod/token/%2573ecret",
    b"/prod/token/secret;a=b",
    b"/prod/token;a=b/secret",
    b"/prod/token/secret%2f",
    b"/prod/token%2fsecret",
    b"/prod/token%5csecret",
    b"/prod/token\\secret",
    b"/prod/token/secret%00",
    b"/prod/token/secret#",
    b"/prod/token/secret?",
    b"/prod/token/secret?x=/prod/token/7",
    b"/prod/%74oken/secret",
    b"/%70rod/token/secret",
    b"http://localhost/prod/token/secret",
    b"http://other.localhost/prod/token/secret",
    b"/restapis/guarded/prod/_user_request_/token/secret",
]


def is_closed(attacked: Guarded, path: bytes, line: bytes) -> bool:
    """Whether a request for this path is refused, after the caller's policy has been remembered."""
    assert attacked.status(b"/prod/token/7", line) == 200
    attacked.backend.clear()
    with RawConnection(attacked.port) as connection:
        connection.send(request_bytes(b"GET", path, [line]))
        answer = connection.receive()
    assert answer is not None
    return answer.status in (400, 403) and attacked.seen() == []


@pytest.mark.parametrize("path", TOWARDS_SECRET)
def test_e7_a_deny_holds_however_the_path_is_written(
    attacked: Guarded, attacked_aws: Guarded, path: bytes
) -> None:
    for each in (attacked, attacked_aws):
        assert is_closed(each, path, bearer(allow("*"), deny(PREFIX + "*/token/secret")))


@pytest.mark.parametrize("path", TOWARDS_SECRET)
def test_e5_an_allow_of_another_path_is_none_of_this_however_it_is_written(
    attacked: Guarded, attacked_aws: Guarded, path: bytes
) -> None:
    for each in (attacked, attacked_aws):
        assert is_closed(each, path, bearer(allow(PREFIX + "GET/token/7")))


@pytest.mark.parametrize(
    "line",
    [
        b"X-Forwarded-For: 10.0.0.1",
        b"Forwarded: for=10.0.0.1",
        b"X-Real-IP: 10.0.0.1",
        b"X-Envoy-External-Address: 10.0.0.1",
        b"True-Client-IP: 10.0.0.1",
        b"X-Forwarded-Proto: https",
    ],
)
def test_d1_nobody_says_themselves_where_they_come_from(attacked: Guarded, line: bytes) -> None:
    conditions = ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"Bool": {"aws:SecureTransport": "true"}})
    for condition in conditions:
        assert attacked.status(b"/prod/token/7", bearer(allow("*", Condition=condition)), line) == 403
    assert attacked.seen() == []
    assert attacked.status(b"/prod/by-nothing", line) == 403
    context = attacked.calls()[-1].event["requestContext"]
    assert context["identity"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize(
    "path", [each for each in TOWARDS_SECRET if each.startswith(b"/") and b"\\" not in each]
)
def test_e7_over_http_2_too(attacked: Guarded, path: bytes) -> None:
    line = bearer(allow("*"), deny(PREFIX + "*/token/secret")).partition(b": ")[2]
    with Http2Connection(attacked.port) as connection:
        outcome = connection.request(
            [
                (b":method", b"GET"),
                (b":scheme", b"http"),
                (b":authority", b"localhost"),
                (b":path", path),
                (b"authorization", line),
            ]
        )
    assert outcome.refused
    assert attacked.seen() == []


@pytest.mark.parametrize(
    ("verb", "lines"),
    [
        pytest.param(b"HEAD", [], id="HEAD for GET"),
        pytest.param(b"DELETE", [], id="another verb"),
        pytest.param(b"GET", [b"X-HTTP-Method-Override: DELETE"], id="override"),
        pytest.param(b"POST", [b"X-HTTP-Method-Override: GET"], id="override back"),
        pytest.param(b"get", [], id="small letters"),
        pytest.param(b"PURGE", [], id="unknown verb"),
    ],
)
def test_e5_an_allow_of_get_is_one_of_get_only(attacked: Guarded, verb: bytes, lines: list[bytes]) -> None:
    line = bearer(allow(PREFIX + "GET/token/7"))
    answer = attacked.send(verb, b"/prod/token/7", line, *lines)
    received = attacked.seen()
    if verb == b"GET":
        assert [each.verb for each in received] == [b"GET"]
        assert received[0].all(b"x-http-method-override") == []
    else:
        assert answer.status in (400, 403, 405)
        assert received == []


@pytest.mark.parametrize(
    "host", [b"twin.localhost", b"TWIN.localhost", b"twin.execute-api.us-east-1.amazonaws.com"]
)
def test_e5_an_allow_of_one_api_is_none_of_another(attacked: Guarded, host: bytes) -> None:
    line = bearer(allow(PREFIX + "*"))
    assert attacked.status(b"/prod/token", line) == 200
    attacked.backend.clear()
    assert attacked.send(b"GET", b"/prod/token", line, host=host).status == 403
    assert attacked.send(b"GET", b"/test/token", line).status == 403
    assert attacked.send(b"GET", b"/restapis/twin/prod/_user_request_/token", line).status == 403
    assert attacked.seen() == []


def test_e6_a_wide_policy_works_as_at_amazon(attacked: Guarded) -> None:
    line = bearer(allow(PREFIX + "*/token/*"))
    for verb, path in (
        (b"GET", b"/prod/token/7"),
        (b"DELETE", b"/prod/token/8/x"),
        (b"GET", b"/prod/token/a/b/c"),
    ):
        assert attacked.send(verb, path, line).status == 200
    assert attacked.send(b"GET", b"/prod/mock", line).status == 403
    assert len(attacked.calls()) == 1


@pytest.mark.parametrize(
    "glob",
    ["*" * 400, "*a" * 200, "?" * 500, "arn:*" + "*a*b" * 100 + "!", "arn:aws:execute-api:" + "*/" * 200],
)
def test_d15_no_glob_stalls_a_worker(attacked: Guarded, glob: str) -> None:
    path = b"/prod/token/" + b"a" * 900
    line = bearer(deny(glob) if glob.startswith("arn") else allow(glob), allow("arn:aws:execute-api:none"))
    assert attacked.status(path, line) in (403, 200, 500)
    assert attacked.status(b"/prod/token", bearer(allow("*"))) == 200


def test_an_arn_over_the_limit_is_refused(attacked: Guarded) -> None:
    answer = attacked.get(b"/prod/token/" + b"a" * 2_000, bearer(allow("*")))
    assert answer.status == 414
    assert attacked.seen() == []
