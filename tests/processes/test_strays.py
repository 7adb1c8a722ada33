from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateline.functions.environment import function_environment
from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin
from gateline.processes.strays import end_strays, function_mark, instance_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows environments")


@contextmanager
def left_behind(scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process as a function with this scratch folder leaves one behind, with a child of its own."""
    function = Function(name="f", kind=FunctionKind.PYTHON, origin=Origin(""))
    environment = function_environment(function, os.environ, code_root=scratch, instance=instance_of(scratch))
    command = [sys.executable, "-c", "import os, time; os.fork(); print('up', flush=True); time.sleep(600)"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() + process.stdout.readline() == b"up\nup\n"
        try:
            yield process
        finally:
            process.kill()
            end_strays(function_mark(scratch))


def test_what_functions_left_behind_is_ended_with_its_children(tmp_path: Path) -> None:
    with left_behind(tmp_path) as process:
        assert end_strays(function_mark(tmp_path)) >= 2
        assert process.wait(10) == -9
        assert process.stdout is not None
        assert process.stdout.read() == b""  # the child held it, too
    assert end_strays(function_mark(tmp_path)) == 0


def test_what_another_gateways_functions_left_behind_is_left_alone(tmp_path: Path) -> None:
    with left_behind(tmp_path / "theirs") as process:
        assert end_strays(function_mark(tmp_path / "ours")) == 0
        assert process.poll() is None
