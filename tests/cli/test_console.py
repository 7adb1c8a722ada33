from __future__ import annotations

import json

import pytest

from gateline.cli import console


def test_answers_and_complaints_go_different_ways(capsys: pytest.CaptureFixture[str]) -> None:
    console.answers().print("yes [bold]:smile:")
    console.complaints().print("no")
    captured = capsys.readouterr()
    assert captured.out == "yes [bold]:smile:\n"
    assert captured.err == "no\n"


def test_json_is_one_document_that_people_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"é": ["x"]})
    out = capsys.readouterr().out
    assert json.loads(out) == {"é": ["x"]}
    assert "é" in out
    assert out.endswith("}\n")


def test_colours_are_for_terminals_and_not_where_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert console.answers().color_system is None
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert console.answers().color_system is not None
    monkeypatch.setenv("NO_COLOR", "1")
    assert console.answers().no_color
