from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateline.errors import GatelineError
from gateline.runtime import control_client

from .conftest import Gateline

ORDERS = {
    "name": "orders",
    "desired": 2,
    "running": 1,
    "healthy": 1,
    "pending": 1,
    "rollout_state": "IN_PROGRESS",
    "target_group": "orders",
    "tasks": [
        {
            "id": "1",
            "pid": 42,
            "address": "127.0.0.1:9000",
            "health": "healthy",
            "since": "2026-01-02T12:00:00Z",
            "revision": "0a1b",
        },
        {"id": "2", "pid": None, "address": "", "health": "starting", "since": "", "revision": "0a1b"},
    ],
}
MAIL = ORDERS | {"name": "mail", "target_group": "", "desired": 0, "tasks": []}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """A gateway that runs; what it was asked."""
    seen: list[tuple[Any, ...]] = []

    async def services(project: Path, state: Path | None) -> list[dict[str, Any]]:
        seen.append(("list", project.name, state))
        return [ORDERS, MAIL]

    async def scale(project: Path, state: Path | None, service: str, count: int) -> dict[str, Any]:
        seen.append(("scale", service, count))
        if service == "unknown":
            raise GatelineError("no service that runs is called unknown; there are: orders")
        return ORDERS

    async def deploy(project: Path, state: Path | None, service: str, *, wait: bool) -> dict[str, Any]:
        seen.append(("deploy", service, wait))
        return ORDERS

    for name, function in {"services": services, "scale": scale, "deploy": deploy}.items():
        monkeypatch.setattr(control_client, name, function)
    return seen


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "gateline.yaml").write_text("name: shop\napis: {}\n")
    return tmp_path


def test_services_and_tasks_are_two_tables(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path
) -> None:
    result = gateline("services", "list", "--project", project)
    assert result.exit_code == 0
    assert result.stdout == (
        "NAME    DESIRED  RUNNING  HEALTHY  PENDING  ROLLOUT STATE  TARGET GROUP\n"
        "orders  2        1        1        1        IN_PROGRESS    orders\n"
        "mail    0        1        1        1        IN_PROGRESS    -\n"
        "\n"
        "SERVICE  ID  PID  ADDRESS         HEALTH    SINCE                 REVISION\n"
        "orders   1   42   127.0.0.1:9000  healthy   2026-01-02T12:00:00Z  0a1b\n"
        "orders   2   -    -               starting  -                     0a1b\n"
    )
    assert asked == [("list", "gateline.yaml", None)]


def test_the_list_is_json_when_asked_for(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path
) -> None:
    result = gateline("services", "list", "--project", project, "--output", "json")
    assert json.loads(result.stdout) == {"services": [ORDERS, MAIL]}


def test_a_service_is_scaled(gateline: Gateline, asked: list[tuple[Any, ...]], project: Path) -> None:
    result = gateline("services", "scale", "orders", 0, "--project", project)
    assert result.exit_code == 0
    assert "orders" in result.stdout
    assert asked == [("scale", "orders", 0)]


@pytest.mark.parametrize("wait", [False, True])
def test_a_service_is_deployed(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path, wait: bool
) -> None:
    result = gateline("services", "deploy", "orders", "--project", project, *["--wait"] * wait)
    assert result.exit_code == 0
    assert asked == [("deploy", "orders", wait)]


def test_a_problem_of_the_gateway_is_told(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path
) -> None:
    result = gateline("services", "scale", "unknown", 3, "--project", project)
    assert result.exit_code == 1
    assert "there are: orders" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("list", "orders"), "list takes no name"),
        (("scale",), "scale needs the name of a service"),
        (("scale", "orders"), "scale needs a number of tasks"),
        (("deploy", "orders", "3"), "deploy takes none"),
        (("scale", "orders", "3", "--wait"), "only deploy waits"),
        (("restart",), "restart"),
    ],
)
def test_what_an_action_cannot_do_is_a_usage_error(
    gateline: Gateline, asked: list[tuple[Any, ...]], arguments: tuple[str, ...], says: str
) -> None:
    result = gateline("services", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert asked == []


def test_a_project_that_does_not_run_is_told(gateline: Gateline, project: Path) -> None:
    result = gateline("services", "list", "--project", project)
    assert result.exit_code == 1
    assert "gateline up" in result.stderr
