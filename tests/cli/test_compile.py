from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from .conftest import Gateline

CASES = Path(__file__).parent / "cases"


@pytest.fixture(autouse=True)
def _in_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / "no-complaint")


def test_the_resources_are_yaml_unless_json_is_wanted(gateline: Gateline) -> None:
    result = gateline("compile")
    assert (result.exit_code, result.stderr) == (0, "")
    resources = yaml.safe_load(result.stdout)
    assert {"clusters", "listeners", "scoped_routes", "secrets"} <= resources.keys()
    for arguments in (["--format", "json"], ["--output", "json"]):
        assert json.loads(gateline("compile", *arguments).stdout) == resources


def test_secrets_are_never_shown(gateline: Gateline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_GATEWAY_SECRET", "hunter2")
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("secrets: {ApiGatewayPassthroughHeader: {generate: null, env: API_GATEWAY_SECRET}}")
    result = gateline("compile", "--overlay", overlay)
    assert result.exit_code == 0
    assert "ApiGatewayPassthroughHeader" in result.stdout
    assert "hunter2" not in result.output
    assert "stand-in" not in result.output


def test_a_project_with_errors_compiles_to_nothing(gateline: Gateline) -> None:
    result = gateline("compile", CASES / "names-that-lead-nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[GL220]" in result.stderr
