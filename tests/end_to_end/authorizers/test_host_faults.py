"""The host killed, stopped and replaced under load: whoever is remembered notices nothing, nobody else gets in."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.busy_callers import BusyCallers
from harness.guarded_gateway import (
    Guarded,
    allow,
    authorization,
    bearer,
    guarded_gateway,
    policy,
    request_bytes,
)

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("authorizers")]

PROJECT = Path(__file__).parent / "project"


def host_pid(guarded: Guarded) -> int:
    """The host's process, as the ready file of the gateway tells it."""
    told = json.loads((guarded.gateway.state.parent / "ready.json").read_text())
    return int(told["pids"]["host"])


def remembered(guarded: Guarded) -> bytes:
    """A request whose caller both workers of Envoy remember."""
    line = bearer(allow("*"))
    sent = request_bytes(b"GET", b"/prod/token", [line])
    with BusyCallers(guarded.port, sent, count=8) as callers:
        callers.go_on_for(200)
    assert set(callers.answers) == {200}
    return sent


def test_a_host_that_is_killed_under_load_closes_misses_only_and_comes_back(guarded: Guarded) -> None:
    before = host_pid(guarded)
    with BusyCallers(guarded.port, remembered(guarded)) as callers:
        os.kill(before, signal.SIGKILL)
        misses = [guarded.get(b"/prod/token", bearer(allow("*"))) for _ in range(20)]
        while misses[-1].status != 200:
            misses.append(guarded.get(b"/prod/token", bearer(allow("*"))))
            assert len(misses) < 5_000
        callers.go_on_for(100)
    assert set(callers.answers) == {200}
    assert {answer.status for answer in misses} <= {200, 500}
    assert misses[0].status == 500
    assert {answer.body for answer in misses if answer.status == 500} == {b'{"message":null}'}
    assert host_pid(guarded) != before
    assert guarded.gateway.output.wait_for("host")


def test_a_function_behind_a_host_that_is_gone_is_an_error_of_the_gateway(guarded: Guarded) -> None:
    os.kill(host_pid(guarded), signal.SIGKILL)
    statuses: list[int] = []
    while not statuses or statuses[-1] != 200:
        statuses.append(guarded.send(b"GET", b"/prod/told", host=b"proxied.localhost").status)
        assert len(statuses) < 5_000
    assert set(statuses) <= {200, 500, 502, 503, 504}


def test_who_waits_for_a_host_that_is_killed_is_turned_away(guarded: Guarded) -> None:
    never = guarded.folder / "never-host"
    line = authorization(wait_for=str(never), say=policy(allow("*")))
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(guarded.get, b"/prod/token", line) for _ in range(4)]
        while not guarded.calls():
            assert not any(each.done() for each in waiting)
        os.kill(host_pid(guarded), signal.SIGKILL)
        assert [each.result().status for each in waiting] == [500] * 4
    never.touch()
    statuses = {
        guarded.status(b"/prod/token", line) for _ in iter(lambda: guarded.status(b"/prod/token", line), 200)
    }
    assert statuses <= {200, 500}
    assert guarded.seen()


def test_a_host_that_is_stopped_for_a_while_keeps_misses_waiting_and_nobody_else(guarded: Guarded) -> None:
    host = host_pid(guarded)
    sent = remembered(guarded)
    with BusyCallers(guarded.port, sent) as callers, ThreadPoolExecutor(8) as pool:
        os.kill(host, signal.SIGSTOP)
        try:
            waiting = [pool.submit(guarded.status, b"/prod/token", bearer(allow("*"))) for _ in range(8)]
            callers.go_on_for(200)
            assert not any(each.done() for each in waiting)
        finally:
            os.kill(host, signal.SIGCONT)
        assert [each.result() for each in waiting] == [200] * 8
    assert set(callers.answers) == {200}
    assert host_pid(guarded) == host


def test_an_envoy_that_is_killed_asks_the_host_who_asks_nobody(guarded: Guarded) -> None:
    line = bearer(allow("*"))
    assert guarded.status(b"/prod/token", line) == 200
    os.kill(guarded.gateway.pids["envoy"], signal.SIGKILL)
    statuses = []
    for _ in range(20_000):
        try:
            statuses.append(guarded.status(b"/prod/token", line))
        except (OSError, AssertionError):  # nobody listens, or hangs up
            continue
        if statuses[-1] == 200:
            break
    assert set(statuses) == {200}
    assert len(guarded.calls()) == 1


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="reads Linux's table of processes"
)


def relatives(folder: Path) -> list[str]:
    """The processes whose environment, arguments or open files name a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            texts = [(process / "environ").read_bytes(), (process / "cmdline").read_bytes()]
        except OSError:
            continue
        if any(str(folder).encode() in text for text in texts):
            found.append(texts[1].replace(b"\0", b" ").decode())
    return found


def arguments(pid: int) -> bytes:
    """What a process was started with; nothing when it has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def own_guarded(tmp_path: Path) -> Iterator[Guarded]:
    """A gateway of a test's own, that may stop; nothing may be left of it when it has stopped."""
    with guarded_gateway(PROJECT, tmp_path) as guarded:
        yield guarded
        assert relatives(guarded.folder)
    assert relatives(guarded.folder) == []
    assert relatives(tmp_path) == []


@needs_proc
def test_no_process_of_a_function_outlives_the_gateway(own_guarded: Guarded) -> None:
    for fault in ("leave children", "leave daemons", "answer twice", "print much"):
        line = authorization(fault=fault, say=policy(allow("*")))
        assert own_guarded.status(b"/prod/faulty", line) == 200
    with ThreadPoolExecutor(2) as pool:
        lines = [authorization(fault="loop"), authorization(fault="sleep")]
        waiting = [pool.submit(own_guarded.status, b"/prod/faulty", line) for line in lines]
        while len(own_guarded.calls()) < 6:
            assert not any(each.done() for each in waiting)
        os.kill(own_guarded.gateway.pids["gateline"], signal.SIGTERM)
        assert [each.result() for each in waiting] == [500, 500]  # what was in flight is answered


@needs_proc
def test_no_process_of_a_function_outlives_a_host_that_is_killed(own_guarded: Guarded) -> None:
    for fault in ("leave children", "leave daemons"):
        line = authorization(fault=fault, say=policy(allow("*")))
        assert own_guarded.status(b"/prod/faulty", line) == 200
    left = [call.pid for call in own_guarded.calls()]
    os.kill(host_pid(own_guarded), signal.SIGKILL)
    while own_guarded.status(b"/prod/faulty", bearer(allow("*"))) != 200:
        pass
    assert not [pid for pid in left if arguments(pid)]
