"""Clients behind proxies: PROXY headers and X-Forwarded-For, true and forged, at balancers and at the gateway."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import PATIENCE, Answer, RawConnection
from harness.recording_backend import Received, RecordingBackend

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("client addresses")]

PROJECT: Final = Path(__file__).parent
LISTENERS: Final = ("HEADERS", "OPEN", "BOTH", "UNPROXIED", "FLOWS")
TRUSTED: Final = "127.0.0.10"
STRANGER: Final = "127.0.0.20"
CLIENT: Final = "203.0.113.7"  # whom the rules of source-ip know
OTHER: Final = "198.51.100.9"
PROXY: Final = "192.0.2.1"  # a trusted proxy, further in front

_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"


def v1(source: str, port: int = 40_000) -> bytes:
    family = "TCP6" if ":" in source else "TCP4"
    target = "::1" if ":" in source else "127.0.0.1"
    return f"PROXY {family} {source} {target} {port} 80\r\n".encode()


def v2(source: str, port: int = 40_000) -> bytes:
    address = ipaddress.ip_address(source)
    family, target = (0x11, "127.0.0.1") if address.version == 4 else (0x21, "::1")
    told = address.packed + ipaddress.ip_address(target).packed + struct.pack("!HH", port, 80)
    tlv = b"\xea\x00\x05\x01vpce"  # as Amazon's network balancers send one
    return _SIGNATURE + bytes([0x21, family]) + struct.pack("!H", len(told) + len(tlv)) + told + tlv


LOCAL: Final = _SIGNATURE + b"\x20\x00\x00\x00"
UNKNOWN: Final = b"PROXY UNKNOWN\r\n"


class From(RawConnection):
    """A connection to 127.0.0.1 from another address of this machine."""

    def __init__(self, address: str, port: int) -> None:
        self._socket = socket.create_connection(
            ("127.0.0.1", port), timeout=PATIENCE, source_address=(address, 0)
        )
        self._unread = b""
        self.closed = False


@dataclass(frozen=True, slots=True)
class Proxied:
    """The balancers' ports by name, the gateway's, and the target of all."""

    ports: dict[str, int]
    target: RecordingBackend
    flows: socket.socket  # where the network balancer hands connections on

    def ask(
        self, name: str, peer: str, *lines: bytes, first: bytes = b"", path: bytes = b"/x"
    ) -> Answer | None:
        """The answer to a request from that peer; None when the connection is closed without one."""
        head = b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: localhost", *lines])
        with From(peer, self.ports[name]) as connection:
            connection.send(first + head + b"\r\n\r\n")
            return connection.receive()

    def near(self, name: str, peer: str, forwarded: str = "", first: bytes = b"") -> bool:
        """Whether the rule on source-ip holds for a request with this X-Forwarded-For."""
        lines = [f"X-Forwarded-For: {forwarded}".encode()] if forwarded else []
        answer = self.ask(name, peer, *lines, first=first, path=b"/near")
        assert answer is not None
        return answer.body == b"near"

    def told(self, name: str, peer: str, *lines: bytes, first: bytes = b"", path: bytes = b"/x") -> Received:
        """What the target gets."""
        answer = self.ask(name, peer, *lines, first=first, path=path)
        assert answer is not None
        assert answer.status == 200, answer.raw
        return [each for each in self.target.received() if each.target != b"/healthz"][-1]


def served(scratch: Path, *options: str) -> Iterator[Proxied]:
    ports = {name: free_port() for name in LISTENERS}
    with RecordingBackend() as target, socket.create_server(("127.0.0.1", 0)) as flows:
        flows.settimeout(PATIENCE)
        environ = {name: str(port) for name, port in ports.items()}
        environ |= {"ONE": f"127.0.0.1:{target.port}", "FLOW_TARGET": f"127.0.0.1:{flows.getsockname()[1]}"}
        with running_gateway(PROJECT, scratch, environ, *options) as gateway:
            ports["EDGE"] = gateway.port
            yield Proxied(ports, target, flows)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    yield from served(tmp_path_factory.mktemp("proxied"))


@pytest.fixture(scope="module")
def shared_by_headers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    overlay = str(PROJECT / "headers-only.yaml")
    yield from served(tmp_path_factory.mktemp("by-headers"), "--overlay", overlay)


@pytest.fixture
def proxied(shared: Proxied) -> Proxied:
    shared.target.clear()
    return shared


@pytest.fixture
def by_headers(shared_by_headers: Proxied) -> Proxied:
    shared_by_headers.target.clear()
    return shared_by_headers


@pytest.mark.parametrize(
    ("peer", "forwarded", "near"),
    [
        (TRUSTED, CLIENT, True),
        (TRUSTED, f"{OTHER}, {CLIENT}", True),
        (TRUSTED, f"{CLIENT}, {OTHER}", False),  # the right-most untrusted one counts
        (TRUSTED, f"{CLIENT}, {PROXY}", True),
        (TRUSTED, f"{CLIENT},{PROXY},192.0.2.77, {PROXY}", True),
        (TRUSTED, f"2001:db8:2::9, {PROXY}", True),
        (TRUSTED, f"2001:db8:3::9, 2001:db8:1::1, {PROXY}", False),
        (TRUSTED, f"{CLIENT}, nonsense", False),
        (TRUSTED, f"{CLIENT}, nonsense, {PROXY}", False),
        (TRUSTED, f"{CLIENT}:443", False),
        (TRUSTED, "", False),
        (STRANGER, CLIENT, False),
        (STRANGER, f"{CLIENT}, {PROXY}", False),
    ],
)
def test_source_ip_is_what_trusted_proxies_say_and_nobody_else(
    proxied: Proxied, peer: str, forwarded: str, near: bool
) -> None:
    assert proxied.near("HEADERS", peer, forwarded) is near
    assert not proxied.near("UNPROXIED", peer, forwarded)


def test_source_ip_is_told_anew_by_each_request_of_a_connection(proxied: Proxied) -> None:
    request = b"GET /near HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %b\r\n\r\n"
    with From(TRUSTED, proxied.ports["HEADERS"]) as connection:
        for forwarded, body in ((CLIENT, b"near"), (OTHER, b"far"), (CLIENT, b"near")):
            connection.send(request % forwarded.encode())
            answer = connection.receive()
            assert answer is not None
            assert answer.body == body


def test_several_lines_of_x_forwarded_for_are_one_list(proxied: Proxied) -> None:
    lines = [f"X-Forwarded-For: {each}".encode() for each in (CLIENT, OTHER)]
    answer = proxied.ask("HEADERS", TRUSTED, *lines, path=b"/near")
    assert answer is not None
    assert answer.body == b"far"


@pytest.mark.parametrize("peer", [TRUSTED, STRANGER])
def test_the_peer_is_appended_whoever_it_is(proxied: Proxied, peer: str) -> None:
    received = proxied.told("HEADERS", peer, f"X-Forwarded-For: {CLIENT}, {PROXY}".encode())
    [forwarded] = received.all(b"x-forwarded-for")
    assert [each.strip() for each in forwarded.decode().split(",")] == [CLIENT, PROXY, peer]
    assert not {name for name in received.names if name.startswith((b"x-envoy", b"x-gl"))}


@pytest.mark.parametrize("header", [v1(CLIENT), v2(CLIENT), v1("2001:db8:2::9"), v2("2001:db8:2::9")])
@pytest.mark.parametrize("name", ["OPEN", "BOTH"])
def test_a_proxy_header_tells_the_client(proxied: Proxied, name: str, header: bytes) -> None:
    assert proxied.near(name, TRUSTED, first=header)
    assert not proxied.near(name, TRUSTED, first=v2(OTHER))


@pytest.mark.parametrize("header", [LOCAL, UNKNOWN])
def test_a_proxy_header_without_address_means_the_peer(proxied: Proxied, header: bytes) -> None:
    received = proxied.told("BOTH", TRUSTED, first=header)
    assert received.all(b"x-forwarded-for") == [TRUSTED.encode()]


@pytest.mark.parametrize("name", ["OPEN", "BOTH", "EDGE"])
@pytest.mark.parametrize(
    "first", [b"", b"PROXY TCP4 nobody\r\n", b"PROXY\r\n", _SIGNATURE + b"\x31\x11\x00\x00"]
)
def test_a_connection_without_a_proxy_header_is_closed(proxied: Proxied, name: str, first: bytes) -> None:
    assert proxied.ask(name, TRUSTED, first=first) is None
    assert not [each for each in proxied.target.received() if each.target == b"/x"]


@pytest.mark.parametrize("name", ["BOTH", "EDGE", "FLOWS"])
def test_only_trusted_proxies_may_speak_proxy(proxied: Proxied, name: str) -> None:
    assert proxied.ask(name, STRANGER, first=v2(CLIENT)) is None
    assert proxied.ask(name, STRANGER, first=v1(PROXY)) is None
    assert proxied.ask(name, STRANGER) is None


def test_a_proxy_header_is_nothing_special_where_none_is_expected(proxied: Proxied) -> None:
    answer = proxied.ask("UNPROXIED", TRUSTED, first=v1(CLIENT))
    assert answer is not None
    assert answer.status == 400


@pytest.mark.parametrize(
    ("told", "forwarded", "near"),
    [
        (PROXY, CLIENT, True),  # whom PROXY tells is a trusted proxy too
        (PROXY, f"{CLIENT}, {OTHER}", False),
        (OTHER, CLIENT, False),  # a client: what it says of itself does not count
        (CLIENT, OTHER, True),
    ],
)
def test_x_forwarded_for_counts_when_whom_proxy_tells_is_trusted(
    proxied: Proxied, told: str, forwarded: str, near: bool
) -> None:
    assert proxied.near("BOTH", TRUSTED, forwarded, first=v2(told)) is near


def test_without_trusted_networks_no_x_forwarded_for_counts(proxied: Proxied) -> None:
    assert not proxied.near("OPEN", TRUSTED, CLIENT, first=v2(PROXY))


def test_whom_proxy_has_told_is_appended(proxied: Proxied) -> None:
    received = proxied.told("BOTH", TRUSTED, b"X-Forwarded-For: " + OTHER.encode(), first=v2(CLIENT))
    assert received.all(b"x-forwarded-for") == [f"{OTHER}, {CLIENT}".encode()]
    ported = proxied.told("OPEN", STRANGER, first=v2(CLIENT, port=41_000))
    assert ported.all(b"x-forwarded-for") == [f"{CLIENT}:41000".encode()]
    ported = proxied.told("OPEN", STRANGER, first=v1("2001:db8::9", port=41_000))
    assert ported.all(b"x-forwarded-for") == [b"[2001:db8::9]:41000"]


def client_of(received: Received) -> tuple[str, str]:
    """`$context.identity.sourceIp`, and X-Forwarded-For."""
    [address] = received.all(b"x-client-address")
    [forwarded] = received.all(b"x-forwarded-for")
    return address.decode(), forwarded.decode().replace(" ", "")


@pytest.mark.parametrize(
    ("first", "forwarded", "expected"),
    [
        (v1(CLIENT), "", (CLIENT, CLIENT)),
        (v2(CLIENT), OTHER, (CLIENT, CLIENT)),  # a client's own X-Forwarded-For is dropped
        (v2(PROXY), CLIENT, (CLIENT, f"{CLIENT},{PROXY}")),
        (v2(PROXY), f"{OTHER}, {CLIENT}", (CLIENT, f"{OTHER},{CLIENT},{PROXY}")),
        (v2("2001:db8::9"), "", ("2001:db8::9", "2001:db8::9")),
        (LOCAL, "", (TRUSTED, TRUSTED)),
    ],
)
def test_the_gateway_knows_clients_by_what_proxies_tell(
    proxied: Proxied, first: bytes, forwarded: str, expected: tuple[str, str]
) -> None:
    lines = [f"X-Forwarded-For: {forwarded}".encode()] if forwarded else []
    received = proxied.told("EDGE", TRUSTED, *lines, first=first, path=b"/prod/who")
    assert client_of(received) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (TRUSTED, CLIENT, (CLIENT, f"{CLIENT},{TRUSTED}")),
        (TRUSTED, f"{OTHER},{CLIENT},{PROXY}", (CLIENT, f"{OTHER},{CLIENT},{PROXY},{TRUSTED}")),
        (TRUSTED, "", (TRUSTED, TRUSTED)),
        (STRANGER, CLIENT, (STRANGER, STRANGER)),
        (STRANGER, f"{CLIENT}, {PROXY}", (STRANGER, STRANGER)),
    ],
)
def test_the_gateway_believes_x_forwarded_for_of_trusted_proxies_only(
    by_headers: Proxied, peer: str, forwarded: str, expected: tuple[str, str]
) -> None:
    lines = [f"X-Forwarded-For: {forwarded}".encode(), b"X-Forwarded-Proto: https"] if forwarded else []
    received = by_headers.told("EDGE", peer, *lines, path=b"/prod/who")
    assert client_of(received) == expected
    said = b"https" if peer == TRUSTED and forwarded else b"http"
    assert received.all(b"x-forwarded-proto") == [said]
    assert received.all(b"x-forwarded-port") == [str(by_headers.ports["EDGE"]).encode()]
    assert not {name for name in received.names if name.startswith((b"x-envoy", b"x-gl"))}


def test_a_network_balancer_hands_on_whom_proxy_has_told(proxied: Proxied) -> None:
    with From(TRUSTED, proxied.ports["FLOWS"]) as client:
        client.send(v1(CLIENT, port=42_000) + b"hello")
        seen = _heard(proxied.flows)
    assert seen.startswith(_SIGNATURE + b"\x21\x11")
    assert seen[16:20] == ipaddress.ip_address(CLIENT).packed
    assert struct.unpack("!H", seen[24:26]) == (42_000,)


def _heard(server: socket.socket) -> bytes:
    """What the first connection says that is no health check."""
    while True:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(PATIENCE)
            data = b""
            while not data.endswith(b"hello"):
                more = connection.recv(1 << 16)
                if not more:
                    break
                data += more
            if data.endswith(b"hello"):
                return data
