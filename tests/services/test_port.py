from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateline.errors import NoPort
from gateline.services import port as module
from gateline.services.port import LOOPBACK, free_port


def within(monkeypatch: pytest.MonkeyPatch, ports: range) -> None:
    """Let only these ports be thought of."""
    monkeypatch.setattr(module, "_FIRST", ports.start)
    monkeypatch.setattr(module, "_first_ephemeral", lambda: ports.stop)
    monkeypatch.setattr(module, "_FEW", 1)


def test_the_port_can_be_listened_at() -> None:
    with socket.create_server((LOOPBACK, free_port())) as server:
        assert server.getsockname()[1] > 0


def test_it_is_none_that_an_outgoing_connection_may_take() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    if first < 11_000:
        pytest.skip("this machine gives nearly all ports to outgoing connections")
    assert all(free_port() < first for _ in range(20))


def test_a_port_that_is_held_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    start = free_port()
    within(monkeypatch, range(start, start + 1))
    assert free_port() == start
    with pytest.raises(NoPort):
        free_port({start})


def test_a_port_that_somebody_listens_at_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    start = free_port()
    within(monkeypatch, range(start, start + 1))
    with socket.create_server((LOOPBACK, start)), pytest.raises(NoPort):
        free_port()


def test_a_port_that_somebody_has_for_datagrams_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    start = free_port()
    within(monkeypatch, range(start, start + 1))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, start))
        with pytest.raises(NoPort):
            free_port()


def test_a_machine_without_ports_of_its_own_for_outgoing_connections_has_ports_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_EPHEMERAL", tmp_path / "missing")
    assert 10_000 <= free_port() <= 65_535
