"""Commands as processes of their own, for tests of what signals and exit codes do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from runtime.projects import SECRET

PATIENCE = 30.0


@contextmanager
def started(
    *arguments: str | Path,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    before: Sequence[str] = (),
    stdin: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[str]]:
    """A running `gateline`; whatever happens, it is ended. `before`: the words of a program that runs it."""
    path = os.pathsep.join(each for each in sys.path if each)
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "gateline", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "PASSTHROUGH_SECRET": SECRET, **(environ or {})},
        cwd=folder,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def ended(*arguments: str | Path, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """The exit code and what was said, when the command ends by itself."""
    with started(*arguments, environ=environ) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err


def first_line(process: subprocess.Popen[str]) -> str:
    """The first line of standard output, when it comes."""
    assert process.stdout is not None
    return process.stdout.readline()


def rest(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What is still said on standard output and standard error until the command has ended."""
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.read(), process.stderr.read()
    process.wait(timeout=PATIENCE)
    return said
