from __future__ import annotations

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateline.errors import GatelineError, Unsealable
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import KEY_FILE, Vault


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def test_what_is_kept_is_read_again_until_it_is_deleted(state: StateDir) -> None:
    vault = Vault(state, {})
    assert vault.read("a") is None
    vault.write("a", b"one")
    vault.write("a", b"two")
    assert Vault(state, {}).read("a") == b"two"
    assert [vault.delete("a"), vault.delete("a")] == [True, False]
    assert vault.read("a") is None


def test_names_are_listed_by_prefix_and_cannot_leave_the_folder(state: StateDir) -> None:
    vault = Vault(state, {})
    assert vault.names() == ()
    for name in ("secret/ü", "secret/../../x", "..", "key"):
        vault.write(name, b"value")
    assert vault.names("secret/") == ("secret/../../x", "secret/ü")
    assert vault.names() == ("..", "key", "secret/../../x", "secret/ü")
    assert all(vault.read(name) == b"value" for name in vault.names())
    assert len(list((state.path / "vault").iterdir())) == 5


def test_no_file_shows_a_value_and_nobody_else_may_read_one(state: StateDir) -> None:
    Vault(state, {}).write("a", b"hunter2")
    files = [path for path in (state.path / "vault").iterdir() if path.is_file()]
    assert len(files) == 2
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"hunter2" not in file.read_bytes()
    assert stat.S_IMODE((state.path / "vault").stat().st_mode) == 0o700


def test_a_changed_file_and_one_put_in_anothers_place_are_errors_that_name_it(state: StateDir) -> None:
    vault = Vault(state, {})
    vault.write("a", b"hunter2")
    vault.write("b", b"other")
    a, b = state.path / "vault" / "a.sealed", state.path / "vault" / "b.sealed"
    b.write_bytes(a.read_bytes())
    with pytest.raises(Unsealable, match=r"b\.sealed cannot be opened: it was sealed with another key, or"):
        vault.read("b")
    a.write_bytes(a.read_bytes()[:-1])
    with pytest.raises(Unsealable, match=r"a\.sealed cannot be opened"):
        vault.read("a")


def test_the_operators_key_file_is_used_and_none_is_made(state: StateDir, tmp_path: Path) -> None:
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_bytes(b"k" * 32)
    other.write_bytes(b"o" * 32)
    Vault(state, {KEY_FILE: str(key)}).write("a", b"value")
    assert Vault(state, {KEY_FILE: str(key)}).read("a") == b"value"
    assert not (state.path / "vault" / "key").exists()
    with pytest.raises(Unsealable, match="another key"):
        Vault(state, {KEY_FILE: str(other)}).read("a")


def test_a_key_file_that_is_missing_or_short_is_an_error(state: StateDir, tmp_path: Path) -> None:
    vault = Vault(state, {KEY_FILE: str(tmp_path / "key")})
    with pytest.raises(GatelineError, match="cannot be read: No such file"):
        vault.write("a", b"value")
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(GatelineError, match="shorter than 32 bytes"):
        vault.write("a", b"value")
    assert vault.names() == ()


def test_many_at_once_make_one_key(state: StateDir) -> None:
    def keep(number: int) -> None:
        Vault(state, {}).write(str(number), b"%d" % number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(keep, range(16)))
    assert [Vault(state, {}).read(str(number)) for number in range(16)] == [b"%d" % n for n in range(16)]


def test_members_are_read_again_and_whatever_else_is_kept_there_is_an_error(state: StateDir) -> None:
    vault = Vault(state, {})
    assert vault.read_members("a") is None
    vault.write_members("a", {"name": "ü", "serial": 1})
    assert vault.read_members("a") == {"name": "ü", "serial": 1}
    for other in (b"\xff", b"[]", b"{"):
        vault.write("a", other)
        with pytest.raises(GatelineError, match="'a' in the vault is not what this version keeps"):
            vault.read_members("a")
