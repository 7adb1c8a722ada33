from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_service import ServicePart


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"command": "x {port} {socket}"}, "a task listens at one of them"),
        ({"command": "x", "target_group": "orders"}, r"needs \{port\} or \{socket\} in its command"),
        (
            {"command": "x", "environment": {"A": "1"}, "secrets": {"A": "S"}},
            "A stands in environment and in secrets",
        ),
        (
            {"command": "x", "secret_files": {"A": "S"}, "secrets": {"A": "S"}},
            "A stands in secrets and in secret_files",
        ),
        (
            {"command": "x", "environment": {"A_PREVIOUS": "1"}, "secrets": {"A": "S"}},
            "A_PREVIOUS holds the other value of the secret in A while that is rotated",
        ),
        (
            {"command": "x", "secrets": {"A_PREVIOUS": "T", "A": "S"}},
            "A_PREVIOUS holds the other value of the secret in A while that is rotated",
        ),
        ({"command": "x", "environment": {"A": "a\0"}}, "without NUL"),
        ({"command": "x", "stop_timeout_seconds": 121}, "120"),
        ({"command": "x", "desired_count": -1}, "0"),
        ({}, "command"),
    ],
)
def test_services_that_cannot_run_are_refused(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ServicePart.model_validate(written)


@pytest.mark.parametrize(
    ("command", "placeholders"),
    [("x --listen 127.0.0.1:{port}", {"{port}"}), ("x unix:{socket}", {"{socket}"}), ("x {host}", set())],
)
def test_placeholders_are_found_inside_of_words(command: str, placeholders: set[str]) -> None:
    assert ServicePart.model_validate({"command": command}).placeholders == placeholders


@pytest.mark.parametrize(
    "written",
    [
        {"deployment_configuration": {"maximum_percent": 100}},
        {"deployment_configuration": {"minimum_healthy_percent": 100, "maximum_percent": 100}},
        {"scheduling_strategy": "DAEMON", "deployment_configuration": {"minimum_healthy_percent": 100}},
    ],
)
def test_a_deployment_must_have_room_to_replace_a_task(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="no task could be replaced"):
        ServicePart.model_validate({"command": "x", **written})


@pytest.mark.parametrize(
    ("written", "percents"),
    [
        ({}, (100, 200)),
        ({"scheduling_strategy": "DAEMON"}, (0, 100)),
        ({"deployment_configuration": {"maximum_percent": 100, "minimum_healthy_percent": 50}}, (50, 100)),
        ({"deployment_configuration": {"maximum_percent": 150}}, (100, 150)),
    ],
)
def test_percentages_are_amazons_of_the_scheduling_strategy(
    written: dict[str, Any], percents: tuple[int, int]
) -> None:
    assert ServicePart.model_validate({"command": "x", **written}).percents == percents


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"desired_count": 1}, "leave desired_count out"),
        ({"deployment_configuration": {"maximum_percent": 200}}, "maximum_percent is 100"),
    ],
)
def test_a_daemon_has_one_task(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ServicePart.model_validate({"command": "x", "scheduling_strategy": "DAEMON", **written})
