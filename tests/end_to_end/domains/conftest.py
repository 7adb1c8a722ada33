"""Two gateways with the same domains: one speaks plain HTTP, the other TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from golden.self_signed import Pair, self_signed
from harness.guarded_gateway import Guarded, guarded_gateway
from harness.raw_client import Answer
from harness.tls_client import tls_exchange

PROJECT: Final = Path(__file__).parent / "project"
HOSTS: Final = {"edge": "gw.example.net", "own": "own.example.org", "wild": "*.wild.example.org"}


def put(folder: Path, name: str, pair: Pair) -> None:
    """A certificate and then its key, each put in place whole."""
    for suffix, content in ((".pem", pair.certificate), (".key", pair.private_key)):
        whole = folder / f"{name}{suffix}~"
        whole.write_bytes(content)
        whole.replace(folder / f"{name}{suffix}")


@dataclass(frozen=True, slots=True)
class Secure:
    """The gateway that speaks TLS, and the certificates that it was given."""

    guarded: Guarded
    certificates: Path

    @property
    def port(self) -> int:
        """Where clients come in."""
        return self.guarded.port

    def get(self, server_name: str | None, host: str, path: str = "/x", trust: str | None = None) -> Answer:
        """A GET over a connection for `server_name` that asks `host`."""
        data = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        return tls_exchange(self.port, server_name, data, trust)


@pytest.fixture(scope="session")
def shared_plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The gateway that speaks plain HTTP."""
    with guarded_gateway(PROJECT, tmp_path_factory.mktemp("domains"), "--log-format", "json") as guarded:
        yield guarded


@pytest.fixture
def plain(shared_plain: Guarded) -> Guarded:
    """The gateway that speaks plain HTTP; nobody was called yet."""
    shared_plain.clear()
    return shared_plain


@pytest.fixture(scope="session")
def shared_secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """The gateway that speaks TLS."""
    certificates = tmp_path_factory.mktemp("certificates")
    for name, host in HOSTS.items():
        put(certificates, name, self_signed(host))
    with guarded_gateway(
        PROJECT,
        tmp_path_factory.mktemp("secure"),
        "--watch",
        "--overlay",
        str(PROJECT / "secure.yaml"),
        environ={"CERTIFICATES": str(certificates)},
    ) as guarded:
        yield Secure(guarded, certificates)


@pytest.fixture
def secure(shared_secure: Secure) -> Secure:
    """The gateway that speaks TLS; its backend has seen nothing."""
    shared_secure.guarded.clear()
    return shared_secure
