"""Tunnels that the private side opens are balanced, healed, and nobody's but their own nodes'.

What docs/decisions/0022-links.md stands on: the private side listens on nothing.
"""

from __future__ import annotations

import http.client
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from hyperframe.frame import DataFrame

from harness.busy_callers import BusyCallers
from harness.free_port import free_port
from harness.http2_client import Http2Connection
from proofs.tunnel_authority import TunnelAuthority
from proofs.tunnel_bootstraps import Ports, gateway_bootstrap, node_bootstrap
from proofs.tunnel_ends import Application, TunnelEnvoy, until

FIRST: Final = "n1.plant.link.gateline"
SECOND: Final = "n2.plant.link.gateline"
STRANGER: Final = "n1.lab.link.gateline"
LARGE: Final = bytes(range(256)) * 40_000  # 10 MB


class Scene:
    """A gateway with the tunnels plant and lab, an application, and the nodes that a test starts."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.ports = Ports(front=free_port(), tcp=free_port(), links=free_port())
        authority = TunnelAuthority(folder)
        for name in ("link.gateline", FIRST, SECOND, STRANGER):
            authority.issue(name)
        self._stack = stack
        self.application = stack.enter_context(Application())
        bootstrap = gateway_bootstrap(folder, self.ports, ("plant", "lab"))
        self.gateway = stack.enter_context(TunnelEnvoy(folder, "gateway", bootstrap))

    def node(self, name: str, *, certificate: str = "") -> TunnelEnvoy:
        """Start a node that dials the tunnel plant."""
        made = node_bootstrap(
            self.folder, name, "plant", self.ports.links, self.application.port, certificate=certificate
        )
        return self._stack.enter_context(TunnelEnvoy(self.folder, name, made))

    def holds(self, name: str) -> bool:
        """Whether each worker of the gateway has a connection of this node."""
        return all(self.gateway.stat(f"worker_{worker}.node.{name}") for worker in (0, 1))

    def get(self, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
        """Status, the node that answered, and body; status 0 if nobody took the request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports.front, timeout=20)
        try:
            connection.request("GET" if body is None else "POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.getheader("x-node", ""), answer.read()
        except OSError:
            return 0, "", b""
        finally:
            connection.close()

    def all_by(self, node: str) -> Callable[[], bool]:
        """Whether this node alone serves, many times in a row."""
        return lambda: all(self.get("/plant/web")[:2] == (200, node) for _ in range(20))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(tmp_path, stack)


@pytest.fixture
def joined(scene: Scene) -> Scene:
    """The scene with one node that both workers have."""
    scene.node(FIRST)
    until(lambda: scene.holds(FIRST), "the tunnel is up")
    return scene


@pytest.mark.envoy
def test_every_request_gets_through_both_workers_to_both_nodes_by_a_literal_host_id(joined: Scene) -> None:
    joined.node(SECOND)
    until(lambda: joined.holds(SECOND), "the second node is there")
    answers = [joined.get("/plant/web") for _ in range(40)]
    assert {answer[0] for answer in answers} == {200}
    assert {answer[1] for answer in answers} == {FIRST, SECOND}


@pytest.mark.envoy
def test_only_exports_are_reachable_and_a_client_cannot_choose_one(joined: Scene) -> None:
    assert joined.get("/plant/other")[0] == 404
    request = b"GET /plant/other HTTP/1.1\r\nhost: a\r\nx-gateline-export: web\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", joined.ports.front), timeout=20) as client:
        client.sendall(request)
        assert client.recv(4096).startswith(b"HTTP/1.1 404 ")
    assert joined.application.heads == []
    assert joined.get("/plant/web")[0] == 200
    assert b"x-gateline-export" not in joined.application.heads[0]
    assert joined.get("/lab/web")[0] == 503


@pytest.mark.envoy
def test_a_node_that_claims_anothers_name_is_refused(scene: Scene) -> None:
    scene.node(FIRST, certificate=SECOND)
    until(lambda: scene.gateway.stat("handshake.validation_failed") > 0, "the impostor is refused")
    assert scene.gateway.stat("handshake.accepted") == 0
    assert scene.get("/plant/web")[0] == 503


@pytest.mark.envoy
def test_a_node_of_another_tunnel_is_refused(scene: Scene) -> None:
    scene.node(STRANGER)
    until(lambda: scene.gateway.stat("ssl.fail_verify_san") > 0, "the stranger is refused")
    assert scene.gateway.stat("handshake.accepted") == 0
    assert scene.get("/plant/web")[0] == 503


@pytest.mark.envoy
def test_large_bodies_streams_websockets_and_raw_bytes_pass(joined: Scene) -> None:
    status, _, body = joined.get("/plant/web", LARGE)
    assert status == 200
    assert body == LARGE
    _bidi(joined.ports.front)
    upgrade = b"GET /plant/web HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    with socket.create_connection(("127.0.0.1", joined.ports.front), timeout=20) as client:
        client.sendall(upgrade)
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        client.sendall(b"\x81\x00ping")
        assert client.recv(4096) == b"\x81\x00ping"
    with socket.create_connection(("127.0.0.1", joined.ports.tcp), timeout=20) as client:
        client.sendall(b"\x00raw\n")
        assert client.recv(4096) == b"\x00raw\n"


def _bidi(port: int) -> None:
    """Each message is answered before the next is sent."""
    with Http2Connection(port) as client:
        stream = client.new_stream()
        head = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", b"/plant/web"),
            (b":authority", b"a"),
        ]
        client.send_header_block(stream, client.encode(head), end_stream=False)
        for message in (b"one", b"two", b"three"):
            client.send(DataFrame(stream, message))
            while not isinstance(frame := client.receive(), DataFrame):
                assert frame is not None
            assert frame.data == message
        client.send(DataFrame(stream, b"", flags=["END_STREAM"]))
        assert client.outcome(stream).reset is None


@pytest.mark.envoy
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_node_is_left(scene: Scene, how: signal.Signals) -> None:
    lost = scene.node(FIRST)
    scene.node(SECOND)
    until(lambda: scene.holds(FIRST) and scene.holds(SECOND), "both nodes are there")
    request = b"GET /plant/web HTTP/1.1\r\nhost: a\r\n\r\n"
    with BusyCallers(scene.ports.front, request, count=4) as callers:
        callers.go_on_for(40)
        lost.process.send_signal(how)
        took = until(scene.all_by(SECOND), "the other node serves alone")
        callers.go_on_for(40)
    print(f"{how.name}: {took:.2f} s, {dict(callers.answers)}")


@pytest.mark.envoy
def test_nodes_come_back_to_a_gateway_that_was_killed(joined: Scene) -> None:
    joined.gateway.restart()
    took = until(lambda: joined.holds(FIRST), "the node is back")
    assert joined.all_by(FIRST)()
    print(f"gateway restarted: {took:.2f} s")
