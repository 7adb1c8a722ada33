"""One gateway with services that verify it themselves: uvicorn, nginx, Node, and a host behind a balancer."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.model.secret import Certificate
from gateline.runtime import control_client
from gateline.runtime.authority import Authority, kept_authority
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault
from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange

PROJECT: Final = Path(__file__).parent / "project"
REFUSED: Final = 0
"""Instead of a status: the server ended the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The gateway that runs, and the folder of its project."""

    gateway: RunningGateway
    folder: Path
    scratch: Path

    def get(self, path: str) -> Answer:
        """The answer of the gateway."""
        [answer] = exchange(self.gateway.port, request(path))
        return answer

    def authority(self) -> Authority:
        """The built-in authority, as it is kept now."""
        found = kept_authority(Vault(StateDir(path=self.gateway.state, sockets=self.gateway.state), {}))
        assert found is not None
        return found

    def directly(self, service: str, shown: Certificate | None) -> int:
        """What a service's newest task answers to somebody else than the gateway; REFUSED: nothing."""
        [listed] = [each for each in self.services() if each["name"] == service]
        newest = max(listed["tasks"], key=lambda task: int(task["id"]))
        return answered(int(newest["address"].rpartition(":")[2]), shown, self.scratch)

    def services(self) -> list[dict[str, Any]]:
        """What there is to know of all services now."""
        return asyncio.run(control_client.services(self.folder / "gateline.yaml", self.gateway.state))


def request(path: str) -> bytes:
    """A request as a client sends it."""
    return b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()


def answered(port: int, shown: Certificate | None, scratch: Path) -> int:
    """The status that a server answers over TLS to whoever shows this certificate; REFUSED: nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if shown is not None:
        (scratch / "shown.pem").write_bytes(shown.chain + shown.private_key.reveal())
        context.load_cert_chain(scratch / "shown.pem")
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (ssl.SSLError, ConnectionError, http.client.BadStatusLine):
        return REFUSED
    finally:
        connection.close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The gateway, watching its project, which is a copy."""
    folder, scratch = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("scratch")
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    with running_gateway(folder, scratch, {}, "--watch") as gateway:
        yield Shop(gateway=gateway, folder=folder, scratch=scratch)
