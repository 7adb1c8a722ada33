from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands import PATIENCE, started
from runtime.projects import MOCK, write_project

CLOSINGS = [
    closed for count in range(1, 4) for closed in itertools.combinations(("<&-", ">&-", "2>&-"), count)
]
TOLD = """
import json, os, subprocess, sys
from gateline.runtime.standard_streams import open_standard_streams
open_standard_streams()
child = subprocess.run([sys.executable, "-c", "import os; [os.fstat(n) for n in range(3)]"], close_fds=False)
pipe = os.pipe()
print("to nowhere or somewhere"); sys.stderr.write("too"); sys.stdin.read()
with open(sys.argv[1], "w") as told:
    json.dump([min(pipe) > 2, child.returncode], told)
"""


def closing(streams: tuple[str, ...]) -> tuple[str, ...]:
    """The words that run a command without these streams."""
    return ("sh", "-c", f'exec "$@" {" ".join(streams)}', "sh")


@pytest.mark.parametrize("closed", CLOSINGS, ids=" ".join)
def test_what_is_closed_is_opened_for_us_and_children(tmp_path: Path, closed: tuple[str, ...]) -> None:
    told = tmp_path / "told"
    path = {"PYTHONPATH": ":".join(each for each in sys.path if each)}
    command = [*closing(closed), sys.executable, "-c", TOLD, str(told)]
    subprocess.run(command, env=path, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert json.loads(told.read_text()) == [True, 0]


@pytest.mark.parametrize("command", ["up", "serve"])
@pytest.mark.envoy
def test_a_gateway_without_standard_streams_serves_until_it_is_told_to_stop(
    tmp_path: Path, command: str
) -> None:
    write_project(tmp_path, {"/hello": MOCK})
    ready = tmp_path / "ready.json"
    arguments = (command, tmp_path, "--port", "0", "--ready-file", ready)
    with started(*arguments, before=closing(("<&-", ">&-", "2>&-"))) as process:
        while not ready.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert not ready.exists()
