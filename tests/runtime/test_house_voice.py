from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateline.runtime import house_voice

SOURCES = Path(house_voice.__file__).parents[2]
PROGRAM = """
import sys
sys.argv = ["gateline", *sys.argv[1:]]
from gateline.runtime.house_voice import HouseVoice
voice = HouseVoice()
for number in range(int(sys.argv.pop())):
    voice.say(f"line {number}")
voice.close()
"""


def speaking(command: str, lines: int, *, out: int, error: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    words = [sys.executable, "-c", PROGRAM, command, str(lines)]
    return subprocess.Popen(words, env=environment, stdout=out, stderr=error)


def test_people_are_told_on_standard_error() -> None:
    with speaking("up", 2, out=subprocess.PIPE, error=subprocess.PIPE) as process:
        out, error = process.communicate(timeout=60)
    assert (out, error) == (b"", b"gateline: line 0\ngateline: line 1\n")


def test_below_serve_it_is_a_line_of_json_on_standard_output() -> None:
    with speaking("serve", 1, out=subprocess.PIPE, error=subprocess.PIPE) as process:
        out, error = process.communicate(timeout=60)
    told = json.loads(out)
    assert (told["event"], told["level"], told["message"], error) == ("house", "warning", "line 0", b"")


def test_a_pipe_that_nobody_reads_stops_nobody() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb"), os.fdopen(write_end, "wb", buffering=0) as full:
        os.set_blocking(write_end, False)
        while full.write(b"x" * 1024):
            pass
        os.set_blocking(write_end, True)
        with speaking("up", 3000, out=subprocess.DEVNULL, error=write_end) as process:
            assert process.wait(60) == 0
        assert not fcntl.fcntl(write_end, fcntl.F_GETFL) & os.O_NONBLOCK


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_stops_nobody() -> None:
    with (
        Path("/dev/full").open("wb") as full,
        speaking("up", 3, out=full.fileno(), error=full.fileno()) as process,
    ):
        assert process.wait(60) == 0
