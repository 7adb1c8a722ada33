from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateline.runtime import control_client

from .conftest import Gateline

ONE = {
    "group": "orders",
    "target": "127.0.0.1:9000",
    "state": "healthy",
    "reason": "",
    "description": "",
    "requests": 1,
}
TWO = ONE | {"group": "mail", "state": "unhealthy", "reason": "Target.Timeout"}


@pytest.fixture(autouse=True)
def _running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A gateway that runs."""

    async def targets(project: Path, state: Path | None) -> list[dict[str, Any]]:
        return [ONE, TWO]

    monkeypatch.setattr(control_client, "targets", targets)
    (tmp_path / "gateline.yaml").write_text("apis: {}\n")
    monkeypatch.chdir(tmp_path)


def test_targets_stand_in_a_table_with_state_and_reason(gateline: Gateline) -> None:
    lines = gateline("targets").stdout.splitlines()
    assert lines[0].split() == ["GROUP", "TARGET", "STATE", "REASON", "REQUESTS"]
    assert lines[1].split() == ["orders", "127.0.0.1:9000", "healthy", "-", "1"]
    assert lines[2].split() == ["mail", "127.0.0.1:9000", "unhealthy", "Target.Timeout", "1"]


def test_one_group_can_be_asked_for_and_json(gateline: Gateline) -> None:
    result = gateline("targets", "mail", "--output", "json")
    assert json.loads(result.stdout) == {"targets": [TWO]}


def test_a_group_without_targets_is_said_so(gateline: Gateline) -> None:
    result = gateline("targets", "other")
    assert result.exit_code != 0
    assert "other" in result.stderr
