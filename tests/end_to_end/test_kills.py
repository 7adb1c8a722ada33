"""The kill matrix: what is killed or stopped under load, how many requests that costs, and what is left of it.

Nothing here depends on how long anything takes; the times are printed, for `make bench` and the curious.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
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

pytestmark = [
    pytest.mark.envoy,
    pytest.mark.xdist_group("kills"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks through /proc"),
]

PROJECT = Path(__file__).parent / "authorizers" / "project"
CALLERS = 4
WORKERS = 2
MOST_IN_FLIGHT = CALLERS * (1 + WORKERS)
"""A caller has one request in flight. While Envoy's workers die one after another, another one may still queue it."""
PATIENCE = 30.0
LOOK_EVERY = 0.01


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded_gateway(PROJECT, tmp_path_factory.mktemp("kills"), "--log-format", "json") as running:
        yield running


def pids(guarded: Guarded) -> dict[str, int]:
    """The processes of now, as the ready file tells them."""
    told = json.loads((guarded.gateway.state.parent / "ready.json").read_text())
    found: dict[str, int] = told["pids"]
    return found


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    last = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < last, "it never came to be"
        time.sleep(LOOK_EVERY)


def known_caller(guarded: Guarded) -> bytes:
    """A request whose caller all workers of Envoy remember."""
    sent = request_bytes(b"GET", b"/prod/token", [bearer(allow("*"))])
    with BusyCallers(guarded.port, sent, count=8) as callers:
        callers.go_on_for(200)
    assert set(callers.answers) == {200}
    return sent


def whole_again(guarded: Guarded, role: str, before: dict[str, int]) -> None:
    """Wait until another process plays the role, and a caller whom nobody knows is let in."""
    until(lambda: pids(guarded).get(role, before[role]) != before[role])
    until(lambda: _is_let_in(guarded))


def _is_let_in(guarded: Guarded) -> bool:
    try:
        return guarded.status(b"/prod/token", bearer(allow("*"))) == 200
    except ConnectionRefusedError:
        return False


def under_load(guarded: Guarded, role: str, number: signal.Signals) -> BusyCallers:
    """Send a process a signal while callers are busy; returns when all is whole, with what they were answered."""
    sent, before = known_caller(guarded), pids(guarded)
    with BusyCallers(guarded.port, sent, count=CALLERS) as callers:
        callers.go_on_for(100)
        began = time.monotonic()
        os.kill(before[role], number)
        whole_again(guarded, role, before)
        took = time.monotonic() - began
        callers.go_on_for(100)
    after = pids(guarded)
    print(f"{number.name} {role}: whole after {took:.2f} s, {callers.answers}, {callers.refused} refused")
    assert {name for name in before if before[name] != after[name]} == {role}
    return callers


def test_a_killed_control_costs_no_request(guarded: Guarded) -> None:
    callers = under_load(guarded, "control", signal.SIGKILL)
    assert set(callers.answers) == {200}
    assert callers.refused == 0
    assert guarded.gateway.output.wait_for("control ended (signal SIGKILL)")
    assert guarded.gateway.output.wait_for("control is back")
    assert guarded.status(b"/prod/nowhere") == 403
    assert guarded.gateway.output.wait_for("/prod/nowhere")  # requests are told of as before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_envoy_costs_at_most_the_requests_in_flight(guarded: Guarded, number: signal.Signals) -> None:
    callers = under_load(guarded, "envoy", number)
    assert set(callers.answers) <= {200, 0}
    assert callers.answers[0] <= MOST_IN_FLIGHT


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_host_costs_callers_who_are_known_nothing(guarded: Guarded, number: signal.Signals) -> None:
    callers = under_load(guarded, "host", number)
    assert set(callers.answers) == {200}
    assert callers.refused == 0


def test_a_killed_worker_of_a_function_costs_at_most_the_request_it_had(guarded: Guarded) -> None:
    guarded.clear()
    never = guarded.folder / "never"
    waits = request_bytes(
        b"GET", b"/prod/token", [authorization(wait_for=str(never), say=policy(allow("*")))]
    )
    known = known_caller(guarded)
    guarded.clear()
    with (
        BusyCallers(guarded.port, known) as callers,
        BusyCallers(guarded.port, waits, count=1) as waiting,
    ):
        until(guarded.calls)
        os.kill(guarded.calls()[0].pid, signal.SIGKILL)
        waiting.go_on_for(1)
        never.touch()
        assert guarded.status(b"/prod/token", bearer(allow("*"))) == 200
        callers.go_on_for(100)
    assert set(callers.answers) == {200}
    assert waiting.answers[500] == 1


def test_a_killed_watchman_is_replaced(guarded: Guarded) -> None:
    house = pids(guarded)["gateline"]

    def watchman() -> set[int]:
        return {pid for pid in family(house) if b"watchman.py" in read(pid, "cmdline")}

    [before] = watchman()
    os.kill(before, signal.SIGKILL)
    until(lambda: watchman() - {before})
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_a_killed_house_takes_all_with_it_and_another_one_may_move_in(
    tmp_path: Path,
) -> None:
    with guarded_gateway(PROJECT, tmp_path) as guarded:
        answer = guarded.get(b"/prod/token", authorization(fault="leave daemons", say=policy(allow("*"))))
        assert answer.status == 200
        told = pids(guarded)
        marks = marks_of(told["control"]), scratch_mark(guarded)
        until(lambda: len(bearing(*marks)) >= 5)  # control, Envoy, the host, a worker, a daemon of its
        with BusyCallers(guarded.port, known_caller(guarded), count=CALLERS) as callers:
            callers.go_on_for(100)
            began = time.monotonic()
            os.kill(told["gateline"], signal.SIGKILL)
            until(lambda: not bearing(*marks) and not mentioning(tmp_path))
            print(f"SIGKILL house: nothing is left after {time.monotonic() - began:.2f} s")
        assert set(callers.answers) <= {200, 0}
        assert callers.answers[0] <= MOST_IN_FLIGHT
    with guarded_gateway(PROJECT, tmp_path) as guarded:
        assert guarded.status(b"/prod/token", bearer(allow("*"))) == 200
    assert not mentioning(tmp_path)


def read(pid: int, what: str) -> bytes:
    """What the kernel tells of a process; b"" when it is gone."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def everybody() -> list[int]:
    """All processes."""
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def family(parent: int) -> list[int]:
    """The children of a process."""
    return [
        pid for pid in everybody() if read(pid, "stat").rpartition(b")")[2].split()[1:2] == [b"%d" % parent]
    ]


def marks_of(control: int) -> bytes:
    """How the entry that marks all of a house's processes begins."""
    [mark] = [each for each in read(control, "environ").split(b"\0") if each.startswith(b"GATELINE_TASK=")]
    return mark.rpartition(b"/")[0]


def scratch_mark(guarded: Guarded) -> bytes:
    """How the entry that marks functions' processes begins."""
    [call] = guarded.calls()
    entries = read(call.pid, "environ").split(b"\0")
    [mark] = [each for each in entries if each.startswith(b"AWS_LAMBDA_LOG_STREAM_NAME=")]
    return mark


def bearing(*marks: bytes) -> list[int]:
    """The processes whose environment holds one of these."""
    return [
        pid
        for pid in everybody()
        if any(each.startswith(marks) for each in read(pid, "environ").split(b"\0"))
    ]


def mentioning(folder: Path) -> list[int]:
    """The other processes whose arguments name a folder."""
    return [pid for pid in everybody() if pid != os.getpid() and os.fsencode(folder) in read(pid, "cmdline")]
