from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateline.cli import services as services_command
from gateline.errors import GatelineError
from gateline.runtime import control_client

from .conftest import Gateline

ORDERS: dict[str, Any] = {
    "name": "orders",
    "desired": 2,
    "running": 1,
    "healthy": 1,
    "pending": 1,
    "rollout_state": "IN_PROGRESS",
    "target_group": "orders",
    "deployments": [
        {
            "number": 4,
            "status": "PRIMARY",
            "rollout_state": "IN_PROGRESS",
            "rollout_state_reason": "",
            "revision": "0a1b",
            "desired": 2,
            "running": 1,
            "pending": 1,
            "failed_tasks": 1,
            "rolls_back": None,
        },
        {"number": None, "status": "ACTIVE", "revision": "ffff", "running": 1, "pending": 0},
    ],
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
MAIL = ORDERS | {"name": "mail", "target_group": "", "desired": 0, "deployments": [], "tasks": []}
DONE = ORDERS | {
    "deployments": [ORDERS["deployments"][0] | {"rollout_state": "COMPLETED"}],
    "tasks": [task | {"health": "healthy"} for task in ORDERS["tasks"]],
}
BACK = ORDERS | {
    "deployments": [
        ORDERS["deployments"][0]
        | {"number": 5, "revision": "ffff", "rollout_state": "COMPLETED", "rolls_back": 4},
        ORDERS["deployments"][0]
        | {"status": "INACTIVE", "rollout_state": "FAILED", "rollout_state_reason": "3 failed in a row"},
    ],
    "tasks": [],
}


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
        "SERVICE  NUMBER  STATUS   ROLLOUT STATE  REVISION  DESIRED  RUNNING  PENDING  FAILED TASKS  "
        "ROLLOUT STATE REASON\n"
        "orders   4       PRIMARY  IN_PROGRESS    0a1b      2        1        1        1             -\n"
        "orders   -       ACTIVE   -              ffff      -        1        0        -             -\n"
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


def test_a_deployment_that_is_not_waited_for_is_told_as_it_begins(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path
) -> None:
    result = gateline("services", "deploy", "orders", "--no-wait", "--project", project, "--output", "json")
    assert json.loads(result.stdout) == {"services": [ORDERS]}
    assert asked == [("deploy", "orders", False)]


def seen_next(monkeypatch: pytest.MonkeyPatch, *listings: dict[str, Any] | GatelineError) -> None:
    """What the gateway answers when it is asked again and again."""
    answers = iter(listings)

    async def services(project: Path, state: Path | None) -> list[dict[str, Any]]:
        answer = next(answers)
        if isinstance(answer, GatelineError):
            raise answer
        return [MAIL, answer]

    monkeypatch.setattr(control_client, "services", services)


def test_a_deployment_is_followed_until_it_is_completed(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_next(monkeypatch, ORDERS, GatelineError("the gateway ended"), DONE)
    result = gateline("services", "deploy", "orders", "--project", project)
    assert result.exit_code == 0, result.stderr
    lines = [re.sub(r"[0-9.]+ s", "_ s", line.strip()) for line in result.stdout.splitlines()]
    assert lines == [
        "deployment 4 of orders: revision 0a1b, 2 wanted",
        "_ s  task 1 of revision 0a1b: healthy",
        "_ s  task 2 of revision 0a1b: starting",
        "_ s  task 2: healthy (starting for _ s)",
        "deployment 4 completed in _ s",
    ]


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_deployment_that_is_rolled_back_ends_with_1_and_the_reason(
    gateline: Gateline,
    asked: list[tuple[Any, ...]],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    output: str,
) -> None:
    seen_next(monkeypatch, ORDERS, BACK)
    result = gateline("services", "deploy", "orders", "--project", project, "--output", output)
    assert result.exit_code == 1
    why = "failed: 3 failed in a row; rolled back to revision ffff"
    assert f"deployment 4 of orders {why}" in result.stderr
    if output == "json":
        *steps, last = map(json.loads, result.stdout.splitlines())
        assert (last["rollout_state"], last["reason"], last["deployment"]) == ("FAILED", why, 4)
        assert [(step["task"], step["health"]) for step in steps] == [
            ("1", "healthy"),
            ("2", "starting"),
            ("1", "ended"),
            ("2", "ended"),
        ]


def test_a_service_that_is_gone_is_not_followed_any_more(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_command, "AWAY_SECONDS", -1)
    seen_next(monkeypatch, MAIL)
    result = gateline("services", "deploy", "orders", "--project", project)
    assert result.exit_code == 1
    assert "service orders does not run any more" in result.stderr


def test_what_running_tasks_said_last_is_shown(
    gateline: Gateline, asked: list[tuple[Any, ...]], project: Path
) -> None:
    folder = project / ".gateline" / "tasks" / "orders"
    folder.mkdir(parents=True)
    for task in (1, 2, 9):
        (folder / f"{task}.log").write_text(f"first of {task}\nlast of {task}\x1b\n")
    result = gateline("services", "logs", "orders", 1, "--project", project)
    assert result.stdout == "1 | last of 1\\u001b\n2 | last of 2\\u001b\n"
    result = gateline("services", "logs", "orders", "--project", project, "--output", "json")
    assert json.loads(result.stdout.splitlines()[0]) == {
        "service": "orders",
        "task": "1",
        "text": "first of 1",
    }


def test_what_was_said_last_is_shown_when_nothing_runs(gateline: Gateline, project: Path) -> None:
    folder = project / ".gateline" / "tasks" / "orders"
    folder.mkdir(parents=True)
    for task in (8, 10):
        (folder / f"{task}.log").write_text(f"it was {task}\n")
    assert gateline("services", "logs", "orders", "--project", project).stdout == "10 | it was 10\n"


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
        (("list", "--no-wait"), "only deploy waits"),
        (("deploy", "orders", "--follow"), "only logs are followed"),
        (("logs", "../orders"), "no service has such a name"),
        (("logs",), "logs needs the name of a service"),
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
