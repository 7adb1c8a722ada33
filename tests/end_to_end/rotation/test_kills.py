"""Control is killed at the steps of a rotation, under load: the one after it goes on, and no request fails for it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from end_to_end.rotation.conftest import Rotating, request, rotating_gateway
from gateline.errors import GatelineError
from harness.busy_callers import BusyCallers
from harness.gateway_process import running_gateway

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.xdist_group("rotation"),
    pytest.mark.skipif(sys.platform != "linux", reason="starts control again"),
]


def again(rotating: Rotating, name: str) -> dict[str, Any]:
    """What is told of a secret when a rotation that a control left is over, by the control after it."""
    while True:
        try:
            told = rotating.secrets()[name]
        except GatelineError:  # nobody answers yet
            continue
        if told["step"] == "idle":
            return told


@pytest.mark.parametrize("seen", range(6))
def test_a_control_that_is_killed_at_a_step_is_followed_by_one_that_goes_on(
    rotating: Rotating, seen: int
) -> None:
    before = rotating.stale("Filed")
    with BusyCallers(rotating.gateway.port, request("Filed"), count=3) as callers:
        callers.go_on_for(10)
        control = rotating.control
        rotating.rotate("Filed")
        rotating.ask({"action": "follow", "secret": "Filed", "seen": seen})
        os.kill(control, signal.SIGKILL)
        told = again(rotating, "Filed")
        callers.go_on_for(10)
    assert set(callers.answers) == {200}
    assert callers.refused == 0
    assert told["problem"] == ""
    former = rotating.stale("Filed")
    assert former not in (None, before)
    assert rotating.directly("Filed", former or b"") == {401}
    assert rotating.control != control


@pytest.mark.parametrize("seen", [0, 2])
def test_a_gateway_of_which_everything_is_killed_goes_on_when_it_is_started_again(
    tmp_path: Path, seen: int
) -> None:
    with rotating_gateway(tmp_path) as rotating:
        rotating.rotate("Filed")
        rotating.ask({"action": "follow", "secret": "Filed", "seen": seen})
        os.kill(rotating.gateway.pids["gateline"], signal.SIGKILL)
    with running_gateway(tmp_path / "project", tmp_path / "scratch", {}) as gateway:
        back = Rotating(gateway=gateway, folder=tmp_path / "project")
        assert again(back, "Filed")["problem"] == ""
        with BusyCallers(gateway.port, request("Filed"), count=1) as callers:
            callers.go_on_for(5)
        assert set(callers.answers) == {200}
        assert back.directly("Filed", back.stale("Filed") or b"") == {401}
