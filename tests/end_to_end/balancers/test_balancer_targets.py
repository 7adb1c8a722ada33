"""Application balancers behind network balancers, as `gateline up` runs them (load-balancers.md section 13)."""

from __future__ import annotations

import asyncio
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from gateline.runtime.admin import Admin
from gateline.runtime.target_health import CLUSTERS, read_view
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend
from harness.tls_client import tls_exchange

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("balancer targets")]

PROJECT: Final = Path(__file__).parent / "behind_network"


@dataclass(frozen=True, slots=True)
class Bench:
    """The ports of the network balancer, the edge, and a target."""

    ports: dict[str, int]
    edge: int
    backend: RecordingBackend
    sockets: Path

    def send(self, to: str, path: bytes, *lines: bytes) -> Answer:
        """Send one request to a listener; its answer."""
        data = b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: localhost", *lines]) + b"\r\n\r\n"
        [answer] = exchange(self.ports.get(to, self.edge), data)
        return answer


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("behind")
    ports = {name: free_port() for name in ("PLAIN", "TLS", "OPEN", "PUBLIC")}
    with RecordingBackend() as backend:
        environ = {name: str(port) for name, port in ports.items()}
        with running_gateway(PROJECT, folder, environ | {"BACKEND": f"127.0.0.1:{backend.port}"}) as gateway:
            yield Bench(ports, gateway.port, backend, gateway.admin_socket.parent)


def refused_as(port: int, source: str) -> bytes:
    """What a client from that address of this machine gets."""
    with closing(socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := client.recv(65536):
            answer += data
    return answer


def test_requests_meet_the_rules_of_the_balancer_behind(bench: Bench) -> None:
    assert bench.send("PLAIN", b"/healthz").body == b"well"
    bench.backend.clear()
    assert bench.send("PLAIN", b"/orders").status == 200
    [received] = [each for each in bench.backend.received() if each.target == b"/orders"]
    headers = {name.lower(): value for name, value in received.headers}
    assert headers[b"x-forwarded-for"] == b"127.0.0.1"
    assert headers[b"x-forwarded-port"] == b"80"


def test_the_address_that_rules_judge_is_the_clients(bench: Bench) -> None:
    assert refused_as(bench.ports["PLAIN"], "127.0.0.9").endswith(b"not you")
    assert b"not you" not in refused_as(bench.ports["PLAIN"], "127.0.0.8")


def test_no_client_says_itself_who_it_is(bench: Bench) -> None:
    forged = b"PROXY TCP4 127.0.0.8 127.0.0.1 1 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
    [answer] = exchange(bench.ports["PLAIN"], forged)
    assert answer.status == 400


def test_tls_ends_at_the_balancer_behind(bench: Bench) -> None:
    answer = tls_exchange(bench.ports["TLS"], "inner", b"GET /healthz HTTP/1.1\r\nHost: inner\r\n\r\n")
    assert answer.body == b"well"


def test_a_balancer_of_the_internet_is_reached_both_ways(bench: Bench) -> None:
    assert bench.send("OPEN", b"/").body == b"public"
    assert bench.send("PUBLIC", b"/").body == b"public"


def test_an_integration_through_both_balancers_meets_the_rules(bench: Bench) -> None:
    assert bench.send("", b"/dev/healthz").body == b"well"
    assert bench.send("", b"/dev/orders").status == 200


def test_only_this_user_may_open_the_sockets_between_them(bench: Bench) -> None:
    found = [path for path in bench.sockets.iterdir() if len(path.stem) == 8]
    assert len(found) == 3
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def health(bench: Bench) -> dict[str, list[bool]]:
    """What Envoy thinks of application balancers that are targets, by cluster."""
    view = read_view(asyncio.run(Admin(bench.sockets / "admin.sock").clusters(CLUSTERS)))
    return {
        name: [host.healthy for host in hosts.values()]
        for name, hosts in view.clusters.items()
        if "backend" not in name
    }


def test_the_balancer_behind_is_asked_whether_it_is_well(bench: Bench) -> None:
    well = {f"targets/{name}": [True] for name in ("inner", "encrypted", "open")}
    deadline = time.monotonic() + 20
    while health(bench) != well:  # they are asked before their listeners are there, and again a second later
        assert time.monotonic() < deadline, health(bench)
        time.sleep(0.05)
