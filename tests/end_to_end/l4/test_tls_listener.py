"""TLS listeners of a network balancer, as `gateline up` runs them (load-balancers.md section 13)."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from golden.self_signed import self_signed
from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.line_server import PATIENCE, line_server, server_context

pytestmark = pytest.mark.envoy

PROJECT: Final = Path(__file__).parent / "tls"
NAMES: Final = ("first.test", "second.test", "db.internal", "client.test")


@dataclass(frozen=True, slots=True)
class Ports:
    """Of the listeners: both kinds, re-encrypting, passthrough alone; and the folder with certificates."""

    both: int
    again: int
    only: int
    folder: Path

    def says(self, port: int, server_name: str | None, *, trusted: str, client: str = "") -> bytes:
        """What is answered to a line by whoever shows a certificate that `trusted` verifies."""
        context = ssl.create_default_context(cafile=str(self.folder / f"{trusted}.pem"))
        context.check_hostname = False  # wildcards have no certificate of their own here
        if client:
            context.load_cert_chain(self.folder / f"{client}.pem", self.folder / f"{client}.key")
        with (
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=server_name) as connection,
        ):
            connection.sendall(b"hello\n")
            return connection.recv(100)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """The gateway with a plain server and one that ends TLS itself."""
    folder = tmp_path_factory.mktemp("l4")
    for name in NAMES:
        pair = self_signed(name)
        (folder / f"{name}.pem").write_bytes(pair.certificate)
        (folder / f"{name}.key").write_bytes(pair.private_key)
    shutil.copytree(PROJECT, folder / "project")
    context = server_context(
        folder / "db.internal.pem", folder / "db.internal.key", folder / "client.test.pem"
    )
    both, again, only = (free_port() for _ in range(3))
    with line_server("plain") as plain, line_server("secure", context) as secure:
        environ = {
            "FOLDER": str(folder),
            "TLS_PORT": str(both),
            "AGAIN_PORT": str(again),
            "ONLY_PORT": str(only),
            "PLAIN": plain.place,
            "SECURE": secure.place,
        }
        with running_gateway(folder / "project", folder, environ):
            yield Ports(both, again, only, folder)


@pytest.mark.parametrize("name", ["first.test", "second.test"])
def test_tls_is_ended_with_the_certificate_for_the_server_name(ports: Ports, name: str) -> None:
    assert ports.says(ports.both, name, trusted=name) == b"plain plain hello\n"


@pytest.mark.parametrize("name", ["other.test", "internal", "deep.internal", None])
def test_other_names_get_the_default_certificate_and_the_default_action(
    ports: Ports, name: str | None
) -> None:
    assert ports.says(ports.both, name, trusted="first.test") == b"plain plain hello\n"


@pytest.mark.parametrize("name", ["db.internal", "DB.Internal", "a.deep.internal", "b.a.deep.internal"])
def test_passthrough_reaches_the_end_host_which_sees_the_clients_own_certificate(
    ports: Ports, name: str
) -> None:
    said = ports.says(ports.both, name, trusted="db.internal", client="client.test")
    assert said == b"secure client.test hello\n"
    assert ports.says(ports.both, name, trusted="db.internal") == b"secure nobody hello\n"


def test_a_tls_target_group_gets_the_connection_encrypted_anew(ports: Ports) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", ports.again), timeout=PATIENCE) as plain,
        context.wrap_socket(plain) as connection,
    ):
        shown = connection.getpeercert(binary_form=True)
        connection.sendall(b"hello\n")
        assert connection.recv(100) == b"secure nobody hello\n"
    assert shown != ssl.PEM_cert_to_DER_cert((ports.folder / "db.internal.pem").read_text())


def test_passthrough_alone_closes_what_asks_for_another_name(ports: Ports) -> None:
    assert ports.says(ports.only, "db.internal", trusted="db.internal") == b"secure nobody hello\n"
    for name in ("first.test", None):
        with pytest.raises(OSError, match=r"EOF|reset|closed"):
            ports.says(ports.only, name, trusted="db.internal")


def test_passthrough_alone_closes_what_is_not_tls(ports: Ports) -> None:
    with socket.create_connection(("127.0.0.1", ports.only), timeout=PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert plain.recv(100) == b""
