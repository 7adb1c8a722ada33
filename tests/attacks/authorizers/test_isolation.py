"""D12: what functions can do to the gateway and to each other when each has a user of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from attacks.authorizers.conftest import PROJECT
from harness.guarded_gateway import bearer, guarded_gateway

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers under attack")]

SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives functions users of their own")
@pytest.mark.skipif(SYSTEM_PYTHON is None, reason="there is no Python that every user may read")
def test_a_function_with_a_user_of_its_own_can_touch_nothing_of_the_gateways(tmp_path: Path) -> None:
    assert SYSTEM_PYTHON is not None
    options = ("--log-format", "json", "--overlay", str(PROJECT / "snooping.yaml"))
    environ = {"SYSTEM_PYTHON": SYSTEM_PYTHON}
    with guarded_gateway(PROJECT, tmp_path, *options, environ=environ) as guarded:
        assert guarded.send(b"GET", b"/prod/told", host=b"proxied.localhost").status == 200  # a neighbour
        received = guarded.reaches(b"GET", b"/prod/mapped/1", bearer())
        assert received.all(b"x-tier") == [b"could []"]
        status = Path(f"/proc/{guarded.calls()[-1].pid}/status").read_text()
        assert "\nNoNewPrivs:\t1\n" in status
        assert "\nUid:\t0" not in status
