"""A7, C7, C8, C11: HTTP/2 requests that say something else once they are HTTP/1.1, and floods of frames."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from attacks.front import GW_SECRET, Front, pseudo_headers, request
from harness.http2_client import Headers, Http2Connection
from harness.raw_client import RawConnection

pytestmark = pytest.mark.envoy

PLAIN = pseudo_headers(b"/prod/x/y")
POST = pseudo_headers(b"/prod/x/y", verb=b"POST")
ORDERS = pseudo_headers(b"/prod/orders")


def without(headers: Headers, name: bytes) -> list[tuple[bytes, bytes]]:
    return [pair for pair in headers if pair[0] != name]


MALFORMED = {
    "white space before a value": [*PLAIN, (b"x-role", b" admin")],
    "white space behind a value": [*PLAIN, (b"x-role", b"admin ")],
    "a tab before a value": [*PLAIN, (b"x-role", b"\tadmin")],
    "a tab behind a value": [*PLAIN, (b"x-role", b"admin\t")],
    "A7 capitals in a name": [*PLAIN, (b"X-Upper", b"1")],
    "A7 two paths": [*PLAIN, (b":path", b"/prod/admin")],
    "A7 two paths, the other first": [(b":path", b"/prod/admin"), *PLAIN],
    "A7 two authorities": [*PLAIN, (b":authority", b"evil.example")],
    "A7 two verbs": [*PLAIN, (b":method", b"DELETE")],
    "A7 two schemes": [*PLAIN, (b":scheme", b"https")],
    "A7 pseudo header behind a header": [(b"x-a", b"1"), *PLAIN],
    "A7 path behind a header": [*PLAIN[:3], (b"x-a", b"1"), PLAIN[3]],
    "A7 unknown pseudo header": [*PLAIN, (b":evil", b"1")],
    "A7 pseudo header of responses": [*PLAIN, (b":status", b"200")],
    "A7 pseudo header of WebSockets": [*PLAIN, (b":protocol", b"websocket")],
    "A7 CRLF in a value": [*PLAIN, (b"x-a", b"1\r\nx-gw-secret: evil")],
    "A7 LF in a value": [*PLAIN, (b"x-a", b"1\nx-gw-secret: evil")],
    "A7 CR in a value": [*PLAIN, (b"x-a", b"1\rx-gw-secret: evil")],
    "A7 NUL in a value": [*PLAIN, (b"x-a", b"1\x00")],
    "A7 control byte in a value": [*PLAIN, (b"x-a", b"\x01")],
    "A7 delete in a value": [*PLAIN, (b"x-a", b"\x7f")],
    "A7 CRLF in a name": [*PLAIN, (b"x\r\nx-gw-secret", b"evil")],
    "A7 colon in a name": [*PLAIN, (b"x-gw-secret: evil\r\nx", b"1")],
    "A7 colon at the end of a name": [*PLAIN, (b"x-gw-secret:", b"evil")],
    "A7 space in a name": [*PLAIN, (b"x-gw-secret ", b"evil")],
    "A7 NUL in a name": [*PLAIN, (b"x\x00", b"1")],
    "A7 high byte in a name": [*PLAIN, (b"x\xff", b"1")],
    "A7 empty name": [*PLAIN, (b"", b"1")],
    "A7 no path": without(PLAIN, b":path"),
    "A7 no verb": without(PLAIN, b":method"),
    "A7 no scheme": without(PLAIN, b":scheme"),
    "A7 no authority and no host": without(PLAIN, b":authority"),
    "A7 strange scheme": [*without(PLAIN, b":scheme"), (b":scheme", b"http://evil.example/prod/admin?")],
    "C7 a whole request line in the path": pseudo_headers(
        b"/prod/x/y HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    ),
    "C7 a version in the path": pseudo_headers(b"/prod/x/y HTTP/1.1"),
    "C7 CRLF in the path": pseudo_headers(b"/prod/x/y\r\n"),
    "C7 tab in the path": pseudo_headers(b"/prod/x/y\t"),
    "C7 space in the query": pseudo_headers(b"/prod/x/y?a b"),
    "C7 empty path": pseudo_headers(b""),
    "C7 CRLF in the authority": pseudo_headers(b"/prod/x/y", authority=b"localhost\r\nx-gw-secret: evil"),
    "C7 chunked": [*PLAIN, (b"transfer-encoding", b"chunked")],
    "C7 connection": [*ORDERS, (b"connection", b"x-gw-secret")],
    "C7 keep-alive": [*PLAIN, (b"keep-alive", b"1")],
    "C7 proxy-connection": [*PLAIN, (b"proxy-connection", b"keep-alive")],
    "C7 te that is not trailers": [*PLAIN, (b"te", b"gzip")],
    "C11 upgrade": [*PLAIN, (b"upgrade", b"h2c")],
    "C7 length that is no number": [*PLAIN, (b"content-length", b"x")],
    "C7 length without a body": [*POST, (b"content-length", b"5")],
}

WRONG_LENGTH = {
    "C7 length over the body": [(b"content-length", b"50")],
    "C7 length under the body": [(b"content-length", b"2")],
    "C7 length zero": [(b"content-length", b"0")],
    "C7 length that is no number": [(b"content-length", b"x")],
    "C7 length below zero": [(b"content-length", b"-1")],
    "C7 length with a sign": [(b"content-length", b"+40")],
    "C7 list of lengths": [(b"content-length", b"40, 40")],
    "C7 two lengths": [(b"content-length", b"40"), (b"content-length", b"2")],
    "C7 chunked": [(b"transfer-encoding", b"chunked")],
}
SMUGGLED = b"0\r\n\r\nGET /prod/admin HTTP/1.1\r\nHost: a\r\n"

FORBIDDEN_TRAILERS = {
    "C7 pseudo header": [(b":path", b"/prod/admin")],
    "C7 chunked": [(b"transfer-encoding", b"chunked")],
    "C7 CRLF": [(b"x-t", b"1\r\nx-gw-secret: evil")],
    "A7 capitals": [(b"X-T", b"1")],
}


@pytest.mark.parametrize("headers", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_reaches_nobody(front: Front, headers: list[tuple[bytes, bytes]]) -> None:
    front.http2_refuses(headers)


@pytest.mark.parametrize("headers", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_with_a_body_reaches_nobody(
    front: Front, headers: list[tuple[bytes, bytes]]
) -> None:
    if dict(headers).get(b"content-length") != b"5":  # which is then a length like any other wrong one
        front.http2_refuses(headers, body=SMUGGLED)


@pytest.mark.parametrize("lengths", WRONG_LENGTH.values(), ids=WRONG_LENGTH)
def test_a_body_of_another_length_never_becomes_a_request(
    front: Front, lengths: list[tuple[bytes, bytes]]
) -> None:
    with Http2Connection(front.port) as connection:
        outcome = connection.request([*POST, *lengths], body=SMUGGLED)
    # A length of zero is whole before the first wrong byte comes: that request may have been answered.
    assert (
        outcome.status in (0, 200 if lengths == [(b"content-length", b"0")] else 0)
        or 400 <= outcome.status < 500
    )
    for received in front.seen():
        # The head may have gone before the length was known to be a lie: then the request is cut off, or it
        # is what its head says; never does a byte stand where the next request would begin.
        assert received.faults == ("cut off",) or (received.target == b"/x/y" and not received.faults)
        assert b"GET /prod/admin" not in received.raw.partition(b"\r\n\r\n")[2].removeprefix(b"0\r\n\r\n")


@pytest.mark.parametrize("trailers", FORBIDDEN_TRAILERS.values(), ids=FORBIDDEN_TRAILERS)
def test_a_forbidden_trailer_resets_the_stream(front: Front, trailers: list[tuple[bytes, bytes]]) -> None:
    with Http2Connection(front.port) as connection:
        outcome = connection.request(POST, body=b"ab", trailers=trailers)
    assert outcome.status == 0 or 400 <= outcome.status < 500
    assert all(received.faults for received in front.seen())


def test_trailers_are_no_way_around_the_cleaning_of_headers(front: Front) -> None:
    received = front.http2_reaches(
        pseudo_headers(b"/prod/orders", verb=b"POST"),
        body=b"ab",
        trailers=[(b"x-gw-secret", b"evil"), (b"x-forwarded-for", b"10.0.0.1"), (b"x-gl-scope", b"evil")],
    )
    assert received.all(b"x-gw-secret") == [GW_SECRET.encode()]
    assert received.trailers == b""
    assert b"evil" not in received.raw


def test_c7_a_host_that_is_not_the_authority_changes_nothing(front: Front) -> None:
    received = front.http2_reaches([*PLAIN, (b"host", b"evil.example")])
    assert received.all(b"host") == [b"127.0.0.1:%d" % front.backend.port]
    front.backend.clear()
    front.http2_refuses([*pseudo_headers(b"/prod/x/y", authority=b"evil.example"), (b"host", b"localhost")])


def test_the_scheme_that_a_client_claims_is_not_believed(front: Front) -> None:
    received = front.http2_reaches([(b":scheme", b"https"), *without(PLAIN, b":scheme")])
    assert received.all(b"x-forwarded-proto") == [b"http"]


def test_cookies_that_come_apart_arrive_as_one(front: Front) -> None:
    received = front.http2_reaches([*PLAIN, (b"cookie", b"a=1"), (b"cookie", b"b=2")])
    assert received.all(b"cookie") == [b"a=1; b=2"]


@pytest.mark.parametrize("name", [b"x-gw-secret", b"x_gw_secret", b"x.gw.secret"])
def test_a1_a_clients_copy_of_a_secret_header_is_replaced(front: Front, name: bytes) -> None:
    with Http2Connection(front.port) as connection:
        connection.request([*ORDERS, (name, b"evil")])
    for received in front.seen():
        assert received.all(b"x-gw-secret") == [GW_SECRET.encode()]
        assert b"evil" not in received.raw


def test_c11_an_upgrade_to_h2c_is_not_taken(front: Front) -> None:
    received = front.reaches(
        request(
            b"/prod/orders",
            b"Connection: Upgrade, HTTP2-Settings",
            b"Upgrade: h2c",
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        )
    )
    assert not received.names & {b"upgrade", b"connection", b"http2-settings"}


def test_c11_bytes_behind_an_upgrade_to_h2c_are_no_http2_connection(front: Front) -> None:
    upgrade = request(
        b"/prod/x/y", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AA"
    )
    with RawConnection(front.port) as connection:
        connection.send(upgrade + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        first, second = connection.receive(), connection.receive()
    assert first is not None
    assert first.status == 200
    assert second is None or second.status >= 400
    assert [each.target for each in front.seen()] == [b"/x/y"]


def rapid_reset(connection: Http2Connection) -> None:
    block = connection.encode(PLAIN)
    for _ in range(5000):
        stream = connection.new_stream()
        head = HeadersFrame(stream, block, flags=["END_HEADERS", "END_STREAM"])
        connection.send(head, RstStreamFrame(stream, 8))


def made_you_reset(connection: Http2Connection) -> None:
    block = connection.encode(POST)
    for _ in range(5000):
        stream = connection.new_stream()
        connection.send(
            HeadersFrame(stream, block, flags=["END_HEADERS"]),
            WindowUpdateFrame(stream, 0x7FFFFFFF),
            DataFrame(stream, b"", flags=["END_STREAM"]),
            DataFrame(stream, b"x"),
        )


def continuations(connection: Http2Connection) -> None:
    stream = connection.new_stream()
    connection.send(HeadersFrame(stream, connection.encode(PLAIN), flags=["END_STREAM"]))
    for number in range(2000):
        connection.send(ContinuationFrame(stream, connection.encode([(b"x-%d" % number, b"a" * 64)])))


def empty_continuations(connection: Http2Connection) -> None:
    stream = connection.new_stream()
    connection.send(HeadersFrame(stream, connection.encode(PLAIN), flags=["END_STREAM"]))
    for _ in range(200):
        connection.send(*[ContinuationFrame(stream, b"")] * 100)


def endless_data_frames(connection: Http2Connection) -> None:
    stream = connection.new_stream()
    connection.send_header_block(stream, connection.encode(POST), end_stream=False)
    for _ in range(200):
        connection.send(*[DataFrame(stream, b"")] * 100)


def control_frames(frame: Frame) -> Callable[[Http2Connection], None]:
    def flood(connection: Http2Connection) -> None:
        for _ in range(1000):
            connection.send(*[frame] * 100)

    return flood


FLOODS: dict[str, Callable[[Http2Connection], None]] = {
    "C8 rapid reset": rapid_reset,
    "C8 made you reset": made_you_reset,
    "C8 continuations": continuations,
    "C8 empty continuations": empty_continuations,
    "C8 empty data": endless_data_frames,
    "C8 pings": control_frames(PingFrame(0, b"flooding")),
    "C8 priorities": control_frames(PriorityFrame(1, depends_on=0, stream_weight=1)),
}


def is_ended(front: Front, flood: Callable[[Http2Connection], None]) -> bool:
    """Whether the gateway ends the flooded connection, whose client reads nothing while it floods."""
    with Http2Connection(front.port, receive_buffer=4096) as connection:
        flood(connection)
        while connection.goaway is None:
            if connection.receive() is None:
                return True
        return True


@pytest.fixture(scope="module")
def flooded(shared_front: Front) -> dict[str, bool]:
    """What became of the connection of each flood; all at once, because Envoy takes a second for a farewell."""
    with ThreadPoolExecutor(len(FLOODS)) as pool:
        return dict(
            zip(FLOODS, pool.map(lambda flood: is_ended(shared_front, flood), FLOODS.values()), strict=True)
        )


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_ends_its_connection(flooded: dict[str, bool], flood: str) -> None:
    assert flooded[flood]


def test_a_flood_hurts_nobody_else(front: Front, flooded: dict[str, bool]) -> None:
    assert front.reaches(request(b"/prod/x/others")).target == b"/x/others"


def test_c8_a_flood_of_settings_hurts_nobody_else(front: Front) -> None:
    with Http2Connection(front.port, receive_buffer=4096) as connection:
        control_frames(SettingsFrame(0))(connection)
        assert front.reaches(request(b"/prod/x/others")).target == b"/x/others"


def test_c8_a_small_block_that_unfolds_to_huge_headers_is_refused(front: Front) -> None:
    with Http2Connection(front.port) as connection:
        big = connection.encode([*PLAIN, (b"x-bomb", b"a" * 4000)])
        index = b"\xbe"  # the newest entry of the dynamic table: one byte for 4,000
        stream = connection.new_stream()
        connection.send_header_block(stream, big + index * 4000)
        outcome = connection.outcome(stream)
    assert outcome.status in (0, 431)
    assert front.seen() == []


def test_more_streams_than_agreed_are_refused(front: Front) -> None:
    with Http2Connection(front.port) as connection:
        block = connection.encode(POST)
        streams = [connection.new_stream() for _ in range(150)]
        connection.send(*(HeadersFrame(stream, block, flags=["END_HEADERS"]) for stream in streams))
        outcome = connection.outcome(streams[-1])
    assert outcome.status == 0
