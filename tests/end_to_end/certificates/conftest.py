"""One gateway with services that verify it themselves: uvicorn, nginx, Node, and a host behind a balancer."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import os
import shutil
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.authority.certificates import issue_service, make_authority
from gateline.model.secret import Certificate
from gateline.runtime import control_client
from gateline.runtime.authority import Authority, kept_authority
from gateline.runtime.state_dir import StateDir
from gateline.runtime.vault import Vault
from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange
from harness.recording_backend import RecordingBackend

PROJECT: Final = Path(__file__).parent / "project"
REFUSED: Final = 0
"""Instead of a status: the server ended the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The gateway that runs, and the folder of its project."""

    gateway: RunningGateway
    folder: Path
    scratch: Path
    application: RecordingBackend  # behind the sidecar

    def get(self, path: str) -> Answer:
        """The answer of the gateway."""
        [answer] = exchange(self.gateway.port, request(path))
        return answer

    def authority(self) -> Authority:
        """The built-in authority, as it is kept now."""
        found = kept_authority(Vault(StateDir(path=self.gateway.state, sockets=self.gateway.state), {}))
        assert found is not None
        return found

    def until(self, fact: Callable[[Authority], bool]) -> None:
        """Wait until this is so of the authority; each look is a read of the vault."""
        for _ in range(600):
            if fact(self.authority()):
                return
            time.sleep(0.1)
        raise AssertionError(f"never so: {self.authority()}")

    @property
    def control(self) -> int:
        """The process that can be killed while all goes on."""
        told = control_client.ask(self.folder / "gateline.yaml", self.gateway.state, {"do": "status"})
        pid: int = asyncio.run(told)["pids"]["control"]
        return pid

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


def admin(path: Path, target: str) -> bytes:
    """What Envoy's admin interface answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(b"GET %b HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n" % target.encode())
        found = b""
        while part := connection.recv(1 << 16):
            found += part
    return found


def environment(application: str, foreign: str) -> dict[str, str]:
    """What the project reads of the environment: HOST:PORT of the application, and of the server of somebody else."""
    sources = os.pathsep.join(each for each in sys.path if each)
    return {"APPLICATION": application, "FOREIGN": foreign, "SOURCES": sources}


@contextmanager
def foreign_server(scratch: Path) -> Iterator[int]:
    """A server with the right name from an authority of the same name that is another one; its port."""
    now = datetime.now(UTC)
    made = issue_service(make_authority("shop", now), "shop", "foreign", now=now, life=timedelta(days=1))
    (scratch / "foreign.pem").write_bytes(made.chain + made.private_key.reveal())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(scratch / "foreign.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The gateway, watching its project, which is a copy."""
    programs = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"  # where Debian keeps nginx
    if missing := [each for each in ("nginx", "node") if shutil.which(each, path=programs) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    folder, scratch = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("scratch")
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    with RecordingBackend() as application, foreign_server(scratch) as foreign:
        environ = environment(f"127.0.0.1:{application.port}", f"127.0.0.1:{foreign}")
        with running_gateway(folder, scratch, environ, "--watch") as gateway:
            yield Shop(gateway=gateway, folder=folder, scratch=scratch, application=application)
