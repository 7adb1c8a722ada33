"""A8: what a backend answers: its echo of secrets, its copies of the gateway's headers, its broken messages."""

from __future__ import annotations

import pytest

from attacks.front import GW_SECRET, PASSTHROUGH_SECRET, SECRETS, Front, request
from harness.raw_client import RawConnection

pytestmark = pytest.mark.envoy

SECRET = GW_SECRET.encode()
END = b"Content-Length: 0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"

ECHOES = {
    "A8 the header": b"X-Gw-Secret: " + SECRET,
    "A8 the header in small letters": b"x-gw-secret: " + SECRET,
    "A8 the header twice": b"X-Gw-Secret: " + SECRET + b"\r\nX-Gw-Secret: " + SECRET,
    "A8 the header with another value": b"X-Gw-Secret: something",
    "A8 the other header": b"ApiGatewayPassthroughHeader: before-" + PASSTHROUGH_SECRET.encode() + b"-after",
    "A8 an alias with underscores": b"X_Gw_Secret: " + SECRET,
}

BROKEN = {
    "length and chunked": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
    "a length that is no number": OK + b"Content-Length: x\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>\r\n\r\n",
    "no answer": b"",
    "a NUL in a header": OK + b"X-A: a\x00b\r\n" + END,
    "a header without a colon": OK + b"garbage\r\n" + END,
    "headers without end": OK + b"".join(b"X-%d: a\r\n" % number for number in range(500)) + END,
    "a folded first line": OK + b" X-A: a\r\n" + END,
}

FORGED = {
    "x-amzn-requestid": b"forged",
    "x-amz-apigw-id": b"forged",
}


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found", b"500 Internal Server Error", b"302 Found"])
@pytest.mark.parametrize("line", ECHOES.values(), ids=ECHOES)
def test_a_response_header_of_a_secrets_name_reaches_no_client(
    front: Front, line: bytes, status: bytes
) -> None:
    front.backend.answers[b"/real/orders"] = b"HTTP/1.1 " + status + b"\r\n" + line + b"\r\n" + END
    answer = front.send(request(b"/prod/orders"))
    assert answer.status == int(status[:3])
    names = {name for name, _ in answer.headers}
    assert not names & {b"x-gw-secret", b"x_gw_secret", b"apigatewaypassthroughheader"}


def test_a_route_that_injects_nothing_passes_no_response_header_of_a_secrets_name_either(
    front: Front,
) -> None:
    front.backend.answers[b"/x/y"] = OK + b"X-Gw-Secret: " + SECRET + b"\r\n" + END
    assert not front.send(request(b"/prod/x/y")).all(b"x-gw-secret")


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_becomes_the_gateways_own(front: Front, raw: bytes) -> None:
    front.backend.answers[b"/real/orders"] = raw
    answer = front.send(request(b"/prod/orders"))
    assert answer.status == 504
    assert answer.body == b'{"message": "Network error communicating with endpoint"}'


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_answered_once_and_the_connection_stays_in_step(front: Front, raw: bytes) -> None:
    front.backend.answers[b"/real/orders"] = raw
    with RawConnection(front.port) as connection:
        connection.send(request(b"/prod/orders"))
        first = connection.receive()
        connection.send(request(b"/prod/items/next"))
        second = connection.receive()
    assert first is not None
    assert second is not None
    assert (first.status, second.status, second.body) == (504, 200, b"ok")


def test_a_second_answer_to_one_request_reaches_nobody(front: Front) -> None:
    front.backend.answers[b"/real/orders"] = (
        OK + b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale"
    )
    with RawConnection(front.port) as connection:
        for _ in range(3):
            connection.send(request(b"/prod/orders") + request(b"/prod/items/next"))
            bodies = [answer.body for _ in range(2) if (answer := connection.receive())]
            assert bodies == [b"ok", b"ok"]
        front.seen()
        assert connection.waiting() == b""


def test_trailers_of_a_backend_reach_no_client(front: Front) -> None:
    trailer = b"X-Gw-Secret: " + SECRET + b"\r\n\r\n"
    front.backend.answers[b"/real/orders"] = (
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + trailer
    )
    assert front.send(request(b"/prod/orders")).raw.endswith(b"2\r\nok\r\n0\r\n\r\n")


@pytest.mark.parametrize(("name", "value"), FORGED.items(), ids=FORGED)
def test_a_backend_cannot_forge_the_gateways_ids(front: Front, name: str, value: bytes) -> None:
    front.backend.answers[b"/real/orders"] = OK + name.encode() + b": " + value + b"\r\n" + END
    assert front.send(request(b"/prod/orders")).one(name.encode()) != value


def test_what_frames_the_backends_message_does_not_frame_the_gateways(front: Front) -> None:
    lines = (
        b"Connection: close, x-kept\r\nX-Kept: 1\r\nKeep-Alive: timeout=9\r\nUpgrade: h2c\r\nTrailer: x\r\n"
    )
    front.backend.answers[b"/real/orders"] = OK + lines + END
    with RawConnection(front.port) as connection:
        connection.send(request(b"/prod/orders") + request(b"/prod/items/next"))
        first, second = connection.receive(), connection.receive()
    assert first is not None
    assert second is not None
    assert second.status == 200
    assert not {name for name, _ in first.headers} & {b"connection", b"keep-alive", b"upgrade", b"trailer"}


def test_an_unasked_switch_of_protocols_opens_no_tunnel(front: Front) -> None:
    front.backend.answers[b"/real/orders"] = (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    with RawConnection(front.port) as connection:
        connection.send(request(b"/prod/orders"))
        connection.receive()
        connection.send(request(b"/nobody/", b"X-Tunnelled: 1"))
        connection.receive()
    assert all(b"x-tunnelled" not in received.raw.lower() for received in front.seen())


def test_errors_of_the_gateway_tell_nothing_of_what_is_inside(front: Front) -> None:
    front.backend.answers[b"/real/orders"] = b""
    for data in (request(b"/prod/orders"), request(b"/nobody/"), request(b"/prod/x/../y"), b"\x00\r\n\r\n"):
        answer = front.send(data)
        told = answer.raw.lower()
        for word in (b"envoy", b"gateway.lua", b"python", b"upstream", b"127.0.0.1", *SECRETS):
            assert word not in told
