"""Two accidents at once: what comes together with the end of control, and is not its own kill matrix."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from cli.commands import PATIENCE
from cli.test_serve import Serving, held_back, line, serving
from end_to_end.test_kills import family, read
from runtime.projects import MOCK, proxy

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


def whole(served: Serving, ready: Path, before: dict[str, int], *roles: str) -> None:
    """Wait until other processes play the roles, and a request is answered."""
    last = time.monotonic() + 2 * PATIENCE
    while any(pids(ready).get(role, before[role]) == before[role] for role in roles):
        assert time.monotonic() < last, "nobody took its place"
        time.sleep(0.01)
    while True:
        with suppress(OSError):
            assert served.ask("/prod/hello")[0] == 200
            return
        assert time.monotonic() < last, "nobody listens"
        time.sleep(0.01)


def next_envoy(house: int, former: int) -> int:
    """The child of the house that is Envoy, and not the former one, as soon as there is one."""
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        for pid in family(house):
            if pid != former and b"/envoy" in read(pid, "cmdline").split(b"\0")[0]:
                return pid
    raise AssertionError("no Envoy was started")


def test_an_envoy_that_hangs_when_control_comes_back_is_started_again(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with serving(tmp_path, {"/hello": MOCK}, "--ready-file", ready) as served:
        before = pids(ready)
        os.kill(before["envoy"], signal.SIGSTOP)
        os.kill(before["control"], signal.SIGKILL)
        whole(served, ready, before, "envoy", "control")
        served.stop()
        assert served.end()[0] == 0


def test_an_envoy_that_hangs_while_it_is_started_again_is_started_once_more(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with serving(tmp_path, {"/hello": MOCK}, "--ready-file", ready) as served:
        before = pids(ready)
        os.kill(before["envoy"], signal.SIGKILL)
        os.kill(next_envoy(before["gateline"], before["envoy"]), signal.SIGSTOP)
        whole(served, ready, before, "envoy")
        served.stop()
        assert served.end()[0] == 0


def test_what_was_accepted_is_served_and_kept_alive_while_the_definitions_are_bad(tmp_path: Path) -> None:
    """A bad edit, then the end of control, then that of Envoy: nobody would tell a new Envoy anything."""
    ready = tmp_path / "ready.json"
    with serving(tmp_path, {"/hello": MOCK}, "--ready-file", ready) as served:
        before = pids(ready)
        good = (tmp_path / "gateline.yaml").read_text()
        (tmp_path / "gateline.yaml").write_text("apis: [")
        os.kill(before["control"], signal.SIGKILL)
        whole(served, ready, before, "control")
        before = pids(ready)
        os.kill(before["envoy"], signal.SIGKILL)
        whole(served, ready, before, "envoy")
        (tmp_path / "gateline.yaml").write_text(good)
        os.kill(before["control"], signal.SIGKILL)
        whole(served, ready, before, "control")
        served.stop()
        assert served.end()[0] == 0


@pytest.mark.parametrize("what", [".gateline", ".gateline/sockets"])
def test_a_state_folder_that_is_removed_is_made_again(tmp_path: Path, what: str) -> None:
    ready = tmp_path / "ready.json"
    with serving(tmp_path, {"/hello": MOCK}, "--ready-file", ready) as served:
        before = pids(ready)
        removed = tmp_path / what
        if not removed.exists():  # the sockets of a deep folder lie elsewhere
            removed = Path((tmp_path / ".gateline" / "sockets.path").read_text())
        shutil.rmtree(removed)
        whole(served, ready, before, "control")
        assert (
            f"somebody has removed {removed if removed.parent != tmp_path else tmp_path}"
            in line(served.process, "failed")["message"]
        )
        before = pids(ready)
        os.kill(before["envoy"], signal.SIGKILL)
        whole(served, ready, before, "envoy")
        served.stop()
        assert served.end()[0] == 0
