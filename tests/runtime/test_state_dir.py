from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.runtime import state_dir
from gateline.runtime.state_dir import LONGEST_SOCKET_PATH, hold_state_dir, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_state_directory_is_made_beside_the_project_for_this_user_only(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        assert state.path == tmp_path / ".gateline"
        assert mode(state.path) == 0o700
        assert mode(state.sockets) == 0o700


def test_its_content_is_kept_out_of_version_control(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        assert (state.path / ".gitignore").read_text() == "*\n"


def test_rights_of_others_are_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".gateline").mkdir(mode=0o755)
    (tmp_path / ".gateline").chmod(0o755)
    with hold_state_dir(tmp_path, None, {}) as state:
        assert mode(state.path) == 0o700


def test_a_folder_that_users_share_is_not_taken_from_them(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(GatelineError, match="users share"), hold_state_dir(tmp_path, shared, {}):
        pass
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_a_link_instead_of_a_directory_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (tmp_path / ".gateline").symlink_to(elsewhere)
    with pytest.raises(GatelineError, match="cannot use"), hold_state_dir(tmp_path, None, {}):
        pass
    assert list(elsewhere.iterdir()) == []


def test_a_second_holder_gets_one_clear_message(tmp_path: Path) -> None:
    with (
        hold_state_dir(tmp_path, None, {}),
        pytest.raises(GatelineError, match=rf"already runs .*process {os.getpid()} .*--state DIR"),
        hold_state_dir(tmp_path, None, {}),
    ):
        pass


def test_it_can_be_held_again_after_it_was_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_state_dir(tmp_path, None, {}) as state:
            assert state.sockets.is_dir()


def test_a_directory_of_ones_own_may_be_chosen(tmp_path: Path) -> None:
    chosen = tmp_path / "a" / "b"
    with hold_state_dir(tmp_path, chosen, {}) as state:
        assert state.path == chosen
        assert mode(chosen) == 0o700


def test_what_a_crashed_run_left_is_removed_and_keys_are_kept(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        write_private(state.private_folder("secrets") / "kept", b"key")
    (state.path / "sockets").mkdir()
    (state.path / "sockets" / "xds.sock").touch()
    (state.path / "requests.pipe").touch()
    with hold_state_dir(tmp_path, None, {}) as state:
        assert not state.xds_socket.exists()
        assert not state.request_pipe.exists()
        assert (state.path / "secrets" / "kept").read_bytes() == b"key"


def deep(tmp_path: Path) -> Path:
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    folder.mkdir(parents=True)
    return folder


def test_a_deep_project_gets_its_sockets_in_a_short_directory(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as short:  # tmp_path itself may be too long
        with hold_state_dir(deep(tmp_path), None, {"XDG_RUNTIME_DIR": short}) as state:
            assert len(os.fsencode(state.admin_socket)) <= LONGEST_SOCKET_PATH
            assert len(os.fsencode(state.xds_socket)) <= LONGEST_SOCKET_PATH
            assert state.sockets.parent == Path(short)
            assert mode(state.sockets) == 0o700
        assert not state.sockets.exists()


def test_the_short_directory_of_a_crashed_run_is_removed(tmp_path: Path) -> None:
    folder = deep(tmp_path)
    stale = tmp_path / "gateline-stale"
    stale.mkdir()
    (folder / ".gateline").mkdir(mode=0o700)
    (folder / ".gateline" / "sockets.path").write_text(str(stale))
    with hold_state_dir(folder, None, {}):
        assert not stale.exists()


def test_a_record_that_names_somebody_elses_directory_removes_nothing(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / ".gateline").mkdir(mode=0o700)
    (tmp_path / ".gateline" / "sockets.path").write_text(str(precious))
    with hold_state_dir(tmp_path, None, {}):
        assert precious.exists()


def test_a_private_file_is_written_whole_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert mode(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_private_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(OSError, match="key"):
        write_private(tmp_path / "key", b"one")
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_scratch_folder_lies_where_other_users_may_pass_and_goes_at_the_end(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as held:
        folder = held.scratch_folder()
        (folder / "unpacked").mkdir()
        assert not folder.is_relative_to(held.path)
        assert stat.S_IMODE(folder.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
    assert not folder.exists()


def test_another_scratch_folder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as held:
        former = held.scratch_folder()
        assert held.scratch_folder().is_dir()
        assert not former.exists()


def test_the_scratch_folder_of_a_crashed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as held:
        folder = held.scratch_folder()
        record = (held.path / "scratch.path").read_bytes()
    folder.mkdir()
    (tmp_path / ".gateline" / "scratch.path").write_bytes(record)
    with hold_state_dir(tmp_path, None, {}):
        assert not folder.exists()


def test_sockets_of_tasks_have_one_folder_that_their_users_may_pass(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as held:
        folder = held.task_folder()
        assert held.task_folder() == folder
        assert stat.S_IMODE(folder.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
        assert folder.is_relative_to(held.path) is (os.geteuid() != 0)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_what_somebody_else_put_in_the_place_of_tasks_sockets_is_not_used(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as held:
        folder = held.task_folder()
        folder.rmdir()  # as cleaners of /tmp do
        folder.mkdir()
        os.chown(folder, 4711, 4711)
        assert held.task_folder() != folder
        folder.rmdir()
        folder.symlink_to(tmp_path)
        (held.path / "tasks.path").write_text(str(folder))
        assert held.task_folder() != folder
        folder.unlink()


def test_no_socket_has_a_longer_name_than_there_is_room_for(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as held:
        sockets = (
            held.xds_socket,
            held.admin_socket,
            held.control_socket,
            held.host_socket,
            held.host_control_socket,
        )
        assert max(sockets, key=lambda socket: len(socket.name)).name == state_dir._LONGEST_SOCKET_NAME


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which file a descriptor is")
def test_a_private_file_is_on_the_disk_before_its_name_is_and_its_name_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def sync(handle: int) -> None:
        content = Path(f"/proc/self/fd/{handle}").readlink()
        synced.append((content == tmp_path, (tmp_path / "key").exists()))

    monkeypatch.setattr(os, "fsync", sync)
    write_private(tmp_path / "key", b"value")
    assert synced == [(False, False), (True, True)]
