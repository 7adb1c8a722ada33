"""A project of one load balancer and no API: the balancer serves, and the edge knows nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from harness.free_port import free_port
from harness.gateway_process import running_gateway
from harness.raw_client import exchange

PROJECT: Final = Path(__file__).parent / "alone"
REQUEST: Final = b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"


def told(command: str, environ: dict[str, str]) -> str:
    """What a command says of the project; it must succeed."""
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-m", "gateline", command, str(PROJECT)],
        env={**os.environ, "PYTHONPATH": path, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.envoy
def test_a_project_without_apis_is_checked_listed_and_served(tmp_path: Path) -> None:
    port = free_port()
    environ = {"ALONE_PORT": str(port)}
    assert "0 errors" in told("check", environ)
    assert told("routes", environ).startswith("API ")
    with running_gateway(PROJECT, tmp_path, environ) as gateway:
        [answer] = exchange(port, REQUEST)
        assert (answer.status, answer.body) == (200, b"alone")
        [stranger] = exchange(gateway.port, REQUEST)
        assert stranger.status == 403
        gateway.output.wait_for(f"balancer public: http://127.0.0.1:{port}")
