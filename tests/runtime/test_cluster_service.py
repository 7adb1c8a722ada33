from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.model.gateway import Keyring
from gateline.model.secret import Secret
from gateline.model.service import CircuitBreaker
from gateline.runtime.cluster_task import TaskNote
from gateline.runtime.keeper import Keeper
from gateline.runtime.notice import TaskSaid
from gateline.runtime.processes import LocalProcesses, Running
from gateline.services import life
from gateline.services.deployment import Phase
from runtime.clusters import ORDERS, WORKER, Playing, played


class AfterAnother(LocalProcesses):
    """Processes that a control before this one had; they have just ended."""

    def __init__(self, notes: Mapping[str, str], remembered: Mapping[str, str]) -> None:
        super().__init__()
        self.running = {name: Running(1, note) for name, note in notes.items()}
        self._remembered |= remembered

    @property
    def remembered(self) -> dict[str, str]:
        return dict(self._remembered)


def noted(task: str, phase: Phase) -> dict[str, str]:
    note = TaskNote(
        service="orders",
        task=task,
        revision="of before",
        target_group="orders",
        port=9,
        since=time.time(),
        phase=phase,
    )
    return {note.name: note.text()}


def test_tasks_of_a_former_control_are_published_before_anything_is_wanted(tmp_path: Path) -> None:
    notes = {
        **noted("10", Phase.REGISTERED),
        **noted("9", Phase.DRAINING),
        **noted("11", Phase.STARTING),
        "task/strange/1": "no note",
        "envoy": "",
    }

    async def story(playing: Playing) -> None:
        [first, *_] = playing.published
        assert [(each.port, each.draining) for each in first] == [(9, True), (9, False)]

    played(tmp_path, story, processes=lambda: AfterAnother(notes, {}))


def test_a_task_that_ended_between_two_controls_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(ORDERS)
        await playing.until(lambda: playing.ids() == ["12"])
        await playing.until_steady()

    last = {"service/orders/tasks": "11"}
    played(tmp_path, story, processes=lambda: AfterAnother(noted("11", Phase.REGISTERED), last))


def test_a_service_of_a_former_control_that_is_wanted_no_more_is_forgotten(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        assert playing.ids() == ["11"]
        playing.want()
        await playing.until(lambda: playing.cluster.listing() == [])

    played(tmp_path, story, processes=lambda: AfterAnother(noted("11", Phase.REGISTERED), {}))


def test_a_task_that_a_former_control_has_asked_to_end_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[Keeper] = []
    monkeypatch.setattr(Keeper, "stop", stopped.append)

    async def story(playing: Playing) -> None:
        playing.want()
        await playing.until(lambda: playing.cluster.listing() == [])

    played(tmp_path, story, processes=lambda: AfterAnother(noted("11", Phase.TERMINATING), {}))
    assert stopped == []


def test_a_note_says_since_when_a_task_is_asked_to_end(tmp_path: Path) -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    deaf = replace(
        WORKER, command=(sys.executable, "-S", "-c", program), stop_timeout=timedelta(seconds=3600)
    )
    seen: list[dict[str, str]] = []

    class Noting(LocalProcesses):
        def note(self, name: str, text: str) -> None:
            super().note(name, text)
            seen.append(json.loads(text))

    async def story(playing: Playing) -> None:
        playing.want(deaf)
        await playing.until(lambda: any(isinstance(each, TaskSaid) for each in playing.notices))
        before = time.time()
        playing.want()
        await playing.until(lambda: seen[-1]["phase"] == Phase.TERMINATING.value)
        assert before <= float(seen[-1]["phase_since"]) <= time.time()
        playing.cluster.hurry()

    played(tmp_path, story, processes=Noting)


def test_a_number_of_tasks_is_recalled_unless_the_definition_has_another_one_since(tmp_path: Path) -> None:
    async def scaled(playing: Playing) -> None:
        playing.want(replace(WORKER, desired_count=1))
        assert playing.service("mail")["desired"] == 0

    async def changed(playing: Playing) -> None:
        playing.want(replace(WORKER, desired_count=2))
        assert playing.service("mail")["desired"] == 2

    async def unreadable(playing: Playing) -> None:
        playing.want(ORDERS)
        assert playing.service()["desired"] == 1

    kept = {"service/mail/scale": json.dumps({"count": 0, "instead_of": 1}), "service/orders/scale": "?"}
    for story in (scaled, changed, unreadable):
        played(tmp_path, story, processes=lambda: AfterAnother({}, kept))


def test_a_deployment_that_had_no_task_yet_is_forced_again_and_no_other_one(tmp_path: Path) -> None:
    revisions: list[str] = []

    async def first(playing: Playing) -> None:
        playing.want(WORKER)
        await playing.cluster.deploy("mail", wait=False)
        await playing.until_steady("mail")
        revisions.append(playing.service("mail")["tasks"][0]["revision"])

    async def again(playing: Playing) -> None:
        playing.want(WORKER)
        await playing.until_steady("mail")
        revisions.append(playing.service("mail")["tasks"][0]["revision"])

    async def changed(playing: Playing) -> None:
        playing.want(replace(WORKER, environment=(("LEVEL", "2"),)))
        await playing.until_steady("mail")
        revisions.append(playing.service("mail")["tasks"][0]["revision"])

    before = AfterAnother({}, {"services/key": "00" * 32})
    played(tmp_path, first, processes=lambda: before)
    [deployed] = revisions
    assert deployed.endswith("+1")
    for story in (again, changed):
        played(tmp_path, story, processes=lambda: AfterAnother({}, before.remembered))
    assert revisions[1] == deployed
    assert "+" not in revisions[2]


@pytest.fixture
def short_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks need not stay healthy for long."""
    monkeypatch.setattr(life, "PROVEN_AFTER", 0.2)


class Breaking:
    """A service whose new versions may be broken; what comes of them is rolled back."""

    good = replace(
        WORKER, circuit_breaker=CircuitBreaker(enable=True, rollback=True), environment=(("API", "secret-a"),)
    )
    bad = replace(good, command=(sys.executable, "-S", "-c", "raise SystemExit(3)"))


def revisions_of(playing: Playing) -> set[str]:
    return {task["revision"] for task in playing.service("mail")["tasks"]}


@pytest.mark.usefixtures("short_trials")
def test_a_broken_version_is_rolled_back_and_not_tried_again_until_it_is_asked_for(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(Breaking.good)
        await playing.until_steady("mail")
        [pid] = playing.cluster.pids.values()
        playing.want(Breaking.bad)
        await playing.until(lambda: playing.service("mail")["deployments"][0]["rolls_back"] == 2)
        await playing.until_steady("mail")
        assert list(playing.cluster.pids.values()) == [pid], "who served on is who comes back"
        playing.want(Breaking.bad)
        assert playing.service("mail")["steady"], "another edit of the project says nothing new of it"
        with pytest.raises(GatelineError, match=r"mail: deployment 4 failed: 3 failed in a row.*rolled back"):
            await playing.cluster.deploy("mail", wait=True)
        playing.cluster.renew("mail")
        await playing.until(lambda: pid not in playing.cluster.pids.values())
        await playing.until_steady("mail")
        told = playing.service("mail")["deployments"]
        assert [(each["number"], each["status"], each["rollout_state"]) for each in told] == [
            (6, "PRIMARY", "COMPLETED"),
            (4, "INACTIVE", "FAILED"),
        ]

    playing = played(tmp_path, story)
    assert "deployment 2 failed (3 failed in a row, the last: task 4 exited with status 3)" in playing.told
    assert "secret-a" not in str(playing.notices)


@pytest.mark.usefixtures("short_trials")
def test_what_was_completed_last_is_known_to_the_next_control(tmp_path: Path) -> None:
    seen: list[str] = []

    async def first(playing: Playing) -> None:
        playing.want(Breaking.good)
        await playing.until_steady("mail")
        seen.extend(revisions_of(playing))

    async def broken(playing: Playing) -> None:
        playing.want(Breaking.bad)
        await playing.until(lambda: "back to revision" in playing.told)
        await playing.until_steady("mail")
        assert revisions_of(playing) == set(seen)

    async def again(playing: Playing) -> None:
        playing.want(Breaking.bad)
        await playing.until_steady("mail")
        assert revisions_of(playing) == set(seen)
        assert "failed" not in playing.told

    remembered: dict[str, str] = {}
    for story in (first, broken, again):
        control = AfterAnother({}, remembered)
        played(tmp_path, story, processes=lambda: control)  # noqa: B023 - it is called at once
        remembered = control.remembered
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"secret-a" not in path.read_bytes(), path


@pytest.mark.usefixtures("short_trials")
def test_what_comes_back_is_given_the_secrets_of_today(tmp_path: Path) -> None:
    reading = replace(Breaking.good, secrets=(("TOKEN", "Token"),))
    bad = replace(Breaking.bad, secrets=reading.secrets)

    def tokens(playing: Playing) -> list[bytes]:
        found = []
        with suppress(OSError):  # it has just ended
            found = [Path(f"/proc/{pid}/environ").read_bytes() for pid in playing.cluster.pids.values()]
        return [part for each in found for part in each.split(b"\0") if part.startswith(b"TOKEN=")]

    async def story(playing: Playing) -> None:
        playing.want(reading)
        await playing.until_steady("mail")
        playing.want(bad, token="second")
        await playing.until(lambda: "back to revision" in playing.told)
        await playing.until_steady("mail")
        assert tokens(playing) == [b"TOKEN=first"]
        assert not playing.cluster.is_replaced("mail", wholly=True), "rotation must not go on"
        playing.want(bad, token="third")
        await playing.until(lambda: tokens(playing) == [b"TOKEN=third"])
        await playing.until_steady("mail")
        assert playing.cluster.is_replaced("mail", wholly=True)
        assert playing.service("mail")["deployments"][0]["rolls_back"] == 2

    played(tmp_path, story)


@pytest.mark.usefixtures("short_trials")
def test_a_secret_that_is_declared_no_more_is_told_when_what_needs_it_comes_back(tmp_path: Path) -> None:
    reading = replace(Breaking.good, secrets=(("TOKEN", "Gone"),))

    async def story(playing: Playing) -> None:
        gone = Keyring(secrets=(Secret("Gone", b"value"),))
        playing.cluster.want([reading], [], gone, used=())
        await playing.until_steady("mail")
        playing.want(Breaking.bad)
        await playing.until(lambda: "back to revision" in playing.told)
        playing.cluster.renew("mail")
        await playing.until(lambda: "no secret is declared by the name Gone any more" in playing.told)

    played(tmp_path, story)


def test_a_task_that_cannot_be_started_is_told_and_tried_again(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(replace(ORDERS, cwd=str(tmp_path / "none")))
        await playing.until(lambda: "task 2 cannot be started" in playing.told)

    playing = played(tmp_path, story)
    assert f"task 1 cannot be started: its cwd is no folder: {tmp_path}/none" in playing.told


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(replace(WORKER, command=("no-such-program",)))
        await playing.until(lambda: "task 1" in playing.told)

    playing = played(tmp_path, story)
    assert "there is no program no-such-program in its PATH" in playing.told


def test_a_task_that_is_not_wanted_any_more_before_it_runs_is_never_started(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(ORDERS)
        playing.want()
        await playing.until(lambda: playing.cluster.listing() == [])
        assert playing.cluster.pids == {}

    playing = played(tmp_path, story)
    assert "ended" not in playing.told


def test_tasks_are_registered_where_they_listen_and_draining_when_they_leave(tmp_path: Path) -> None:
    async def story(playing: Playing) -> None:
        playing.want(ORDERS)
        await playing.until_steady()
        [registration] = playing.published[-1]
        assert f"{registration.address}:{registration.port}" == playing.service()["tasks"][0]["address"]
        before = len(playing.published)
        playing.cluster.scale("orders", 0)
        await playing.until(lambda: playing.published[-1] == ())
        assert [each.draining for each in playing.published[before]] == [True]

    played(tmp_path, story)


@pytest.mark.parametrize("isolated", [False, True])
def test_a_task_that_leads_to_another_socket_is_ended_and_nobody_connects(
    tmp_path: Path, *, isolated: bool
) -> None:
    """A health check that fits would have had the gateway open, say, Envoy's own admin interface to everybody."""
    python = shutil.which("python3", path="/usr/bin") if isolated else sys.executable
    if python is None or (isolated and os.geteuid() != 0):
        pytest.skip("needs root, and a Python that every user can read")
    program = "import os, sys, time; os.symlink(sys.argv[2], sys.argv[1]); time.sleep(600)"
    connected = threading.Event()
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as private:
        Path(name).chmod(0o711)
        aim = Path(name, "private")
        private.bind(str(aim))
        aim.chmod(0o600)
        private.listen()

        def listen() -> None:
            with private.accept()[0]:
                connected.set()

        threading.Thread(target=listen, daemon=True).start()

        async def story(playing: Playing) -> None:
            command = (python, "-S", "-c", program, "{socket}", str(aim))
            playing.want(replace(ORDERS, command=command, cwd=name, secrets=()))
            await playing.until(lambda: "task 2 is ended: " in playing.told)
            assert all(not registrations for registrations in playing.published)

        playing = played(tmp_path, story)
        assert "task 1 is ended: what it put at its socket's path is a symbolic link" in playing.told
        assert "not isolated" not in playing.told
        assert not connected.is_set()
        with socket.socket(socket.AF_UNIX) as last:  # so that the thread ends
            last.connect(str(aim))
            assert connected.wait(30)
