from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence

import pytest

from gateline.prove import network
from gateline.prove.attempt import Attempt, Finding, Kind, Point, Verdict
from gateline.prove.machine import LOOPBACKS, addresses
from gateline.prove.network import another_network
from gateline.prove.probing import tried, untried

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="wants root and iproute2"
)


def knock(address: str, port: int) -> Attempt:
    wire = {"address": address, "port": port, "knock": True}
    return Attempt(group="g", subject="s", place="p", means="m", kind=Kind.SOCKET, wire=wire)


@needs_root
def test_what_listens_everywhere_is_reached_from_another_network_and_loopback_is_not() -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as wide,
        socket.create_server(("127.0.0.1", 0)) as near,
        another_network(("127.0.0.1", "::1")) as point,
    ):
        assert not point.why_not
        for server, verdict in ((wide, Verdict.OPEN), (near, Verdict.CLOSED)):
            [found] = tried(point, [knock(point.addresses[0], server.getsockname()[1])])
            assert found.verdict is verdict


@needs_root
def test_where_connections_do_not_arrive_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(point: Point, attempts: Sequence[Attempt]) -> list[Finding]:
        return [untried(each, point.name, "nothing arrives") for each in attempts]

    monkeypatch.setattr(network, "tried", elsewhere)
    with another_network(()) as point:
        assert "do not arrive" in point.why_not


@needs_root
def test_two_at_a_time_do_not_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    pid = os.getpid()
    with another_network(()) as first:
        monkeypatch.setattr(os, "getpid", lambda: pid + 1)
        with another_network(()) as second:
            assert (first.why_not, second.why_not) == ("", "")
            assert not set(first.addresses) & set(second.addresses)
        monkeypatch.setattr(os, "getpid", lambda: pid)


@needs_root
def test_it_aims_at_no_address_that_ends_with_another_proof_or_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = ("169.254.", "fd67:6174:656c:")  # a proof that runs beside this test may have ended by then
    pid, mine = os.getpid(), {each for each in addresses() if "%" not in each and not each.startswith(others)}
    with another_network(()) as first:
        monkeypatch.setattr(os, "getpid", lambda: pid + 1)
        with another_network((*addresses(), "203.0.113.9")) as second:  # RFC 5737: nobody's
            reached = set(second.addresses)
            assert not reached & {*first.addresses, "203.0.113.9"}
            assert reached >= mine - set(LOOPBACKS)
        monkeypatch.setattr(os, "getpid", lambda: pid)


@needs_root
def test_what_a_killed_one_left_is_removed() -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    left = f"gateline-prove-{process.pid}"
    subprocess.run(["ip", "netns", "add", left], check=True)
    with another_network(()):
        pass
    assert left not in subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout


@needs_root
def test_nothing_of_it_is_left() -> None:
    with another_network(()) as point:
        name = point.namespace.rpartition("/")[2]
    assert name not in subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    links = subprocess.run(["ip", "link"], capture_output=True, text=True, check=True).stdout
    assert f"glph{os.getpid()}" not in links


def test_without_root_it_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with another_network(()) as point:
        assert point.why_not
