"""Clients of HTTP/1.0 at a balancer of the internet: Amazon's serve them (load-balancers.md sections 4 and 9)."""

from __future__ import annotations

import pytest

from end_to_end.balancers.conftest import Attributed, get
from harness.raw_client import RawConnection, exchange

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("balancer attributes")]


@pytest.mark.parametrize("head", [b"GET /x HTTP/1.0", b"GET /x HTTP/0.9"])
def test_clients_of_old_versions_are_served_and_may_leave_the_host_out(
    attributed: Attributed, head: bytes
) -> None:
    for lines, host in ((b"\r\nHost: shop.test\r\n\r\n", b"shop.test"), (b"\r\n\r\n", b"127.0.0.1")):
        with RawConnection(attributed.ports["PLAIN"]) as connection:
            connection.send(head + lines)
            answer = connection.receive()
            assert answer is not None
            assert (answer.status, answer.one(b"connection")) == (200, b"close")
            assert connection.receive_bytes() == b""
        received = attributed.last()
        assert (received.all(b"host"), received.faults) == ([host], ())
        assert received.raw.startswith(b"GET /x HTTP/1.1\r\n")


def test_a_client_of_http_10_may_keep_its_connection_and_gets_no_chunks(attributed: Attributed) -> None:
    attributed.target.answers[b"/x"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    )
    with RawConnection(attributed.ports["PLAIN"]) as connection:
        connection.send(get(b"Connection: keep-alive", target=b"/fixed", version=b"HTTP/1.0"))
        first = connection.receive()
        assert first is not None
        assert (first.body, first.one(b"connection")) == (b"fixed", b"keep-alive")
        connection.send(get(b"Connection: keep-alive", version=b"HTTP/1.0"))
        rest = b"".join(iter(connection.receive_bytes, b""))
    assert rest.endswith(b"\r\n\r\nab")
    assert b"chunked" not in rest.lower()


def test_chunks_over_http_10_end_the_connection_so_that_nothing_follows_them(attributed: Attributed) -> None:
    lines = (b"Transfer-Encoding: chunked", b"Connection: keep-alive")
    hidden = b"0\r\n\r\n" + get(target=b"/hidden")
    [answer] = exchange(attributed.ports["PLAIN"], get(*lines, verb=b"POST", version=b"HTTP/1.0") + hidden)
    assert answer.status == 400
    assert not [each for each in attributed.target.received() if each.target != b"/healthz"]
