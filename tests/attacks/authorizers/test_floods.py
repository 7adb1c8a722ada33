"""E10, E11: herds, floods of made-up tokens, callers who go away. Who is remembered never notices."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from uuid import uuid4

import pytest
from hyperframe.frame import RstStreamFrame

from harness.busy_callers import BusyCallers
from harness.guarded_gateway import Guarded, allow, authorization, bearer, policy, request_bytes, told
from harness.http2_client import Http2Connection
from harness.raw_client import RawConnection

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers under attack")]

HERD = 500
TOKENS = 1_500
CONNECTIONS = 25


def test_e11_a_herd_with_one_token_is_one_call_of_the_function(attacked: Guarded) -> None:
    release = attacked.folder / "herd"
    sent = request_bytes(
        b"GET", b"/prod/token", [authorization(wait_for=str(release), say=policy(allow("*")))]
    )
    connections = [RawConnection(attacked.port) for _ in range(HERD)]
    try:
        for connection in connections:
            connection.send(sent)
        while not attacked.calls():
            assert not any(connection.waiting() for connection in connections[:1])
        release.touch()
        answers = [connection.receive() for connection in connections]
    finally:
        for connection in connections:
            connection.__exit__(None, None, None)
    assert [answer.status for answer in answers if answer] == [200] * HERD
    assert len(attacked.calls()) == 1
    assert len(attacked.seen()) == HERD


def test_e11_a_flood_of_tokens_does_not_reach_who_is_remembered(attacked: Guarded) -> None:
    good = request_bytes(b"GET", b"/prod/token", [bearer(allow("*"))])
    with BusyCallers(attacked.port, good, count=1) as callers:
        callers.go_on_for(10)
        connections = [RawConnection(attacked.port) for _ in range(CONNECTIONS)]
        statuses = set()
        try:
            for _ in range(TOKENS // CONNECTIONS):
                for connection in connections:
                    line = b"Authorization: Bearer " + uuid4().hex.encode()
                    connection.send(request_bytes(b"GET", b"/prod/token", [line]))
                answers = [connection.receive() for connection in connections]
                statuses |= {answer.status for answer in answers if answer}
        finally:
            for connection in connections:
                connection.__exit__(None, None, None)
        callers.go_on_for(10)
    assert set(callers.answers) == {200}
    assert statuses <= {403, 500}
    events = [call.event["authorizationToken"] for call in attacked.calls()]
    assert events.count(good.partition(b"Authorization: ")[2].partition(b"\r\n")[0].decode()) == 1


def test_e11_a_slow_authorizer_keeps_no_other_from_answering(attacked: Guarded) -> None:
    never = str(attacked.folder / "never")
    connections = [RawConnection(attacked.port) for _ in range(16)]
    try:
        for connection in connections:
            line = authorization(fault="sleep", wait_for=never)
            connection.send(request_bytes(b"GET", b"/prod/faulty", [line]))
        while not attacked.calls():
            pass
        for _ in range(20):
            assert attacked.status(b"/prod/token", bearer(allow("*"))) == 200
        answers = [connection.receive() for connection in connections]
    finally:
        for connection in connections:
            connection.__exit__(None, None, None)
    assert {answer.status for answer in answers if answer} == {500}
    assert attacked.status(b"/prod/faulty", bearer(allow("*"))) == 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's table of processes")
def test_bodies_that_never_end_do_not_fill_the_memory(attacked: Guarded) -> None:
    """All of them would be 350 MB; one source may have 128 MiB of them together."""
    ready = json.loads((attacked.gateway.state.parent / "ready.json").read_text())
    status = Path(f"/proc/{ready['pids']['host']}/status")
    head = b"POST /prod/told HTTP/1.1\r\nHost: proxied.localhost\r\nContent-Length: 6000000\r\n\r\n"
    connections = [RawConnection(attacked.port) for _ in range(60)]
    try:
        for connection in connections:
            connection.send(head + b"x" * 5_900_000)
        assert attacked.send(b"GET", b"/prod/told", host=b"proxied.localhost").status == 200
        assert attacked.status(b"/prod/token", bearer(allow("*"))) == 200
        [size] = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")]
        assert int(size) < 300_000  # kB
        told_off = [connection for connection in connections if connection.waiting()]
        assert len(told_off) > 20
    finally:
        for connection in connections:
            connection.__exit__(None, None, None)
    lines = (b"Told: " + told(say={"body": "got it"}),)
    body = b"x" * 5_000_000
    for _ in range(100):  # what was held is let go when the ends of the connections are seen
        answer = attacked.send(b"POST", b"/prod/told", *lines, host=b"proxied.localhost", body=body)
        if answer.status == 200:
            break
    assert answer.body == b"got it"


def test_callers_who_go_away_leave_nothing_behind(attacked: Guarded) -> None:
    release = attacked.folder / "gone"
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", attacked.port)) as connection:
            line = authorization(wait_for=str(release), say=policy(allow("*")))
            connection.sendall(request_bytes(b"GET", b"/prod/token", [line]))
    release.touch()
    assert attacked.status(b"/prod/token", bearer(allow("*"))) == 200


def test_streams_that_are_reset_while_their_authorizer_decides_leave_nothing_behind(
    attacked: Guarded,
) -> None:
    release = attacked.folder / "reset"
    good = bearer(allow("*"))
    assert attacked.status(b"/prod/token", good) == 200
    with Http2Connection(attacked.port) as connection:
        for _ in range(60):
            stream = connection.new_stream()
            token = authorization(wait_for=str(release), say=policy(allow("*"))).partition(b": ")[2]
            headers = [
                (b":method", b"GET"),
                (b":scheme", b"http"),
                (b":authority", b"localhost"),
                (b":path", b"/prod/token"),
                (b"authorization", token),
            ]
            connection.send_header_block(stream, connection.encode(headers))
            connection.send(RstStreamFrame(stream, error_code=8))
        assert attacked.status(b"/prod/token", good) == 200
    Path(release).touch()
    assert attacked.status(b"/prod/token", bearer(allow("*"))) == 200
