"""A stack that runs services: when it is ready, and what an edit does to them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateline.compile.resources import LISTENER
from gateline.runtime import candidate, cluster, stack
from gateline.runtime.candidate import Candidate
from gateline.runtime.notice import Complained, Notice, ServiceTold, TaskSaid
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.settings import Settings
from gateline.runtime.stack import Stack
from runtime.clusters import PROGRAM
from runtime.projects import MOCK, write_swagger

pytestmark = pytest.mark.envoy

WELL_WHEN_TOLD = """
import pathlib, sys, http.server

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if pathlib.Path("well").exists() else 503)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def write(folder: Path, **services: dict[str, Any]) -> Settings:
    """A project with these services; the first one's target group is what a balancer of the internet leads to."""
    write_swagger(folder, {"/hello": MOCK})
    check = {"path": "/health", "interval_seconds": 5, "timeout_seconds": 2}
    project = {
        "name": "shop",
        "gateway": {"workers": 1},
        "apis": {"orders": {"definition": "swagger.json", "stages": {"prod": {}}}},
        "target_groups": {"orders": {"health_check": check, "deregistration_delay_seconds": 1}},
        "services": services,
    }
    draft = folder / "gateline.yaml~"
    draft.write_text(yaml.safe_dump(project))
    draft.replace(folder / "gateline.yaml")
    return Settings(
        project=folder / "gateline.yaml",
        environ={"PATH": "/usr/bin:/bin"},
        port=0,
        ready_file=folder / "ready.json",
    )


def program(**environment: str) -> dict[str, Any]:
    words = [sys.executable, "-S", str(PROGRAM), "--port", "{port}"]
    return {"command": words, "target_group": "orders", "environment": environment}


class Telling:
    """A stack that serves, and what it says."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stack: Stack
        self._notices: list[Notice] = []

    def hear(self, notice: Notice) -> None:
        self._notices.append(notice)

    async def until(self, fact: Callable[[Notice], bool]) -> None:
        """Wait until such a thing was said."""
        while not any(map(fact, self._notices)):  # noqa: ASYNC110 - a notice is a call, not an event
            await asyncio.sleep(0.005)

    def ready(self) -> dict[str, Any]:
        assert self.settings.ready_file is not None
        found: dict[str, Any] = json.loads(self.settings.ready_file.read_text())
        return found

    def services(self) -> list[dict[str, Any]]:
        return self.stack._cluster.listing()


def played(settings: Settings, story: Callable[[Telling], Awaitable[None]]) -> None:
    async def play() -> None:
        telling = Telling(settings)
        async with (
            asyncio.timeout(60),
            LocalProcesses() as processes,
            Stack(settings, telling.hear, processes) as telling.stack,
        ):
            await story(telling)

    asyncio.run(play())


def test_ready_means_that_every_service_has_a_healthy_task(tmp_path: Path) -> None:
    async def story(telling: Telling) -> None:
        told = telling.ready()
        assert "degraded" not in told
        assert told["pids"]["tasks"].keys() >= {"orders/1"}
        [service] = telling.services()
        assert service["healthy"] >= 1

    played(write(tmp_path, orders=program() | {"desired_count": 2}), story)


def test_without_a_healthy_task_it_is_ready_in_time_and_degraded_until_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "HEALTHY_SECONDS", 0.5)
    service = {"command": [sys.executable, "-S", "-c", WELL_WHEN_TOLD, "{port}"], "target_group": "orders"}

    async def story(telling: Telling) -> None:
        assert telling.ready()["degraded"] == ["orders"]
        (tmp_path / "well").touch()
        await telling.until(lambda notice: isinstance(notice, ServiceTold) and "all is well" in notice.text)
        assert "degraded" not in telling.ready()

    played(write(tmp_path, orders=service), story)


def test_services_of_a_configuration_that_envoy_refuses_are_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_bad = False

    def build_badly(*args: Any) -> Candidate:
        made = candidate.build(*args)
        if not is_bad:
            return made
        assert made.resources is not None
        listeners = {}
        for name, message in made.resources.by_type[LISTENER].items():
            bad: Any = type(message)()
            bad.CopyFrom(message)
            bad.address.socket_address.port_value = 70_000
            listeners[name] = bad
        by_type = {**made.resources.by_type, LISTENER: listeners}
        return replace(made, resources=replace(made.resources, by_type=by_type))

    monkeypatch.setattr(stack, "build", build_badly)

    async def story(telling: Telling) -> None:
        nonlocal is_bad
        before = telling.services()
        is_bad = True
        write(tmp_path, orders=program(COLOUR="red"), other=program())
        await telling.until(lambda notice: isinstance(notice, Complained) and notice.refused)
        assert telling.services() == before
        is_bad = False
        write(tmp_path, orders=program(COLOUR="blue"), other=program())
        await telling.until(lambda notice: isinstance(notice, ServiceTold) and notice.service == "other")
        assert [service["name"] for service in telling.services()] == ["orders", "other"]

    played(write(tmp_path, orders=program()), story)


def test_services_are_not_run_when_that_is_not_wanted(tmp_path: Path) -> None:
    async def story(telling: Telling) -> None:
        assert telling.services() == []
        assert "tasks" not in telling.ready()["pids"]

    played(replace(write(tmp_path, orders=program()), run_services=False), story)


def test_what_tasks_say_is_told(tmp_path: Path) -> None:
    async def story(telling: Telling) -> None:
        await telling.until(lambda notice: isinstance(notice, TaskSaid) and notice.text.startswith("serves"))

    played(write(tmp_path, orders=program()), story)
