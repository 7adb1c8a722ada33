"""A private network that opens its own way: what passes, what is refused, and who is cut off."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc
import pytest

from end_to_end.links.linked_gateway import Linked, linked_gateway, until
from gateline.link.identity import enrolled
from harness.raw_client import RawConnection
from proofs.tunnel_authority import TunnelAuthority
from proofs.tunnel_bootstraps import node_bootstrap
from proofs.tunnel_ends import Application, TunnelEnvoy

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("links")]

LARGE: Final = bytes(range(256)) * 8000  # 2 MB, what a body of API Gateway's may be and less


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with Application() as served:
        yield served


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory, application: Application) -> Iterator[Linked]:
    """A gateway with the node n1."""
    place = f"127.0.0.1:{application.port}"
    exports = {"orders": f"http://{place}", "raw:5432": f"tcp://{place}"}
    with linked_gateway(tmp_path_factory.mktemp("links"), exports) as running:
        running.joined("n1")
        yield running


def ask(port: int, path: str, verb: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    """Status and body; status 0 if the connection was closed instead."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(verb, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    except http.client.HTTPException:
        return 0, b""
    finally:
        connection.close()


def test_an_api_and_balancers_reach_what_the_node_exports(linked: Linked) -> None:
    assert ask(linked.gateway.port, "/dev/orders") == (200, b"hello")
    assert ask(linked.gateway.port, "/dev/orders", "POST", LARGE) == (200, LARGE)
    assert ask(linked.ports.web, "/") == (200, b"hello")
    assert ask(linked.ports.raw, "/") == (200, b"hello")


def test_what_the_node_does_not_export_is_not_reached(linked: Linked, application: Application) -> None:
    before = len(application.heads)
    assert ask(linked.gateway.port, "/dev/missing")[0] in {502, 503, 504}
    assert ask(linked.ports.missing, "/")[0] == 0
    assert len(application.heads) == before


def test_a_client_chooses_no_export_by_host_or_header(linked: Linked, application: Application) -> None:
    before = len(application.heads)
    request = b"GET /dev/missing HTTP/1.1\r\nHost: %b\r\n%b\r\n"
    for host, line in (
        (b"localhost", b"x-gateline-export: orders:80\r\n"),
        (b"shop.localhost", b"X-Forwarded-Host: orders\r\n"),
    ):
        with RawConnection(linked.gateway.port) as connection:
            connection.send(request % (host, line))
            answer = connection.receive()
            assert answer is not None
            assert answer.status >= 400
    assert len(application.heads) == before


def test_websockets_streams_and_raw_bytes_pass_both_ways(linked: Linked) -> None:
    upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    with socket.create_connection(("127.0.0.1", linked.ports.web), timeout=20) as client:
        client.sendall(upgrade)
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        client.sendall(b"\x81\x00ping")
        assert client.recv(4096) == b"\x81\x00ping"
    with socket.create_connection(("127.0.0.1", linked.ports.raw), timeout=20) as client:
        for message in (b"\x00raw\n", b"\xff again\n"):
            client.sendall(message)
            assert client.recv(4096) == message


def test_grpc_passes_with_its_trailers_and_both_ways(linked: Linked) -> None:
    """Through the tunnel and past any proxy that would speak HTTP: HTTP/2 from end to end."""

    def each(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        context.set_trailing_metadata((("x-told", "after"),))
        yield from requests

    def no(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today")
        return b""

    handlers = {
        "Each": grpc.stream_stream_rpc_method_handler(each),
        "No": grpc.unary_unary_rpc_method_handler(no),
    }
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with (
            linked_to(linked, f"tcp://127.0.0.1:{port}"),
            grpc.insecure_channel(f"127.0.0.1:{linked.ports.missing}") as channel,
        ):
            call = channel.stream_stream("/test.Echo/Each", None, None)(iter([b"one", b"two"]), timeout=20)
            assert list(call) == [b"one", b"two"]
            assert ("x-told", "after") in [(k, v) for k, v in call.trailing_metadata()]
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary("/test.Echo/No", None, None)(b"", timeout=20)
            assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert refused.value.details() == "not today"
    finally:
        server.stop(None).wait()


class linked_to:  # noqa: N801 - used as a function
    """While this is entered, another node exports `missing:5432`."""

    def __init__(self, linked: Linked, place: str) -> None:
        self._linked, self._place = linked, place

    def __enter__(self) -> None:
        held, self._linked.exports = self._linked.exports, {"missing:5432": self._place}
        try:
            self._node = self._linked.joined("grpc")
        finally:
            self._linked.exports = held

    def __exit__(self, *_: object) -> None:
        self._node.__exit__()
        done = self._linked.links("revoke", "grpc")
        assert done.returncode == 0, done.stderr


def test_a_token_counts_once_and_not_after_its_time(linked: Linked) -> None:
    token = linked.token("late", "--expires", "1")
    ends = json.loads(token.read_text())["expires"]
    until(lambda: _now() > ends, "the token has expired")
    late = linked.node("late", token=token)
    assert late.process.wait(20) == 1
    assert "expired" in late.output.whole()
    used = linked.token("once")
    once = linked.node("once", token=used)
    until(lambda: linked.connections("once") > 0, f"connected: {once.output.text}")
    thief = linked.node("thief", token=used)
    assert thief.process.wait(20) == 1
    assert "the token is used, expired or none of this gateway's" in thief.output.whole()
    assert "thief" not in linked.listed()
    assert json.loads(used.read_text())["secret"] not in once.output.text + linked.gateway.output.text


def test_a_foreign_certificate_never_joins(linked: Linked, application: Application, tmp_path: Path) -> None:
    """Another authority's, under the right name; and the gateway's own authority is not believed by it."""
    name = _dns_name(linked, "n1")
    authority = TunnelAuthority(tmp_path)
    authority.issue(name)
    own = linked.folder / "n1" / "authority.json"
    (tmp_path / "ca.json").write_text(own.read_text().replace('"authority"', '"ca"'))
    before = _sum(linked, "handshake.accepted")
    bootstrap = node_bootstrap(tmp_path, name, "plant", linked.ports.links, application.port)
    with TunnelEnvoy(tmp_path, "foreign", bootstrap) as foreign:
        until(
            lambda: _sum(linked, "listener.*ssl.fail_verify_error") > 0,
            f"the gateway refuses: {foreign.log[-500:]}",
        )
        assert _sum(linked, "handshake.accepted") == before


def test_a_node_cannot_join_as_another(linked: Linked, application: Application, tmp_path: Path) -> None:
    """With a certificate of its own that is good, and another's name."""
    linked.joined("n2")
    name = _dns_name(linked, "n1")
    for ours, theirs in (("certificate", name), ("authority", "ca")):
        kept = (linked.folder / "n2" / f"{ours}.json").read_text()
        (tmp_path / f"{theirs}.json").write_text(kept.replace(f'"name": "{ours}"', f'"name": "{theirs}"'))
    bootstrap = node_bootstrap(tmp_path, name, "plant", linked.ports.links, application.port)
    with TunnelEnvoy(tmp_path, "impostor", bootstrap) as impostor:
        until(
            lambda: _sum(linked, "validation_failed") > 0,
            f"the gateway refuses: {impostor.log[-500:]}",
        )


def test_who_is_revoked_is_cut_off_with_what_was_open(linked: Linked) -> None:
    held = linked.exports
    linked.exports = {"missing:5432": held["raw:5432"]}
    try:
        linked.joined("gone")
    finally:
        linked.exports = held
    with ExitStack() as opened:
        clients = [
            opened.enter_context(socket.create_connection(("127.0.0.1", linked.ports.missing), timeout=20))
            for _ in range(6)
        ]
        for client in clients:
            client.sendall(b"open\n")
            assert client.recv(4096) == b"open\n"
        assert linked.links("revoke", "gone").returncode == 0
        start = time.monotonic()
        for client in clients:
            with suppress(ConnectionResetError):
                assert client.recv(4096) == b""
    print(f"revoked: the last connection is closed {time.monotonic() - start:.2f} s later")
    assert ask(linked.ports.missing, "/")[0] == 0
    assert "gone" not in linked.listed()
    assert ask(linked.gateway.port, "/dev/orders")[0] == 200


def test_a_renewed_certificate_counts_from_then_on_and_nobody_notices(linked: Linked) -> None:
    node = linked.joined("renewed")
    folder = linked.folder / "renewed"

    def serials() -> set[str]:
        shown = json.loads(admin_says(folder / "admin.sock", "/certs"))["certificates"]
        return {chain["serial_number"] for each in shown for chain in each.get("cert_chain", ())}

    until(lambda: bool(serials()), f"the node has a certificate: {node.output.text}")
    before = serials()
    identity = asyncio.run(enrolled(folder, None, datetime.now(UTC)))
    asyncio.run(identity.renew())
    until(lambda: bool(serials()) and not serials() & before, "Envoy shows the new one")
    assert linked.connections("renewed") > 0
    assert ask(linked.gateway.port, "/dev/orders")[0] == 200


def test_the_private_side_listens_nowhere(linked: Linked) -> None:
    node = linked.joined("quiet")
    listening = [inode for pid in node.processes for inode in _listening(pid)]
    assert listening == []
    sockets = [path.name for path in (linked.folder / "quiet").iterdir() if path.is_socket()]
    assert sockets == ["admin.sock"]


def _listening(pid: int) -> list[str]:
    """The TCP sockets that a process listens at and its UDP sockets, IPv4 and IPv6."""
    inodes = {
        link[8:-1]
        for handle in Path(f"/proc/{pid}/fd").iterdir()
        if (link := str(handle.readlink())).startswith("socket:[")
    }
    found = []
    for table, wanted in (("tcp", {"0A"}), ("tcp6", {"0A"}), ("udp", {"07"}), ("udp6", {"07"})):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] in wanted and fields[9] in inodes:
                found.append(f"{table} {fields[1]}")
    return found


def admin_says(place: Path, path: str) -> str:
    """What an Envoy's admin interface answers, the body alone."""
    connection = http.client.HTTPConnection("admin")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.settimeout(20)
        connection.sock.connect(str(place))
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _dns_name(linked: Linked, node: str) -> str:
    name: str = json.loads((linked.folder / node / "identity.json").read_text())["name"]
    return name


def _sum(linked: Linked, pattern: str) -> int:
    """The sum of the gateway's counters with such names."""
    said = admin_says(linked.gateway.admin_socket, f"/stats?filter={pattern}")
    pairs = [line.strip().rpartition(": ") for line in said.splitlines()]
    return sum(int(value) for name, _, value in pairs if name and value.isdigit() and "content" not in name)


def _now() -> str:
    return datetime.now(UTC).isoformat()
