"""PROXY protocol v2 towards targets of a network balancer, decoded by targets of our own (section 2.2 of its text)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from golden.self_signed import self_signed
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.line_server import PATIENCE, LineServer, line_server, server_context

pytestmark = pytest.mark.envoy

PROJECT: Final = Path(__file__).parent / "proxy"
CLIENT: Final = "127.0.0.9"
NAMES: Final = ("plain", "checked", "encrypted")


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[dict[str, int], dict[str, LineServer]]]:
    """Ports of listeners and the target of each, by target group."""
    folder = tmp_path_factory.mktemp("proxy")
    pair = self_signed("target.test")
    (folder / "t.pem").write_bytes(pair.certificate)
    (folder / "t.key").write_bytes(pair.private_key)
    context = server_context(folder / "t.pem", folder / "t.key")
    ports = {name: free_port() for name in NAMES}
    with (
        line_server("plain", proxied=True) as plain,
        line_server("checked", proxied=True) as checked,
        line_server("encrypted", context, proxied=True) as secure,
    ):
        environ = {
            "PLAIN_PORT": str(ports["plain"]),
            "CHECKED_PORT": str(ports["checked"]),
            "TLS_PORT": str(ports["encrypted"]),
            "PLAIN": plain.place,
            "CHECKED": checked.place,
            "SECURE": secure.place,
        }
        with running_gateway(PROJECT, folder, environ):
            yield ports, {"plain": plain, "checked": checked, "encrypted": secure}


def _says(port: int, *, tls: bool) -> tuple[bytes, int]:
    """The answer to a line from CLIENT, and the port that it came from."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(CLIENT, 0)) as plain:
        source = plain.getsockname()[1]
        connection: socket.socket = plain
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(plain)
        with connection:
            connection.sendall(b"hello\n")
            return connection.recv(100), source


@pytest.mark.parametrize("group", NAMES)
def test_the_target_is_told_the_clients_address_and_port(
    served: tuple[dict[str, int], dict[str, LineServer]], group: str
) -> None:
    ports, servers = served
    said, source = _says(ports[group], tls=group == "encrypted")
    assert said.endswith(b" hello\n")
    assert servers[group].announced[-1] == (CLIENT, source, "127.0.0.1", ports[group])


def test_a_header_that_a_client_writes_itself_is_nothing_but_payload(
    served: tuple[dict[str, int], dict[str, LineServer]],
) -> None:
    ports, servers = served
    forged = bytes.fromhex("0D0A0D0A000D0A515549540A 2111000C 06060606 7F000001 0001 0002")
    place = ("127.0.0.1", ports["plain"])
    with socket.create_connection(place, PATIENCE, source_address=(CLIENT, 0)) as client:
        source = client.getsockname()[1]
        client.sendall(forged + b"hello\n")
        with client.makefile("rb") as answers:
            lines = [answers.readline() for _ in forged.splitlines()]
    assert b"plain plain \r\n" in lines
    assert servers["plain"].announced[-1] == (CLIENT, source, *place)


def test_a_health_check_says_that_it_is_no_clients(
    served: tuple[dict[str, int], dict[str, LineServer]],
) -> None:
    _, servers = served
    assert servers["checked"].announced[0] is None  # the command LOCAL, before any client came
    assert servers["checked"].unannounced == 0
