from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from gateline.model import codes
from gateline.model.diagnostic import Code

from .conftest import Gateline

CASES = Path(__file__).parent / "cases"
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
    assert {name for name in known if "GL200" < name < "GL280"} - shown == set()
