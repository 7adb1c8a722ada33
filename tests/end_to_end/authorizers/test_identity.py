"""Who is asked about and who is turned away unasked (api-gateway.md section 10.2), with the calls of functions."""

from __future__ import annotations

import pytest

from harness.guarded_gateway import Guarded, allow, authorization, bearer, policy, told
from harness.raw_client import Answer

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

UNAUTHORIZED = b'{"message":"Unauthorized"}'


def is_turned_away(answer: Answer) -> bool:
    """Whether it is Amazon's 401."""
    named = answer.all(b"x-amzn-errortype") == [b"UnauthorizedException"]
    return (answer.status, answer.body, named) == (401, UNAUTHORIZED, True)


def good() -> bytes:
    """What makes an authorizer allow everything."""
    return told(say=policy(allow("*")))


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        pytest.param(b"/token", [], id="no token"),
        pytest.param(b"/token", [b"Authorization:"], id="empty token"),
        pytest.param(b"/token", [b"Authorization:  \t "], id="blank token"),
        pytest.param(b"/token", [b"X-Own-Token: x"], id="another header"),
        pytest.param(b"/token", [b"Authorization: x", b"Connection: authorization"], id="header of the hop"),
        pytest.param(b"/own-header", [b"Authorization: x"], id="the usual header, when another is asked for"),
        pytest.param(b"/never-kept", [], id="no token, nothing kept"),
        pytest.param(b"/by-header", [], id="no header"),
        pytest.param(b"/by-header", [b"Told:"], id="empty header"),
        pytest.param(b"/by-header?told=x", [], id="a parameter in place of a header"),
        pytest.param(b"/by-query", [], id="no parameter"),
        pytest.param(b"/by-query?told=", [], id="empty parameter"),
        pytest.param(b"/by-query?told", [], id="parameter without a value"),
        pytest.param(b"/by-query?Told=x", [], id="parameter of another case"),
        pytest.param(b"/by-query", [b"Told: x"], id="a header in place of a parameter"),
        pytest.param(b"/by-two-headers", [b"X-One: x"], id="one of two"),
        pytest.param(b"/by-two-headers", [b"X-One: x", b"X-Two:"], id="one of two empty"),
        pytest.param(b"/by-stage-variable", [], id="variable without the header"),
        pytest.param(b"/by-context", [], id="context without the header"),
        pytest.param(b"/by-unkept-header", [], id="nothing kept, but a source is listed"),
        pytest.param(b"/validated", [b"Authorization: Basic abc"], id="another scheme"),
        pytest.param(b"/validated", [b"Authorization: Bearer abc def"], id="more than what fits"),
        pytest.param(b"/validated", [b"Authorization: xBearer abc"], id="fits later in the token only"),
        pytest.param(b"/validated", [b"Authorization: Bearer"], id="fits in part only"),
    ],
)
def test_who_does_not_say_who_they_are_is_turned_away_and_nobody_is_called(
    guarded: Guarded, path: bytes, lines: list[bytes]
) -> None:
    for _ in range(2):
        assert is_turned_away(guarded.get(b"/prod" + path, *lines))
    assert guarded.calls() == []
    assert guarded.seen() == []


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        pytest.param(b"/token", [b"Authorization: Bearer %s"], id="token"),
        pytest.param(b"/token", [b"authorization: %s"], id="token without a scheme"),
        pytest.param(b"/own-header", [b"x-own-token: %s"], id="own header"),
        pytest.param(b"/by-header", [b"TOLD: %s"], id="header of any case"),
        pytest.param(b"/by-query?told=%s", [], id="parameter"),
        pytest.param(b"/by-two-headers", [b"X-One: x", b"X-Two: y", b"Told: %s"], id="two headers"),
        pytest.param(b"/by-stage-variable", [b"Told: %s"], id="stage variable"),
        pytest.param(b"/by-context", [b"Told: %s"], id="context"),
        pytest.param(b"/validated", [b"Authorization: Bearer %s"], id="valid token"),
    ],
)
def test_who_says_it_is_asked_about_once(guarded: Guarded, path: bytes, lines: list[bytes]) -> None:
    word = good()
    target = b"/prod" + path.replace(b"%s", word)
    sent = [line.replace(b"%s", word) for line in lines]
    assert [guarded.status(target, *sent) for _ in range(3)] == [200, 200, 200]
    assert len(guarded.calls()) == 1


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        pytest.param(b"/never-kept", [b"Authorization: %s"], id="token"),
        pytest.param(b"/by-unkept-header", [b"Told: %s"], id="header"),
        pytest.param(b"/by-nothing", [b"Told: %s"], id="no identity source"),
    ],
)
def test_with_a_ttl_of_zero_every_request_is_asked_about(
    guarded: Guarded, path: bytes, lines: list[bytes]
) -> None:
    sent = [line.replace(b"%s", good()) for line in lines]
    assert [guarded.status(b"/prod" + path, *sent) for _ in range(3)] == [200, 200, 200]
    assert len(guarded.calls()) == 3


def test_without_identity_sources_even_an_anonymous_caller_is_asked_about(guarded: Guarded) -> None:
    assert guarded.status(b"/prod/by-nothing") == 403
    assert [call.event["type"] for call in guarded.calls()] == ["REQUEST"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((b"x", b"y"), (b"y", b"x"), id="values changed round"),
        pytest.param((b"a", b"b,c"), (b"a,b", b"c"), id="commas"),
        pytest.param((b"ab", b"c"), (b"a", b"bc"), id="cut elsewhere"),
        pytest.param((b"1:x", b"y"), (b"x", b"1:y"), id="looks like our own framing"),
        pytest.param((b"x", b"y"), (b"X", b"y"), id="case of a value"),
    ],
)
def test_callers_who_differ_in_any_source_are_asked_about_apart(
    guarded: Guarded, first: tuple[bytes, bytes], second: tuple[bytes, bytes]
) -> None:
    salt = told()[-30:] + b" "
    for one, two in (first, second, first, second):
        lines = (b"X-One: " + salt + one, b"X-Two: " + salt + two, b"Told: " + good())
        assert guarded.status(b"/prod/by-two-headers", *lines) == 200
    assert len(guarded.calls()) == 2


@pytest.mark.parametrize("words", [(b"x", b"y"), (b"y", b"x"), (b"x", b"x"), (b"", b"x"), (b"x", b"")])
def test_who_says_twice_who_they_are_is_refused_and_nobody_is_called(
    guarded: Guarded, words: tuple[bytes, bytes]
) -> None:
    lines = [b"Told: " + word for word in words]
    assert guarded.status(b"/prod/by-header", *lines) in (400, 401)
    assert guarded.status(b"/prod/by-query?told=%s&told=%s" % words) in (400, 401)
    assert guarded.calls() == []
    assert guarded.seen() == []


def test_the_stage_the_api_and_the_authorizer_are_part_of_who_is_asked_about(guarded: Guarded) -> None:
    line = bearer(allow("*"))
    places = [
        (b"/prod/token", b"localhost"),
        (b"/test/token", b"localhost"),
        (b"/prod/token", b"twin.localhost"),
        (b"/prod/again", b"localhost"),
    ]
    for _ in range(2):
        for path, host in places:
            assert guarded.send(b"GET", path, line, host=host).status == 200
    arns = [call.event["methodArn"].split(":")[5] for call in guarded.calls()]
    assert arns == [
        "a1b2c3d4e5/prod/GET/token",
        "a1b2c3d4e5/test/GET/token",
        "twin/prod/GET/token",
        "a1b2c3d4e5/prod/GET/again",
    ]


def test_context_that_identifies_a_caller_makes_another_of_them(guarded: Guarded) -> None:
    line = b"Told: " + good()
    for verb in (b"GET", b"POST", b"GET", b"POST"):
        assert guarded.send(verb, b"/prod/by-context", line).status == 200
    assert [call.event["httpMethod"] for call in guarded.calls()] == ["GET", "POST"]


def test_raising_unauthorized_turns_the_caller_away_and_is_not_kept(guarded: Guarded) -> None:
    line = authorization(**{"raise": "Unauthorized"})
    for _ in range(2):
        assert is_turned_away(guarded.get(b"/prod/token", line))
    assert len(guarded.calls()) == 2
    assert guarded.seen() == []
