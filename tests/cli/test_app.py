from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateline import __version__
from gateline.cli import app as app_module
from gateline.cli.app import COMMANDS, Row
from gateline.errors import AddressInUse, FileUnreadable

from .conftest import Gateline

HEAVY = (
    "pydantic",
    "grpc",
    "google",
    "rich",
    "yaml",
    "cryptography",
    "watchfiles",
    "asyncio",
    "gateline.sources",
)


def run_apart(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`gateline` as a process of its own."""
    source = Path(app_module.__file__).parents[2]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(source), **environ}
    command = [sys.executable, "-m", "gateline", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_help_imports_nothing_heavy() -> None:
    source = Path(app_module.__file__).parents[2]
    script = (
        "import sys\n"
        "from gateline.__main__ import main\n"
        "sys.argv = ['gateline', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print('LOADED', *loaded)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(source)},
        timeout=60,
    )
    assert "Commands:" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "LOADED"


def test_up_imports_what_makes_certificates_only_where_there_are_any() -> None:
    source = Path(app_module.__file__).parents[2]
    script = "import sys, gateline.cli.up, gateline.runtime.stack; print('cryptography' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(source)},
        timeout=60,
    )
    assert answer.stdout == "False\n"


def test_help_names_every_command_with_a_line_about_it(gateline: Gateline) -> None:
    result = gateline("--help")
    assert result.exit_code == 0
    for name, row in COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert row.help in result.stdout


def test_without_a_command_help_is_shown_and_the_usage_was_wrong(gateline: Gateline) -> None:
    result = gateline()
    assert result.exit_code == 2
    assert "Usage: gateline" in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(gateline: Gateline, name: str) -> None:
    result = gateline(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: gateline {name}" in result.stdout
    assert "--help" in result.stdout


def test_the_version_is_told(gateline: Gateline) -> None:
    result = gateline("--version")
    assert (result.exit_code, result.stdout) == (0, f"gateline {__version__}\n")


def test_a_mistyped_command_gets_the_one_that_was_meant(gateline: Gateline) -> None:
    result = gateline("chek")
    assert result.exit_code == 2
    assert result.stderr == "gateline: no such command 'chek'; did you mean 'check'?\n"


@pytest.mark.parametrize(
    "arguments", [["xyzzy"], ["check", "--nonsense"], ["check", "a", "b"], ["--nonsense"]]
)
def test_wrong_usage_has_the_exit_code_2(gateline: Gateline, arguments: list[str]) -> None:
    result = gateline(*arguments)
    assert result.exit_code == 2
    assert "Usage: gateline" in result.stderr
    assert result.stdout == ""


def fails_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `gateline doctor` raise this."""

    def doctor() -> None:
        raise error

    module = type(sys)("fake_command")
    module.doctor = doctor  # type: ignore[attr-defined]  # a module made for one test
    monkeypatch.setitem(sys.modules, "fake_command", module)
    monkeypatch.setattr(app_module, "COMMANDS", {"doctor": Row("fake_command", "doctor", "help")})


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (FileUnreadable("x.yaml does not exist"), 2, "gateline: x.yaml does not exist\n"),
        (AddressInUse("127.0.0.1:8080 is in use"), 1, "gateline: 127.0.0.1:8080 is in use\n"),
    ],
)
def test_what_ends_a_command_is_one_message(
    gateline: Gateline, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, message: str
) -> None:
    fails_with(monkeypatch, error)
    result = gateline("doctor")
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", message)


def test_a_fault_of_gateline_is_said_without_its_text_which_may_hold_a_secret(
    gateline: Gateline, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(monkeypatch, KeyError("hunter2"))
    result = gateline("doctor")
    assert result.exit_code == 1
    assert "internal error: KeyError at test_app.py:" in result.stderr
    assert "hunter2" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("make", [lambda: FileUnreadable("gone"), lambda: KeyError("x")])
def test_debugging_shows_tracebacks(
    gateline: Gateline, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Exception]
) -> None:
    fails_with(monkeypatch, make())
    monkeypatch.setenv("GATELINE_DEBUG", "1")
    assert "Traceback (most recent call last)" in gateline("doctor").stderr


def test_completion_knows_the_commands_and_their_options() -> None:
    def complete(line: str, current: int) -> list[str]:
        answer = run_apart(_GATELINE_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(current))
        return answer.stdout.split()

    assert {"check", "compile"} <= set(complete("gateline c", 1))
    assert "--overlay" in complete("gateline check --", 2)


def test_the_module_runs_as_the_command_does() -> None:
    answer = run_apart("--version")
    assert (answer.returncode, answer.stdout) == (0, f"gateline {__version__}\n")


def test_a_user_fault_is_no_traceback_in_a_process_of_its_own(tmp_path: Path) -> None:
    answer = run_apart("check", str(tmp_path / "none.yaml"))
    assert answer.returncode == 2
    assert answer.stderr == f"gateline: {tmp_path / 'none.yaml'} does not exist\n"


def test_a_reader_that_leaves_early_is_no_fault(tmp_path: Path) -> None:
    source = Path(app_module.__file__).parents[2]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(source)}
    with subprocess.Popen(
        [sys.executable, "-m", "gateline", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
