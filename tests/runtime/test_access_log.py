"""Access logs of balancers: made before Envoy opens them, begun anew when they are moved away or too long."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from compile.balancers import balancer, fixed, listener, project, rule
from gateline.errors import FileUnreadable
from gateline.model.diagnostic import Complaints
from gateline.model.gateway import Gateway
from gateline.runtime import access_log
from gateline.runtime.access_log import AccessLogs, logs_of, prepare
from gateline.runtime.admin import Admin
from gateline.runtime.upkeep import Duty
from harness.raw_client import exchange
from proofs.running_envoy import RunningEnvoy, bootstrap_of, running_envoy


def done(duty: Duty) -> None:
    async def work() -> None:
        await duty.work()

    asyncio.run(work())


def logging_to(*logs: Path) -> Gateway:
    """A project with a balancer for each of these logs."""
    made = (
        replace(balancer(listener(rule(None, fixed(200)), bind_port=0), name=f"b{at}"), access_log=str(log))
        for at, log in enumerate(logs)
    )
    return project(*made)


def complaints_of(gateway: Gateway) -> list[str]:
    complaints = Complaints()
    prepare(gateway, complaints)
    return [f"{each.code.name} {each.message}" for each in complaints.report().diagnostics]


def test_a_log_is_made_for_its_owner_alone_and_what_it_holds_stays(tmp_path: Path) -> None:
    new, old = tmp_path / "new.log", tmp_path / "old.log"
    old.write_text("a line\n")
    assert not complaints_of(logging_to(new, old))
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    assert old.read_text() == "a line\n"


def test_a_log_that_cannot_be_made_is_complained_of(tmp_path: Path) -> None:
    [told] = complaints_of(logging_to(tmp_path / "gone" / "a.log"))
    assert told.startswith("GL259 the access log of b0 cannot be written: ")


def test_a_pipe_that_nobody_reads_holds_up_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    [told] = complaints_of(logging_to(tmp_path / "pipe"))
    assert told.startswith("GL259 the access log of b0 cannot be written: ")


def test_two_balancers_may_share_a_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert logs_of(logging_to(log, log)) == (log,)


def test_nothing_is_due_before_anything_is_served_nor_when_all_is_well(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.touch()
    admin = Admin(tmp_path / "admin")
    assert AccessLogs(lambda: None, admin).duty().due() is None
    assert AccessLogs(lambda: logging_to(log), admin).duty().due() is None


def test_an_envoy_that_does_not_answer_is_told(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.touch()
    duty = AccessLogs(lambda: logging_to(log), Admin(tmp_path / "nobody")).duty()
    assert duty.due() is None
    log.rename(tmp_path / "moved.log")
    assert duty.due() is not None
    with pytest.raises(FileUnreadable, match="not opened again"):
        done(duty)
    assert duty.due() is not None


@contextmanager
def serving(gateway: Gateway) -> Iterator[RunningEnvoy]:
    bootstrap = bootstrap_of(gateway)
    static = bootstrap["static_resources"]
    static["listeners"] = [each for each in static["listeners"] if each["name"] != "edge"]
    with running_envoy(bootstrap) as envoy:
        yield envoy


def asked(envoy: RunningEnvoy, path: bytes) -> None:
    assert exchange(envoy.port, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")


def written(log: Path, text: str) -> None:
    """Wait until Envoy, which writes a little later, has written this."""
    end = time.monotonic() + 10
    while text not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.01)


@pytest.mark.envoy
def test_a_log_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    gateway = logging_to(log)
    prepare(gateway, Complaints())
    with serving(gateway) as envoy:
        duty = AccessLogs(lambda: gateway, Admin(Path(envoy.admin_socket))).duty()
        assert duty.due() is None
        asked(envoy, b"/first")
        log.rename(tmp_path / "moved.log")
        assert duty.due() is not None
        done(duty)
        assert duty.due() is None
        asked(envoy, b"/second")
        written(log, "/second")
    moved = (tmp_path / "moved.log").read_text()
    assert "/first" in moved + log.read_text()
    assert "/second" not in moved
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.envoy
def test_a_log_that_is_too_long_is_moved_away_and_few_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "LONGEST", 10)
    log = tmp_path / "a.log"
    gateway = logging_to(log)
    prepare(gateway, Complaints())
    with serving(gateway) as envoy:
        duty = AccessLogs(lambda: gateway, Admin(Path(envoy.admin_socket))).duty()
        assert duty.due() is None
        for turn in range(6):
            log.write_text(f"turn {turn}, long enough\n")
            assert duty.due() is not None
            done(duty)
            assert duty.due() is None
    former = {path.name: path.read_text()[:6] for path in tmp_path.glob("a.log.*")}
    assert former == {"a.log.1": "turn 5", "a.log.2": "turn 4", "a.log.3": "turn 3", "a.log.4": "turn 2"}
