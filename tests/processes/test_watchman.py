from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateline.processes import watchman

MARK = f"GATELINE_TASK={os.urandom(8).hex()}"
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows environments")


@contextmanager
def sleeper(mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of nobody's family that bears a mark."""
    name, _, value = mark.partition("=")
    command = [sys.executable, "-c", SLEEPER]
    with subprocess.Popen(
        command, env={name: value}, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def test_when_its_pipe_closes_all_that_bear_a_mark_are_ended_and_nobody_else() -> None:
    command = [sys.executable, "-I", "-S", watchman.__file__]
    with (
        sleeper(f"{MARK}/task/a/1") as ours,
        sleeper(f"{MARK}0/task/a/1") as theirs,
        sleeper("OTHER=x") as another,
        subprocess.Popen(command, stdin=subprocess.PIPE) as watching,
    ):
        assert watching.stdin
        watching.stdin.write(f"{MARK}\n".encode())
        watching.stdin.flush()
        watching.stdin.write(b"OTHER=x\n")
        watching.stdin.close()
        assert ours.wait(20) == -signal.SIGKILL
        assert another.wait(20) == -signal.SIGKILL
        assert watching.wait(20) == 0
        assert theirs.poll() is None
