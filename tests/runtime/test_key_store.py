from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.errors import GatelineError
from gateline.model.usage_plan import ApiKey
from gateline.runtime.key_store import KEYS, NO_KEYS, HeldKeys, KeyStore
from gateline.runtime.state_dir import StateDir, hold_state_dir

KEY = ApiKey(key_id="abc", name="acme", digest="d1", enabled=False, plans=("gold", "silver"))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def test_keys_are_kept_for_this_user_alone(state: StateDir) -> None:
    held = HeldKeys(keys=(KEY,), revoked={"d2": "def"})
    KeyStore(state).write(held)
    assert KeyStore(state).read() == held
    assert stat.S_IMODE((state.path / KEYS).stat().st_mode) == 0o600


def test_without_a_file_there_are_no_keys(state: StateDir) -> None:
    assert KeyStore(state).read() == NO_KEYS


def test_the_pepper_is_made_once(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        pepper = KeyStore(state).pepper()
    assert len(pepper) == 64
    with hold_state_dir(tmp_path, None, {}) as state:
        assert KeyStore(state).pepper() == pepper
        [file] = (state.path / "secrets").iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"keys": 3, "revoked": []}',
        b'{"keys": [{}], "revoked": []}',
        b'{"keys": [{"id": "a", "name": "b", "digest": "c", "enabled": "no", "plans": []}], "revoked": []}',
        b"\xff",
    ],
)
def test_a_file_that_is_not_ours_opens_nothing(state: StateDir, content: bytes) -> None:
    (state.path / KEYS).write_bytes(content)
    with pytest.raises(GatelineError, match=r"keys\.json cannot be read"):
        KeyStore(state).read()


def test_a_state_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    gone = StateDir(path=tmp_path / "gone", sockets=tmp_path)
    with pytest.raises(GatelineError, match="cannot be written"):
        KeyStore(gone).write(NO_KEYS)
