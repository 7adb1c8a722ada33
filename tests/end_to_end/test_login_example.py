"""examples/login as it stands: `make login` logs in by itself, and a balancer lets nobody else in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from harness.free_port import free_port

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "login"
SECONDS: Final = 120

pytestmark = pytest.mark.envoy


def run(project: Path) -> subprocess.CompletedProcess[str]:
    """What `make login` says there, with the Gateline of this test."""
    search = os.pathsep.join(each for each in sys.path if each)
    environ = {"PYTHONPATH": search, "SITE_PORT": str(free_port()), "PROVIDER_PORT": "0"}
    return subprocess.run(
        [sys.executable, str(project / "run.py"), "--once", "--port", "0"],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def copied(folder: Path) -> Path:
    return Path(
        shutil.copytree(EXAMPLE, folder / "login", ignore=shutil.ignore_patterns(".gateline", "__pycache__"))
    )


def test_the_example_logs_in_and_out(tmp_path: Path) -> None:
    done = run(copied(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the site is told who came" in done.stdout
    assert "/public/ in a browser" in done.stdout


def test_the_example_fails_when_the_login_is_gone(tmp_path: Path) -> None:
    project = copied(tmp_path)
    text = (project / "gateline.yaml").read_text()
    (project / "gateline.yaml").write_text(text.replace("on_unauthenticated_request: deny", "scope: openid"))
    done = run(project)
    assert done.returncode == 1, done.stdout + done.stderr
