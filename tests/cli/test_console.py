from __future__ import annotations

import io
import json
import os

import pytest
from rich.console import Console

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


def test_what_is_shown_leaves_nothing_behind_and_comes_where_it_should(
    capfd: pytest.CaptureFixture[str],
) -> None:
    complaints = console.complaints()
    console.show(complaints, lambda: complaints.print("a \u2713"))
    assert capfd.readouterr().err.endswith("\n")
    inside = Console(file=io.StringIO())
    console.show(inside, lambda: inside.print("b"))
    assert isinstance(inside.file, io.StringIO)
    assert inside.file.getvalue() == "b\n"


def test_a_reader_that_is_gone_is_told_and_standard_output_stays() -> None:
    """Rich's own print ends the process, and leads standard output to nowhere."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", encoding="utf-8") as nobody:
        torn = Console(file=nobody)
        before = os.fstat(1)
        with pytest.raises(BrokenPipeError):
            console.show(torn, lambda: torn.print("hello"))
        assert os.path.samestat(os.fstat(1), before)
