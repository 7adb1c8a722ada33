from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateline.processes import tether

SCRIPT = tether.__file__


def run(*arguments: str, parent: int | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, str(os.getpid() if parent is None else parent), *arguments],
        capture_output=True,
        text=True,
        env={"GATELINE_TETHERED_PATH": os.environ["PATH"], "SECRET": "x", **environ},
        stdin=subprocess.DEVNULL,
        timeout=20,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe ties it")
def test_nothing_runs_when_the_parent_is_gone() -> None:
    done = run("-1", "echo", "alive", parent=1 if os.getppid() != 1 else 2)
    assert (done.returncode, done.stdout) == (1, "")


def test_the_program_is_found_on_the_path_and_leaves_no_core() -> None:
    done = run("-1", "sh", "-c", "ulimit -c; echo ${SECRET:-none}")
    assert done.stdout.split() == ["0", "none"]


def test_the_program_may_open_as_many_files_as_is_told() -> None:
    done = run("-1", "sh", "-c", "ulimit -Sn; echo ${GATELINE_FILES:-none}", GATELINE_FILES="77")
    assert done.stdout.split() == ["77", "none"]


def test_a_broken_pipe_ends_its_writer_as_everywhere() -> None:
    assert run("-1", "sh", "-c", "trap - PIPE; kill -PIPE $$; echo alive").stdout == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_hidden_file_is_no_code() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / ".env").touch(mode=0o600)
        (folder / ".git").mkdir(mode=0o700)
        assert run("1879050000", "--reaches", place).returncode == 0
        (folder / "app.py").touch(mode=0o600)
        assert run("1879050000", "--reaches", place).returncode == 3


def test_a_missing_program_is_named() -> None:
    done = run("-1", "no-such-program")
    assert done.returncode == 1
    assert "cannot run no-such-program" in done.stderr


def test_what_can_be_read_is_reached(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    assert run("-1", "--reaches", str(tmp_path), sys.executable).returncode == 0
    assert run("-1", "--reaches", str(tmp_path / "missing")).returncode == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_user_cannot_become_another_again() -> None:
    done = run("1879050000", "sh", "-c", "id -u; grep NoNewPrivs /proc/self/status")
    assert done.stdout.split() == ["1879050000", "NoNewPrivs:", "1"]


def test_an_attached_program_keeps_standard_input_and_its_faults_are_told_as_shells_do() -> None:
    def attached(*program: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", SCRIPT, str(os.getpid()), "-1", "--attached", *program],
            input="said",
            capture_output=True,
            text=True,
            env={"GATELINE_TETHERED_PATH": os.environ["PATH"]},
            timeout=20,
            check=False,
        )

    assert attached("cat").stdout == "said"
    for program, code in (("no-such-program", 127), (tempfile.gettempdir(), 126)):
        done = attached(program)
        assert done.returncode == code
        assert done.stderr.startswith(f"gateline: cannot run {program}: ")
