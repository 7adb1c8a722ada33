from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateline.cli.invocation import first_line, invoke_once
from gateline.functions.answer import Failed, Returned
from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin


def function(folder: Path, text: str) -> Function:
    (folder / "code.py").write_text(text, encoding="utf-8")
    return Function(
        name="f",
        kind=FunctionKind.PYTHON,
        code=str(folder / "code.py"),
        handler="code.handler",
        origin=Origin("gateline.yaml"),
    )


def test_the_function_knows_who_asks(tmp_path: Path) -> None:
    text = "def handler(event, context):\n    return [context.invoked_function_arn, context.aws_request_id]\n"
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    answer = invoke_once(function(tmp_path, text), b"{}", invoked_arn=arn, request_id="r-1")
    assert isinstance(answer, Returned)
    assert json.loads(answer.payload) == [arn, "r-1"]


def test_what_it_prints_commands_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "def handler(event, context):\n    print('red \\x1b[31m alert')\n"
    invoke_once(function(tmp_path, text), b"{}")
    said = capsys.readouterr()
    assert said.out == ""
    assert "red \\u001b[31m alert" in said.err


def test_why_it_did_not_start_is_told_once_with_its_traceback_and_then_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = invoke_once(function(tmp_path, "import nowhere\n"), b"{}")
    assert isinstance(answer, Failed)
    assert 'code.py", line 1' in capsys.readouterr().err
    assert first_line(answer.detail).endswith("No module named 'nowhere'")
