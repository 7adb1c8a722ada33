from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gateline.runtime.control_start import HOUSE, Above, start_control

CHILD = f"""
import os, socket, sys
words = os.environ[{HOUSE!r}].split(" ")
lines = socket.socket(fileno=int(words[1]))
pipe = int(words[3].partition("=")[2])
told = [words[0], os.environ["GATELINE_TASK"], os.getsid(0) == os.getpid(), os.fstat(pipe).st_ino]
lines.sendall(repr(told).encode())
"""


def test_what_control_is_told_can_be_read_again() -> None:
    above = Above(7, 8, 9, {"port/gateway": 10, "lock": 11})
    assert Above.of(above.text()) == above
    assert Above.of(Above(7, 8, 9, {}).text()).held == {}
    with pytest.raises(ValueError):
        Above.of("yes")


def test_control_is_what_was_called_and_inherits_its_lines_and_what_is_held(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", CHILD])
    with (tmp_path / "file").open("w") as held:
        started = start_control("0123", {"lock": held.fileno()})
        with started.lines, started.handles:
            assert os.waitpid(started.pid, 0)[1] == 0
            told = started.lines.recv(1000).decode()
        assert not os.get_inheritable(held.fileno())
        assert told == repr([str(os.getpid()), "0123/control", True, os.fstat(held.fileno()).st_ino])
