"""E1 to E3: which credentials count. What the authorizer judges is what the backend gets, or nobody gets anything."""

from __future__ import annotations

import pytest

from harness.guarded_gateway import Guarded, allow, bearer, deny, policy, request_bytes, told
from harness.http2_client import Http2Connection, Outcome
from harness.raw_client import RawConnection, exchange

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers under attack")]

Headers = list[tuple[bytes, bytes]]


def good() -> bytes:
    """A token whose bearer may do everything."""
    return told(say=policy(allow("*")))


def bad() -> bytes:
    """A token whose bearer may do nothing."""
    return told(say=policy(deny("*")))


def http2(attacked: Guarded, path: bytes, *headers: tuple[bytes, bytes]) -> Outcome:
    """Send a request over HTTP/2."""
    pseudo = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"localhost"), (b":path", path)]
    with Http2Connection(attacked.port) as connection:
        return connection.request([*pseudo, *headers])


TWICE = {
    "good, then bad": lambda: (b"Bearer " + good(), b"Bearer " + bad()),
    "bad, then good": lambda: (b"Bearer " + bad(), b"Bearer " + good()),
    "another scheme": lambda: (b"Bearer " + good(), b"Basic YWxpY2U6c2VjcmV0"),
    "without schemes": lambda: (good(), bad()),
    "a token and nothing": lambda: (b"Bearer " + good(), b""),
    "the same twice": lambda: (b"Bearer same", b"Bearer same"),
}


@pytest.mark.parametrize("tokens", TWICE.values(), ids=TWICE)
@pytest.mark.parametrize("names", [(b"Authorization",) * 2, (b"authorization", b"AUTHORIZATION")])
def test_e1_two_credentials_are_one_value_for_all_or_are_refused(
    attacked: Guarded, tokens: object, names: tuple[bytes, bytes]
) -> None:
    first, second = tokens()  # type: ignore[operator]
    sent = request_bytes(b"GET", b"/prod/token", [names[0] + b": " + first, names[1] + b": " + second])
    [answer] = exchange(attacked.port, sent)
    received, called = attacked.seen(), attacked.calls()
    if second:
        assert answer.status == 400
        assert (received, called) == ([], [])
    for each in received:  # an empty one changes nothing, for both
        values = {call.event["authorizationToken"].encode() for call in called}
        assert {b",".join(each.all(b"authorization"))} == values


@pytest.mark.parametrize("tokens", TWICE.values(), ids=TWICE)
def test_e1_over_http_2_too(attacked: Guarded, tokens: object) -> None:
    first, second = tokens()  # type: ignore[operator]
    outcome = http2(attacked, b"/prod/token", (b"authorization", first), (b"authorization", second))
    assert outcome.refused or not second
    if second:
        assert (attacked.seen(), attacked.calls()) == ([], [])


@pytest.mark.parametrize(
    "value",
    [b"Bearer %s, Bearer %s", b"Bearer %s,Bearer %s", b"Bearer %s ,\tBearer %s", b'Bearer %s "x, Bearer %s'],
)
def test_e1_two_credentials_in_one_line_are_refused(attacked: Guarded, value: bytes) -> None:
    answer = attacked.get(b"/prod/token", b"Authorization: " + value % (good(), bad()))
    assert answer.status == 400
    assert (attacked.seen(), attacked.calls()) == ([], [])


def test_e1_two_lines_of_a_header_of_ones_own_are_one_token_for_all(attacked: Guarded) -> None:
    lines = [b"X-Own-Token: " + bad(), b"x-own-token: " + good()]
    answer = attacked.get(b"/prod/own-header", *lines)
    [call] = attacked.calls()
    assert call.event["authorizationToken"].encode().count(b",") == 1
    for received in attacked.seen():
        assert b",".join(received.all(b"x-own-token")) == call.event["authorizationToken"].encode()
    assert answer.status in (200, 403)


@pytest.mark.parametrize(
    "connection",
    [b"authorization", b"close, Authorization", b"keep-alive,AUTHORIZATION , te", b"\tauthorization"],
)
def test_e2_a_credential_that_the_hop_takes_away_is_none_and_none_is_kept(
    attacked: Guarded, connection: bytes
) -> None:
    line = bearer(allow("*"))
    for _ in range(2):
        answer = attacked.get(b"/prod/token", line, b"Connection: " + connection)
        assert answer.status in (400, 401)
    assert (attacked.seen(), attacked.calls()) == ([], [])
    assert attacked.status(b"/prod/token", line) == 200
    assert attacked.status(b"/prod/token") == 401


def test_e2_an_upgrade_takes_no_credential_away_unseen(attacked: Guarded) -> None:
    upgrade = [b"Connection: Upgrade, authorization", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"]
    answer = attacked.get(b"/prod/token", bearer(allow("*")), *upgrade)
    assert answer.status >= 400
    assert (attacked.seen(), attacked.calls()) == ([], [])


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization : Bearer %s",
        b"Authorization\t: Bearer %s",
        b" Authorization: Bearer %s",
        b"X-Before: 1\r\n Authorization: Bearer %s",
        b"Authorization_: Bearer %s",
        b"X-Authorization: Bearer %s",
        b"Proxy-Authorization: Bearer %s",
        b"Authorization\0: Bearer %s",
        b"Authorization: Bearer \0%s",
        b"Authorization: \r\n",
    ],
)
def test_what_is_not_the_header_is_no_credential(attacked: Guarded, line: bytes) -> None:
    sent = request_bytes(b"GET", b"/prod/token", [line.replace(b"%s", good())])
    with RawConnection(attacked.port) as connection:
        connection.send(sent)
        answer = connection.receive()
    assert answer is not None
    assert answer.status in (400, 401)
    assert (attacked.seen(), attacked.calls()) == ([], [])


def test_a_trailer_is_no_credential(attacked: Guarded) -> None:
    head = request_bytes(
        b"DELETE", b"/prod/token", [b"Transfer-Encoding: chunked", b"Trailer: Authorization"]
    )
    [answer] = exchange(attacked.port, head + b"0\r\nAuthorization: Bearer " + good() + b"\r\n\r\n")
    assert answer.status in (400, 401)
    assert (attacked.seen(), attacked.calls()) == ([], [])


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([(b"Authorization", b"Bearer %s")], id="capitals"),
        pytest.param([(b"authorization", b"Bearer %s\r\nx: y")], id="line end"),
        pytest.param([(b"authorization", b"Bearer %s\0")], id="NUL"),
        pytest.param([(b"connection", b"authorization"), (b"authorization", b"Bearer %s")], id="hop"),
        pytest.param([(b"authorization ", b"Bearer %s")], id="space"),
        pytest.param([(b":authorization", b"Bearer %s")], id="pseudo header"),
        pytest.param([(b"authorization", b"")], id="empty"),
    ],
)
def test_over_http_2_a_broken_credential_is_none(attacked: Guarded, headers: Headers) -> None:
    sent = [(name, value.replace(b"%s", good())) for name, value in headers]
    assert http2(attacked, b"/prod/token", *sent).refused
    assert (attacked.seen(), attacked.calls()) == ([], [])


@pytest.mark.parametrize(
    "token", [b"\x80\xff\xfe", b"a\tb", "grüße".encode(), b"%00%0d%0a", b"5:hello", b"x" * 20_000]
)
def test_odd_bytes_of_a_token_are_one_caller_each_and_reach_all_unchanged(
    attacked: Guarded, token: bytes
) -> None:
    word = good()
    for _ in range(2):
        answer = attacked.get(b"/prod/token", b"Authorization: " + token + b" " + word)
        assert answer.status == 200
    [call] = attacked.calls()
    assert call.event["authorizationToken"].encode() in (
        token + b" " + word,
        (token + b" " + word).decode("latin-1").encode(),
    )
    assert {b"".join(each.all(b"authorization")) for each in attacked.seen()} == {token + b" " + word}


def test_a_token_that_is_too_long_for_a_header_is_refused(attacked: Guarded) -> None:
    answer = attacked.get(b"/prod/token", b"Authorization: Bearer " + b"x" * 70_000)
    assert answer.status == 431
    assert attacked.calls() == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([b"X-One: a", b"X-Two: b,c"], [b"X-One: a,b", b"X-Two: c"], id="commas"),
        pytest.param([b"X-One: a", b"X-Two: b"], [b"X-One: a", b"X-One: b", b"X-Two: b"], id="one more"),
        pytest.param(
            [b"X-One: a", b"X-One: b", b"X-Two: c"], [b"X-One: b", b"X-One: a", b"X-Two: c"], id="order"
        ),
        pytest.param([b"X-One: 1:a1:b", b"X-Two: c"], [b"X-One: a", b"X-Two: b1:c"], id="netstrings"),
        pytest.param([b"X-One: \xff", b"X-Two: x"], [b"X-One: \xfe", b"X-Two: x"], id="no UTF-8"),
    ],
)
def test_e3_no_two_tuples_of_sources_are_one(
    attacked: Guarded, attacked_aws: Guarded, first: list[bytes], second: list[bytes]
) -> None:
    salt = b"X-Two: " + told()[-20:]
    for guarded in (attacked, attacked_aws):
        for lines, word, status in ((first, good(), 200), (second, bad(), 403)):
            sent = [line.replace(b"X-Two: ", salt) for line in lines]
            is_twice = guarded is attacked and sum(line.startswith(b"X-One") for line in lines) > 1
            expected = 400 if is_twice else status  # `paths: strict` wants one value of each
            assert guarded.status(b"/prod/by-two-headers", *sent, b"Told: " + word) == expected
    assert len(attacked_aws.calls()) == 2


@pytest.mark.parametrize(
    "query", [b"told=%s&told=x", b"told=x&told=%s", b"told=%s;told=x", b"told=%s&%%74old=x"]
)
def test_e3_a_parameter_that_is_given_twice_is_another_caller_or_none(
    attacked: Guarded, attacked_aws: Guarded, query: bytes
) -> None:
    word = good()
    assert attacked.status(b"/prod/by-query?" + query % word) == 400
    assert attacked.calls() == []
    attacked_aws.get(b"/prod/by-query?" + query % word)
    before = len(attacked_aws.calls())
    assert attacked_aws.status(b"/prod/by-query?told=" + word) == 200
    assert len(attacked_aws.calls()) == before + 1


def test_pipelined_requests_are_judged_each_for_itself(attacked: Guarded) -> None:
    lines = [
        [bearer(deny("*"))],
        [bearer(allow("*"))],
        [b"Authorization: nonsense"],
        [bearer(allow("*"))],
        [],
    ]
    sent = b"".join(request_bytes(b"GET", b"/prod/token", each) for each in lines)
    answers = exchange(attacked.port, sent, responses=len(lines))
    assert [answer.status for answer in answers] == [403, 200, 403, 200, 401]
    assert len(attacked.seen()) == 2


def test_a_body_of_a_caller_who_is_turned_away_goes_nowhere(attacked: Guarded) -> None:
    for line in (b"X-None: 1", bearer(deny("*"))):
        for body in (b"x" * 100_000, b"GET /prod/sentinel HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            answer = attacked.send(b"DELETE", b"/prod/token", line, body=body)
            assert answer.status in (401, 403)
    assert attacked.seen() == []


@pytest.mark.parametrize("path", [b"/authorize", b"/invoke", b"/prod/authorize", b"//authorize", b"/"])
@pytest.mark.parametrize("host", [b"localhost", b"host", b"gw.example.com"])
def test_the_host_is_no_route_of_the_gateway(attacked: Guarded, path: bytes, host: bytes) -> None:
    answer = attacked.send(b"POST", path, b"X-Gl-Call: 0:", host=host, body=b"0:")
    assert answer.status == 403
    assert attacked.calls() == []
