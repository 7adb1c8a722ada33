from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateline.model.target_group import Registration
from gateline.runtime.cluster_task import (
    Distrusted,
    TaskNote,
    close_socket_folder,
    is_task,
    open_socket_folder,
    take_socket,
)
from gateline.services.deployment import Phase

NOTE = TaskNote(
    service="orders", task="3", revision="0a1b+2", target_group="shop", port=9000, since=1_767_355_200.5
)


def test_a_note_is_read_as_it_was_written() -> None:
    noted = replace(NOTE, phase=Phase.DRAINING, socket="/s")
    assert TaskNote.read(noted.text()) == noted
    assert noted.name == "task/orders/3"
    assert is_task(noted.name)
    assert not is_task("envoy")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"phase": "running"}', '{"phase": "healthy", "x": 1}']
)
def test_a_note_of_somebody_else_is_none(text: str) -> None:
    assert TaskNote.read(text) is None


def test_a_task_is_registered_where_it_listens() -> None:
    assert NOTE.registration() == Registration("shop", address="127.0.0.1", port=9000)
    draining = replace(NOTE, port=0, socket="/s", phase=Phase.DRAINING)
    assert draining.registration() == Registration("shop", socket="/s", draining=True)


def test_people_are_told_where_and_since_when() -> None:
    assert (NOTE.address, NOTE.started) == ("127.0.0.1:9000", "2026-01-02T12:00:00Z")
    assert replace(NOTE, port=0, socket="/s").address == "/s"
    assert replace(NOTE, port=0).address == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_folder_of_a_socket_belongs_to_the_tasks_user_alone(tmp_path: Path) -> None:
    placed = open_socket_folder(tmp_path, NOTE, 1_900_000_001)
    found = Path(placed.socket).parent.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (1_900_000_001, 0o700)


def test_the_path_of_a_socket_is_short_and_no_other_tasks(tmp_path: Path) -> None:
    long = replace(NOTE, service="s" * 63)
    one, two = open_socket_folder(tmp_path, long, -1), open_socket_folder(tmp_path, NOTE, -1)
    assert one.socket != two.socket
    assert len(one.socket) <= len(str(tmp_path)) + len("/host-control.sock")
    folder = Path(one.socket).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "left").touch()
    assert open_socket_folder(tmp_path, long, -1) == one
    assert list(folder.iterdir()) == []
    close_socket_folder(one)
    close_socket_folder(one)
    close_socket_folder(replace(NOTE, socket=""))
    assert list(tmp_path.iterdir()) == [Path(two.socket).parent]


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    """A socket of ours, somewhere else: nothing that a task may lead us to."""
    folder = tmp_path / "ours"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "admin"))
        yield folder / "admin"


def test_a_socket_is_waited_for_and_then_taken(tmp_path: Path) -> None:
    placed = open_socket_folder(tmp_path, NOTE, -1)
    assert not take_socket(placed)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(placed.socket)
        assert take_socket(placed)
        assert take_socket(placed), "it stays taken"


@pytest.mark.parametrize("aim", ["admin", "nothing"])
def test_a_link_is_never_taken_for_a_socket(tmp_path: Path, listening: Path, aim: str) -> None:
    placed = open_socket_folder(tmp_path, NOTE, -1)
    Path(placed.socket).symlink_to(listening.with_name(aim))
    with pytest.raises(Distrusted, match="is a symbolic link"):
        take_socket(placed)


def test_a_file_is_no_socket(tmp_path: Path) -> None:
    placed = open_socket_folder(tmp_path, NOTE, -1)
    Path(placed.socket).touch()
    with pytest.raises(Distrusted, match="is no socket"):
        take_socket(placed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_socket_of_another_user_is_not_taken(tmp_path: Path, listening: Path) -> None:
    placed = open_socket_folder(tmp_path, NOTE, 1_900_000_001)
    os.link(listening, placed.socket)
    with pytest.raises(Distrusted, match="belongs to user 0"):
        take_socket(placed)
    found = Path(placed.socket).parent.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, 1_900_000_001, 0o710)
