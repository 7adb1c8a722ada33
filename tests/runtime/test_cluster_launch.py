from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.model.origin import Origin
from gateline.model.secret import Secret
from gateline.model.service import Service
from gateline.processes import isolation
from gateline.processes.isolation import NOBODY_ELSE
from gateline.runtime.cluster_launch import Launchable, Launcher
from gateline.runtime.cluster_task import TaskNote
from gateline.runtime.processes import LocalProcesses
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.supervisor import Policy
from gateline.runtime.task_log import old_log

NOTE = TaskNote(service="orders", task="1", revision="0a1b", target_group="orders", since=0.0)
ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/", "AWS_SECRET_ACCESS_KEY": "hunter2"}
HAS_SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin") is not None


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def service(folder: Path, *command: str) -> Service:
    return Service(
        name="orders",
        command=command,
        cwd=str(folder),
        target_group="orders",
        environment=(("COLOUR", "red"),),
        secrets=(("TOKEN", "Token"),),
        origin=Origin("gateline.yaml"),
    )


def prepared(launcher: Launcher, what: Service, note: TaskNote = NOTE) -> Launchable:
    return asyncio.run(launcher.prepare(what, note, {"Token": Secret("Token", b"s3cret")}))


def test_a_port_is_put_into_the_words_and_given_to_nobody_else(state: StateDir, tmp_path: Path) -> None:
    launcher = Launcher(state, ENVIRON, lambda _: None)
    first = prepared(launcher, service(tmp_path, sys.executable, "--port={port}"))
    assert first.command.arguments == (sys.executable, f"--port={first.note.port}")
    assert first.command.folder == tmp_path
    assert first.command.environment["PORT"] == str(first.note.port)
    assert first.note.port in launcher._ports
    launcher.release(first.note)
    assert first.note.port not in launcher._ports
    launcher.hold(first.note)
    assert first.note.port in launcher._ports


def test_a_socket_is_put_into_the_words_and_removed_when_its_task_has_ended(
    state: StateDir, tmp_path: Path
) -> None:
    launcher = Launcher(state, ENVIRON, lambda _: None)
    made = prepared(launcher, service(tmp_path, sys.executable, "{socket}"))
    assert made.command.arguments == (sys.executable, made.note.socket)
    assert Path(made.note.socket).parent.is_dir()
    launcher.release(made.note)
    assert not Path(made.note.socket).parent.exists()


def test_a_worker_gets_no_place(state: StateDir, tmp_path: Path) -> None:
    made = prepared(Launcher(state, ENVIRON, lambda _: None), service(tmp_path, sys.executable))
    assert made.note == NOTE


def test_a_task_finds_what_is_declared_and_its_secrets(state: StateDir, tmp_path: Path) -> None:
    found = prepared(Launcher(state, ENVIRON, lambda _: None), service(tmp_path, "sh")).command.environment
    assert (found["COLOUR"], found["TOKEN"], found["HOME"]) == ("red", "s3cret", "/")
    assert "AWS_SECRET_ACCESS_KEY" not in found


def test_a_log_begins_empty(state: StateDir, tmp_path: Path) -> None:
    launcher = Launcher(state, ENVIRON, lambda _: None)
    log = launcher.log("orders", "1")
    assert log.relative_to(state.path) == Path("tasks", "orders", "1.log")
    log.parent.mkdir(parents=True)
    for each in (log, old_log(log)):
        each.write_text("of a former run")
    assert prepared(launcher, service(tmp_path, "sh")).command.log == log
    assert list(log.parent.iterdir()) == []


def test_a_folder_that_is_missing_is_told(state: StateDir, tmp_path: Path) -> None:
    with pytest.raises(GatelineError, match=f"its cwd is no folder: {tmp_path}/none"):
        prepared(Launcher(state, ENVIRON, lambda _: None), service(tmp_path / "none", "x"))


@pytest.mark.skipif(os.geteuid() == 0, reason="as root tasks have users of their own")
def test_without_root_a_task_is_ours_and_nothing_is_remarked(state: StateDir, tmp_path: Path) -> None:
    remarks: list[str] = []
    launcher = Launcher(state, ENVIRON, remarks.append)
    assert prepared(launcher, service(tmp_path, "sh")).command.uid == NOBODY_ELSE
    assert remarks == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")
class TestAsRoot:
    def test_a_task_whose_user_could_not_read_its_folder_is_ours_and_it_is_remarked_once(
        self, state: StateDir, tmp_path: Path
    ) -> None:
        remarks: list[str] = []
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        launcher = Launcher(state, ENVIRON, remarks.append)
        for _ in range(2):
            assert prepared(launcher, service(closed, "/bin/sh")).command.uid == NOBODY_ELSE
        [remark] = remarks
        assert remark.startswith("service orders runs as root, not isolated")

    def test_a_script_whose_interpreter_its_user_could_not_run_is_ours(self, state: StateDir) -> None:
        remarks: list[str] = []
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            private, script = folder / ".private", folder / "serve"
            private.mkdir(mode=0o700)
            shutil.copy("/bin/sh", private / "sh")
            script.write_text(f"#!{private}/sh\n", encoding="utf-8")
            script.chmod(0o755)
            made = prepared(Launcher(state, ENVIRON, remarks.append), service(folder, str(script)))
        assert made.command.uid == NOBODY_ELSE
        [remark] = remarks
        assert str(private / "sh") in remark

    @pytest.mark.skipif(not HAS_SYSTEM_PYTHON, reason="needs a Python that every user can read")
    def test_a_task_of_another_user_listens_at_its_socket_and_writes_its_log(self, state: StateDir) -> None:
        """Its folder is one that every user can read: those of tests are not."""
        program = (
            "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); "
            "print(os.getuid(), os.stat(sys.argv[1]).st_uid)"
        )
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            launcher = Launcher(state, ENVIRON, pytest.fail)
            made = prepared(launcher, service(folder, "/usr/bin/python3", "-c", program, "{socket}"))

            async def run() -> int:
                async with LocalProcesses() as processes:
                    kept = processes.keep(
                        made.note.name,
                        made.command,
                        Policy(restarts=False),
                        on_crash=lambda _: None,
                        on_spawn=lambda _: None,
                    )
                    kept.start()
                    return (await kept.finished).status

            assert asyncio.run(run()) == 0
        assert made.command.uid >= isolation.FIRST_UID
        assert made.command.log.read_text() == f"{made.command.uid} {made.command.uid}\n"

    @pytest.mark.skipif(not HAS_SYSTEM_PYTHON, reason="needs a program that every user can read")
    def test_services_have_users_of_their_own_and_their_tasks_share_one(self, state: StateDir) -> None:
        launcher = Launcher(state, ENVIRON, pytest.fail)
        with tempfile.TemporaryDirectory() as name:
            Path(name).chmod(0o755)
            orders = service(Path(name), "/usr/bin/python3")
            uids = [
                prepared(
                    launcher, replace(orders, name=name), replace(NOTE, service=name, task=task)
                ).command.uid
                for name, task in (("orders", "1"), ("orders", "2"), ("mail", "1"))
            ]
        assert uids[0] == uids[1] != uids[2]


def test_a_program_that_is_nowhere_is_named(state: StateDir, tmp_path: Path) -> None:
    launcher = Launcher(state, ENVIRON, lambda _: None)
    with pytest.raises(GatelineError, match="no program pyton-nowhere in its PATH"):
        prepared(launcher, service(tmp_path, "pyton-nowhere", "{port}"))
