"""One gateway that runs four services, for all tests of this folder: each test uses a service of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import pytest

from gateline.errors import GatelineError
from gateline.runtime import control_client
from harness.gateway_process import RunningGateway, running_gateway
from harness.raw_client import Answer, exchange

PROJECT: Final = Path(__file__).parent / "project"
PASSWORD: Final = "hunter2-not-to-be-seen"
HALF_TOKEN: Final = "token-of-the-half-service"
PATIENCE: Final = 90.0
BETWEEN_LOOKS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The gateway that runs, and the folder of its project."""

    gateway: RunningGateway
    folder: Path

    def get(self, path: str) -> Answer:
        """The answer to a request."""
        answers = exchange(self.gateway.port, request(path))
        assert answers, "hung up without an answer"
        return answers[0]

    def told(self, path: str) -> dict[str, Any]:
        """What the task says that answers."""
        answer = self.get(path)
        assert answer.status == 200, answer.raw
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def held(self) -> dict[str, Any]:
        """What the task says that answers when the file `release` is there, however long that takes."""
        connection = HTTPConnection("127.0.0.1", self.gateway.port, timeout=60)
        connection.request("GET", "/prod/held", headers={"Host": "localhost"})
        answer = connection.getresponse()
        assert answer.status == 200
        found: dict[str, Any] = json.loads(answer.read())
        connection.close()
        return found

    def service(self, name: str) -> dict[str, Any]:
        """What there is to know of a service now."""
        listed = asyncio.run(control_client.services(self._project, self.gateway.state))
        found = [service for service in listed if service["name"] == name]
        if not found:
            raise GatelineError(f"no service is called {name}")  # a control that has just come back
        return found[0]

    def names(self) -> list[str]:
        """The services that there are now."""
        listed = asyncio.run(control_client.services(self._project, self.gateway.state))
        return [service["name"] for service in listed]

    @property
    def control(self) -> int:
        """The process that can be killed while all goes on."""
        status = asyncio.run(control_client.ask(self._project, self.gateway.state, {"do": "status"}))
        pid: int = status["pids"]["control"]
        return pid

    def scale(self, name: str, count: int) -> None:
        """Let so many tasks run."""
        asyncio.run(control_client.scale(self._project, self.gateway.state, name, count))

    def deploy(self, name: str, *, wait: bool = True) -> None:
        """Replace all tasks."""
        asyncio.run(control_client.deploy(self._project, self.gateway.state, name, wait=wait))

    def until(self, name: str, fact: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What a service is like when this is so of it; each look is a question to the gateway."""
        deadline = time.monotonic() + PATIENCE
        while not fact(service := self.service(name)):
            assert time.monotonic() < deadline, f"never so: {service}"
            time.sleep(BETWEEN_LOOKS)
        return service

    def until_steady(self, name: str) -> dict[str, Any]:
        """What a service is like when all is as it is wanted and nothing else is left."""
        return self.until(
            name,
            lambda service: service["steady"] and len(service["tasks"]) == service["desired"],
        )

    def until_gone(self, name: str, task: str) -> None:
        """Wait until a service has no such task."""
        self.until(name, lambda service: task not in [each["id"] for each in service["tasks"]])

    def edit(self, before: str, after: str) -> None:
        """Change the project file, whole."""
        path = self.folder / "gateline.yaml"
        text = path.read_text()
        assert before in text
        draft = self.folder / "draft"
        draft.write_text(text.replace(before, after))
        draft.replace(path)

    @property
    def _project(self) -> Path:
        return self.folder / "gateline.yaml"


def request(path: str) -> bytes:
    """A request as the callers send it."""
    return b"GET /prod%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()


@contextmanager
def running_shop(folder: Path, scratch: Path, *options: str) -> Iterator[Shop]:
    """The gateway, watching its project, of which a copy is put into the folder."""
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    environ = {"PASSWORD": PASSWORD, "HALF_TOKEN": HALF_TOKEN, "AWS_SECRET_ACCESS_KEY": "also not to be seen"}
    with running_gateway(folder, scratch, environ, "--watch", *options) as gateway:
        yield Shop(gateway=gateway, folder=folder)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The gateway that all tests of this folder share."""
    with running_shop(tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("scratch")) as running:
        yield running
