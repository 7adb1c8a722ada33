"""`python -m gateline`: the module `gateline.__main__`."""

from __future__ import annotations

import sys

import pytest

from gateline.__main__ import main


def test_main_runs_the_command_line_and_exits_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["anything", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("gateline ")
