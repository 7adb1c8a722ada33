"""examples/cluster as it stands: a version is rolled out, a broken one goes back, and no request fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from harness.free_port import free_port

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "cluster"
SECONDS: Final = 240

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("services")]


def test_deployments_can_be_watched_and_the_broken_one_goes_back(tmp_path: Path) -> None:
    overlay = tmp_path / "all-at-once.yaml"
    at_once = {"deployment_configuration": {"maximum_percent": 200}}
    overlay.write_text(yaml.safe_dump({"services": {"web": at_once}}))
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "run.py"), "--overlay", str(overlay)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
            "CLUSTER_PORT": str(free_port()),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ *[0-9.]+ s  version 1: \d+ .* tasks: 4 healthy", done.stdout, re.MULTILINE)
    assert "deployment 3 FAILED: 3 failed in a row" in done.stdout
    assert "deployment 4 brought revision" in done.stdout
    assert re.search(
        r"^\d+ requests, 0 failed \(version 1: \d+, version 2: \d+\)$", done.stdout, re.MULTILINE
    )
    assert not (EXAMPLE / ".gateline").exists()
