from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateline.runtime import lifeline

SCRIPT = str(Path(lifeline.__file__))
SLEEPER = "import os; os.write(1, f'{os.getpid()}\\n'.encode()); import time; time.sleep(600)"
PARENT = f"""
import os, subprocess, sys
tie, script = sys.argv[1:]
read_end, write_end = os.pipe()
subprocess.Popen([sys.executable, "-I", "-S", script, tie, str(os.getpid()), sys.executable, "-c", {SLEEPER!r}],
                 stdin=read_end)
os.close(read_end)
import time; time.sleep(600)
"""

ties = pytest.mark.parametrize(
    "tie",
    [
        pytest.param("kernel", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux's own way")),
        "pipe",
    ],
)


@ties
def test_the_program_is_killed_when_its_parent_is(tie: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, tie, SCRIPT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        program = int(parent.stdout.readline())
        os.kill(program, 0)  # it runs
        parent.send_signal(signal.SIGKILL)
        # Ends when everybody who holds the pipe's other end is gone: parent, program, and watchman.
        rest, _ = parent.communicate(timeout=20)
        assert rest == b""


@ties
def test_the_program_takes_the_place_of_the_script(tie: str) -> None:
    code = "import os, sys; print(os.getpid(), sys.argv[1:], sys.stdin.read())"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", SCRIPT, tie, str(os.getpid()), sys.executable, "-c", code, "a", "b"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == f"{started.pid} ['a', 'b'] \n"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's own way")
def test_a_program_whose_parent_died_before_is_not_started(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", SCRIPT, "kernel", "1", sys.executable, "-c", "print('started')"]
    ended = subprocess.run(command, capture_output=True, check=False, text=True)
    assert ended.returncode == 1
    assert ended.stdout == ""
