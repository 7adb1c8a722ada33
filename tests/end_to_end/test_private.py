"""examples/private as it stands: each of its services answers through the gateway, and nobody beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "private"
SECONDS: Final = 120
WAYS: Final = ("ledger", "archive", "legacy")

pytestmark = pytest.mark.envoy


def copied(folder: Path) -> Path:
    """The example, to be changed, with what stands beside it in the repository."""
    project = folder / "examples" / "private"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".gateline", "__pycache__"))
    (folder / "guard").symlink_to(ROOT / "guard")
    return project


def run(project: Path) -> subprocess.CompletedProcess[str]:
    """What `make private` says there, with the Gateline of this test."""
    search = os.pathsep.join(each for each in sys.path if each)
    overlay = project / "tested.yaml"
    overlay.write_text(yaml.safe_dump({"services": {"legacy": {"environment": {"PYTHONPATH": search}}}}))
    return subprocess.run(
        [sys.executable, str(project / "run.py"), "--port", "0", "--overlay", str(overlay)],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_each_service_answers_through_the_gateway(tmp_path: Path) -> None:
    done = run(copied(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for service in WAYS:
        assert f'{service:8} 200 {{"service": "{service}", "path": "/{service}"}}' in done.stdout
