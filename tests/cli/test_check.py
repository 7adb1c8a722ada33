from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from gateline.model import codes
from gateline.model.diagnostic import Code

from .conftest import Gateline

CASES = Path(__file__).parent / "cases"
STREAM = {
    "type": "aws_proxy",
    "httpMethod": "POST",
    "uri": "arn:aws:apigateway:us-east-1:firehose:action/PutRecord",
    "credentials": "arn:aws:iam::123456789012:role/orders",
    "responses": {"default": {"statusCode": "200"}},
}
NAMES = sorted(case.name for case in CASES.iterdir())


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the case, as the folder that the command runs in."""
    folder = tmp_path / "case"
    shutil.copytree(CASES / request.param, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("API_GATEWAY_SECRET", raising=False)
    return CASES / str(request.param)


def test_check_says_exactly_this(case: Path, gateline: Gateline, request: pytest.FixtureRequest) -> None:
    command = shlex.split((case / "command.txt").read_text())
    result = gateline(*command)
    expected = case / "expected.txt"
    actual = f"{result.stdout}exit code {result.exit_code}\n"
    if request.config.getoption("--update-golden", default=False):
        expected.write_text(actual)
    assert actual == expected.read_text()
    assert result.stderr == ""


def test_every_code_of_the_project_file_is_shown_by_a_case() -> None:
    shown = set(
        re.findall(r"\[(GL2\d\d)\]", "".join((CASES / name / "expected.txt").read_text() for name in NAMES))
    )
    known = {code.name for code in vars(codes).values() if isinstance(code, Code)}
    too_long_to_show = {"GL237"}  # more than a hundred rules: tests/sources/test_balancer_assembly.py
    assert {name for name in known if "GL200" < name < "GL280"} - shown == too_long_to_show


def test_programs_get_json_in_the_designed_form(gateline: Gateline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / "syntax-error")
    result = gateline("check", "--output", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    assert json.loads(result.stdout) == {
        "errors": 1,
        "warnings": 0,
        "diagnostics": [
            {
                "code": "GL101",
                "severity": "error",
                "file": "gateline.yaml",
                "line": 3,
                "column": 8,
                "pointer": "",
                "message": "expected ',' or '}' (while parsing a flow mapping from line 2)",
                "help": "",
            }
        ],
    }


def test_code_scanners_get_sarif(gateline: Gateline) -> None:
    result = gateline("check", CASES / "mistakes-of-every-kind", "--output", "sarif")
    assert result.exit_code == 1
    (run,) = json.loads(result.stdout)["runs"]
    assert {"GL201", "GL216"} <= {entry["ruleId"] for entry in run["results"]}


def test_warnings_alone_are_no_failure(gateline: Gateline) -> None:
    result = gateline("check", CASES / "bare-document" / "Store Front.json", "--output", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["warnings"] > 0


def test_what_the_compiler_finds_is_told_too_and_may_be_allowed_by_name(
    gateline: Gateline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = {
        "swagger": "2.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/": {"get": {"responses": {}, "x-amazon-apigateway-integration": STREAM}}},
    }
    Path("api.json").write_text(json.dumps(document))
    refused = json.loads(gateline("check", "api.json", "--output", "json").stdout)
    (code,) = {entry["code"] for entry in refused["diagnostics"] if entry["severity"] == "error"}
    assert code.startswith("GL4")
    allowed = gateline("check", "api.json", "--allow", code, "--output", "json")
    assert allowed.exit_code == 0
    assert json.loads(allowed.stdout)["errors"] == 0


def test_what_cannot_be_read_at_all_has_the_exit_code_2(gateline: Gateline, tmp_path: Path) -> None:
    missing = gateline("check", tmp_path / "none.yaml")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == f"gateline: {tmp_path / 'none.yaml'} does not exist\n"
    empty_folder = gateline("check", tmp_path, "--output", "json")
    assert (empty_folder.exit_code, empty_folder.stdout) == (2, "")
    no_overlay = gateline("check", CASES / "no-complaint", "--overlay", tmp_path / "none.yaml")
    assert no_overlay.exit_code == 2


def test_the_nearest_project_upward_is_checked(
    gateline: Gateline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(CASES / "no-complaint", tmp_path / "project")
    deep = tmp_path / "project" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert gateline("check").stdout == "../../gateline.yaml: 1 route, 0 errors, 0 warnings\n"
