"""One gateway whose three services check three secrets in three ways; each test rotates them as it likes."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.runtime import control_client
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.state_dir import StateDir
from harness.gateway_process import RunningGateway, running_gateway

HERE: Final = Path(__file__).parent
GUARD: Final = HERE.parents[2] / "guard" / "src" / "gateline_guard"
PATHS: Final = {"Filed": "/prod/filed/x", "Started": "/prod/started", "Probed": "/prod/probed"}
HEADERS: Final = {"Filed": "X-Pass: ", "Started": "Authorization: Bearer ", "Probed": "X-Pass: "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotating:
    """The gateway that runs, and the folder of its project."""

    gateway: RunningGateway
    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "gateline.yaml"

    def secrets(self) -> dict[str, dict[str, Any]]:
        """What `gateline secrets list` tells, by the secrets' names."""
        return {each["name"]: each for each in self.ask({"action": "list"})["secrets"]}

    def rotate(self, name: str) -> None:
        """Begin a rotation."""
        self.ask({"action": "rotate", "secret": name})

    def reached(self, name: str) -> list[str]:
        """The steps of a rotation, when it is over."""
        seen: list[str] = []
        while True:
            answer = self.ask({"action": "follow", "secret": name, "seen": len(seen)})
            seen = answer["steps"]
            if answer["over"]:
                return seen

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return asyncio.run(control_client.secrets(self.project, self.gateway.state, request))

    def tasks(self, service: str) -> list[dict[str, Any]]:
        """The tasks of a service."""
        listed = asyncio.run(control_client.services(self.project, self.gateway.state))
        found: list[dict[str, Any]] = next(each["tasks"] for each in listed if each["name"] == service)
        return found

    def stale(self, name: str) -> bytes | None:
        """The value that was dropped last."""
        return SecretStages(StateDir(path=self.gateway.state, sockets=self.gateway.state)).stale(name)

    def directly(self, name: str, value: bytes) -> set[int]:
        """What the tasks of a secret's service answer to a value, asked past the gateway."""
        answers = set()
        for task in self.tasks(name.lower()):
            if task["address"]:
                with suppress(OSError, IndexError):  # it has just ended, or does not listen yet
                    answers.add(status_of(task["address"], HEADERS[name].encode() + value))
        return answers

    @property
    def control(self) -> int:
        """The process that can be killed while all goes on."""
        told = asyncio.run(control_client.ask(self.project, self.gateway.state, {"do": "status"}))
        pid: int = told["pids"]["control"]
        return pid


def request(name: str) -> bytes:
    """A request that the gateway sends on with a secret."""
    return b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % PATHS[name].encode()


def status_of(address: str, line: bytes) -> int:
    """The status that a task answers to a request with one header."""
    with socket.socket(socket.AF_UNIX if address.startswith("/") else socket.AF_INET) as sent:
        host, _, port = address.rpartition(":")
        sent.settimeout(10)
        sent.connect(address if address.startswith("/") else (host, int(port)))
        sent.sendall(b"GET /filed/x HTTP/1.1\r\nHost: direct\r\n%b\r\n\r\n" % line)
        return int(sent.recv(4096).split(b" ")[1])


@contextmanager
def rotating_gateway(folder: Path, *options: str) -> Iterator[Rotating]:
    """Start the gateway, with a copy of the project below the folder."""
    project, scratch = folder / "project", folder / "scratch"
    shutil.copytree(HERE / "project", project)
    shutil.copytree(GUARD, project / "gateline_guard")
    scratch.mkdir()
    with running_gateway(project, scratch, {}, *options) as gateway:
        yield Rotating(gateway=gateway, folder=project)


@pytest.fixture(scope="session")
def rotating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rotating]:
    """A gateway for all tests of this folder."""
    with rotating_gateway(tmp_path_factory.mktemp("rotating")) as found:
        yield found
