from __future__ import annotations

import socket

from gateline.prove.attempt import Attempt, Kind, Point, Verdict
from gateline.prove.probing import tried


def knock(port: int) -> Attempt:
    return Attempt(
        group="g",
        subject="s",
        place="p",
        means="m",
        kind=Kind.SOCKET,
        wire={"address": "127.0.0.1", "port": port, "knock": True},
    )


def test_attempts_are_made_by_a_program_and_told_in_their_order() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ports = [server.getsockname()[1], closed.getsockname()[1]]
        found = tried(Point(name="this host"), [knock(port) for port in ports])
    assert [each.verdict for each in found] == [Verdict.OPEN, Verdict.CLOSED]
    assert tried(Point(name="this host"), []) == []


def test_a_vantage_point_that_cannot_be_taken_is_told() -> None:
    [found] = tried(Point(name="there", why_not="only root can"), [knock(1)])
    assert (found.verdict, found.detail, found.point) == (Verdict.NOT_TRIED, "only root can", "there")
    [lost] = tried(Point(name="there", namespace="/no/such/namespace"), [knock(1)])
    assert lost.verdict is Verdict.NOT_TRIED
    assert "prober failed" in lost.detail
