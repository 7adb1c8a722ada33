"""UDP and TCP_UDP listeners of a network balancer, as `gateline up` runs them (load-balancers.md section 13)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from harness.datagram_server import DatagramServer, both_servers
from harness.free_port import free_port
from harness.gateway_process import RunningGateway, running_gateway
from harness.line_server import PATIENCE, LineServer

pytestmark = pytest.mark.envoy

PROJECT: Final = Path(__file__).parent / "datagrams"
FLOWS: Final = 64
"""All of them to one of two targets, whatever worker they come to: practically never."""
ASKED: Final = 5000


class Flow:
    """A client with a source port of its own."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def ask(self, data: bytes = b"hello", *, patience: float = PATIENCE) -> bytes:
        """The answer to a datagram; its first word is the name of the target."""
        self._bound.settimeout(patience)
        self._bound.sendto(data, self._to)
        return self._bound.recv(65_535)

    def target(self, *, patience: float = PATIENCE) -> str:
        """Who answers; "" when nobody does in so many seconds."""
        try:
            return self.ask(patience=patience).split()[0].decode()
        except TimeoutError:
            return ""

    def close(self) -> None:
        self._bound.close()


@dataclass(frozen=True, slots=True)
class Scene:
    """The gateway, its ports, and the two targets."""

    gateway: RunningGateway
    project: Path
    udp: int
    both: int
    empty: int
    one: tuple[DatagramServer, LineServer]
    two: tuple[DatagramServer, LineServer]

    def counter(self, name: str) -> int:
        """A counter of Envoy's."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(PATIENCE)
            admin.connect(str(self.gateway.admin_socket))
            admin.sendall(b"GET /stats?format=json HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            with admin.makefile("rb") as stream:
                text = stream.read()
        told = json.loads(text[text.index(b"{") : text.rindex(b"}") + 1])
        return sum(each["value"] for each in told["stats"] if each.get("name", "").endswith(name))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The gateway before two targets, in a project that can be edited."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    udp, both, empty = (free_port() for _ in range(3))
    with both_servers("one") as one, both_servers("two") as two:
        environ = {
            "UDP_PORT": str(udp),
            "BOTH_PORT": str(both),
            "EMPTY_PORT": str(empty),
            "ONE": one[0].place,
            "TWO": two[0].place,
        }
        with running_gateway(project, tmp_path, environ, "--watch") as gateway:
            yield Scene(gateway, project, udp, both, empty, one, two)


@contextmanager
def flows(port: int, count: int = FLOWS) -> Iterator[list[Flow]]:
    """Clients with ports of their own."""
    with ExitStack() as opened:
        made = [Flow(port) for _ in range(count)]
        for each in made:
            opened.callback(each.close)
        yield made


def test_flows_are_shared_by_the_targets_and_each_keeps_its_own(scene: Scene) -> None:
    with flows(scene.udp) as clients:
        first = [each.target() for each in clients]
        assert set(first) == {"one", "two"}
        assert [each.target() for each in clients] == first
    for server, _ in (scene.one, scene.two):
        assert {address for address, _ in server.sources} == {"127.0.0.1"}


def test_a_target_that_is_removed_gets_nothing_and_the_flows_of_the_other_go_on(scene: Scene) -> None:
    with flows(scene.udp) as clients:
        kept = {each.target(): each for each in clients}["one"]
        kept.ask(b"before")
        source = scene.one[0].sources[-1]
        file = scene.project / "gateline.yaml"
        text = file.read_text().replace(', "${env:TWO}"]', "]")
        whole = scene.project / "next"
        whole.write_text(text)
        whole.replace(file)
        for (
            each
        ) in clients:  # each worker hears of it by itself; what is under way to the target then is lost
            assert any(each.target(patience=1) == "one" for _ in range(ASKED))
        told = len(scene.two[0].sources)
        assert {each.target() for each in clients} == {"one"}
        assert len(scene.two[0].sources) == told
        kept.ask(b"after")
        assert scene.one[0].sources[-1] == source, "the flow was torn"


def test_large_datagrams_pass_whole_in_both_directions(scene: Scene) -> None:
    with flows(scene.udp, 1) as [client]:
        for size in (1, 1500, 9000, 65_000):
            data = b"x" * size
            name, _, rest = client.ask(data).partition(b" ")
            assert name in {b"one", b"two"}
            assert rest == data, size


def test_connections_and_datagrams_meet_at_one_port(scene: Scene) -> None:
    with flows(scene.both, 1) as [client]:
        assert client.ask() == b"one hello"
    with socket.create_connection(("127.0.0.1", scene.both), timeout=PATIENCE) as connection:
        connection.sendall(b"hello\n")
        assert connection.recv(100) == b"one plain hello\n"


def test_a_datagram_without_a_target_is_dropped(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"hello", ("127.0.0.1", scene.empty))
        assert any(scene.counter("downstream_sess_no_route") for _ in range(ASKED))


def test_a_port_that_somebody_has_for_datagrams_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # Envoy would share it
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        environ = {
            "UDP_PORT": str(port),
            "BOTH_PORT": str(free_port()),
            "EMPTY_PORT": str(free_port()),
            "ONE": "127.0.0.1:1",
            "TWO": "127.0.0.1:2",
        }
        said = rf"127\.0\.0\.1:{port} is in use by process"
        with pytest.raises(AssertionError, match=said), running_gateway(PROJECT, tmp_path, environ):
            pass


def test_datagrams_pass_again_after_envoy_was_killed(scene: Scene) -> None:
    with flows(scene.udp, 1) as [client]:
        client.ask()
        os.kill(scene.gateway.pids["envoy"], signal.SIGKILL)
        assert any(client.target(patience=0.1) for _ in range(ASKED // 10))
