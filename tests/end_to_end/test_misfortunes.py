"""Two accidents at once: what comes together with the end of control, and is not its own kill matrix."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cli.commands import PATIENCE
from cli.test_serve import held_back, serving
from runtime.projects import proxy

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.xdist_group("kills"),
    pytest.mark.skipif(sys.platform != "linux", reason="what hangs is told from Linux's table of processes"),
]


def pids(ready: Path) -> dict[str, int]:
    """The processes of now."""
    found: dict[str, int] = json.loads(ready.read_text())["pids"]
    return found


def test_a_signal_while_control_is_started_again_lets_requests_in_flight_finish(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with held_back() as (port, taken, let):
        paths = {"/slow": proxy(f"http://127.0.0.1:{port}/")}
        with serving(tmp_path, paths, "--ready-file", ready, drain={"timeout_seconds": 3600}) as served:
            with closing(served.connection()) as connection:
                connection.request("GET", "/prod/slow")
                assert taken.wait(PATIENCE)
                os.kill(pids(ready)["control"], signal.SIGKILL)
                served.stop()
                let.set()
                assert connection.getresponse().read() == b"late"
            code, _, err = served.end()
    assert (code, err) == (0, "")
    assert not ready.exists()
    assert not list((tmp_path / ".gateline").glob("*.json"))
