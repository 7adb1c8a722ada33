from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands import ended
from cli.functions import write_project

from .conftest import Gateline


@pytest.fixture(autouse=True)
def _in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_project(tmp_path))


def test_the_answer_is_on_standard_output_and_what_is_printed_on_standard_error() -> None:
    code, out, err = ended("invoke", "echo", Path.cwd(), "--event", '{"n": 1}')
    assert code == 0
    assert json.loads(out) == {"event": {"n": 1}}
    assert "one line" in err.splitlines()


def test_an_event_may_be_a_file(gateline: Gateline, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"from": "file"}')
    result = gateline("invoke", "echo", "--event", "event.json")
    assert json.loads(result.stdout) == {"event": {"from": "file"}}


def test_an_event_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner  # noqa: PLC0415

    from gateline.cli.app import app  # noqa: PLC0415

    result = CliRunner().invoke(app, ["invoke", "echo", "--event", "-"], input='{"from": "pipe"}')
    assert json.loads(result.stdout) == {"event": {"from": "pipe"}}


def test_a_function_that_raises_answers_with_its_error_and_the_exit_code_1(gateline: Gateline) -> None:
    result = gateline("invoke", "echo", "--event", '{"raise": "why"}')
    assert result.exit_code == 1
    error = json.loads(result.stdout)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "why")


def test_a_function_that_ends_its_process_does_not_answer(gateline: Gateline) -> None:
    event = json.dumps({"authorizationToken": "Bearer exit"})
    result = gateline("invoke", "authorizer", "--event", event)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the function did not answer (crashed)" in result.stderr


@pytest.mark.parametrize(
    ("function", "event", "key"),
    [
        ("echo", "{}", "returned"),
        ("echo", '{"raise": "x"}', "raised"),
        ("authorizer", '{"authorizationToken": "Bearer exit"}', "failed"),
    ],
)
def test_programs_are_told_which_of_the_three_it_was(
    gateline: Gateline, function: str, event: str, key: str
) -> None:
    result = gateline("invoke", function, "--event", event, "--output", "json")
    assert list(json.loads(result.stdout)) == [key]


def test_an_arn_is_understood_as_in_a_definition(gateline: Gateline) -> None:
    result = gateline("invoke", "arn:aws:lambda:us-east-1:123456789012:function:echo:live")
    assert result.exit_code == 0


def test_a_function_that_is_not_declared_is_a_fault_of_usage(gateline: Gateline) -> None:
    result = gateline("invoke", "ecko")
    assert result.exit_code == 2
    assert "did you mean 'echo'?" in result.stderr


@pytest.mark.parametrize(("event", "said"), [("{", "is not JSON"), ("none.json", "cannot be read")])
def test_an_event_that_cannot_be_read_is_a_fault_of_usage(gateline: Gateline, event: str, said: str) -> None:
    result = gateline("invoke", "echo", "--event", event)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_project_with_errors_runs_nothing(gateline: Gateline, tmp_path: Path) -> None:
    (tmp_path / "gateline.yaml").write_text("apis: {a: {definition: api.json}}\nfunctions: {f: {}}\n")
    result = gateline("invoke", "f")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[GL207]" in result.stderr


def test_no_process_and_no_file_stays_behind(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    code, _, _ = ended("invoke", "echo", tmp_path, environ={"TMPDIR": str(scratch)})
    assert code == 0
    assert list(scratch.iterdir()) == []
