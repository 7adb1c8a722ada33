from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin
from gateline.model.secret import Secret, SecretSource, SecretSourceKind
from gateline.rotation.stages import Stages, Step
from gateline.runtime.secret import (
    LONGEST,
    header_value_fault,
    read_secrets,
    staged_secrets,
    without_secrets,
)
from gateline.runtime.secret_stages import SecretStages
from gateline.runtime.state_dir import StateDir, hold_state_dir
from gateline.runtime.vault import Vault


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


def source(kind: SecretSourceKind, place: str = "", name: str = "Header") -> SecretSource:
    return SecretSource(name=name, kind=kind, place=place, origin=Origin("gateline.yaml", ("secrets", name)))


def read(
    state: StateDir, *sources: SecretSource, environ: dict[str, str] | None = None
) -> tuple[tuple[Secret, ...], Complaints]:
    complaints = Complaints()
    return read_secrets(sources, environ or {}, state.path.parent, state, complaints), complaints


def messages(complaints: Complaints) -> list[str]:
    return [f"{found.code.name} {found.message}" for found in complaints.report().diagnostics]


def test_a_value_is_read_from_the_environment(state: StateDir) -> None:
    found, complaints = read(state, source(SecretSourceKind.ENV, "TOKEN"), environ={"TOKEN": "hé"})
    assert found == (Secret("Header", "hé".encode()),)
    assert messages(complaints) == []


def test_a_variable_that_is_not_set_is_named(state: StateDir) -> None:
    found, complaints = read(state, source(SecretSourceKind.ENV, "TOKEN"))
    assert found == ()
    assert messages(complaints) == ["GL280 secret 'Header': the environment variable TOKEN is not set"]


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_files_last_line_end_is_not_part_of_the_secret(state: StateDir, ending: bytes) -> None:
    (state.path.parent / "secret.txt").write_bytes(b"value" + ending)
    found, _ = read(state, source(SecretSourceKind.FILE, "secret.txt"))
    assert found == (Secret("Header", b"value"),)


def test_a_missing_file_is_named(state: StateDir) -> None:
    _, complaints = read(state, source(SecretSourceKind.FILE, "none.txt"))
    (message,) = messages(complaints)
    assert message.startswith("GL280 secret 'Header': ")
    assert message.endswith("none.txt cannot be read: No such file or directory")


def files(state: StateDir) -> list[Path]:
    return [path for path in state.path.rglob("*") if path.is_file()]


def test_a_generated_value_is_long_private_and_stays_the_same(state: StateDir) -> None:
    (first,), _ = read(state, source(SecretSourceKind.GENERATE))
    (second,), _ = read(state, source(SecretSourceKind.GENERATE))
    assert first == second
    assert len(first.reveal()) >= 43  # 32 bytes
    (kept,) = [path for path in files(state) if path.suffix == ".sealed"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not [path for path in files(state) if first.reveal() in path.read_bytes()]


def test_a_plain_file_of_an_older_version_is_taken_over_once_and_removed(state: StateDir) -> None:
    plain = state.private_folder("secrets") / "secret-Header"
    plain.write_bytes(b"older")
    (found,), _ = read(state, source(SecretSourceKind.GENERATE))
    assert found.reveal() == b"older"
    assert not plain.exists()
    plain.write_bytes(b"put there later")
    (found,), _ = read(state, source(SecretSourceKind.GENERATE))
    assert found.reveal() == b"older"
    assert not [path for path in files(state) if b"older" in path.read_bytes()]


def test_a_kept_value_that_was_tampered_with_is_told_and_not_made_anew(state: StateDir) -> None:
    read(state, source(SecretSourceKind.GENERATE))
    (kept,) = [path for path in files(state) if path.suffix == ".sealed"]
    tampered = kept.read_bytes()[:-1] + b"!!"
    kept.write_bytes(tampered)
    found, complaints = read(state, source(SecretSourceKind.GENERATE))
    assert found == ()
    (message,) = messages(complaints)
    assert message.startswith("GL280 secret 'Header': ")
    assert message.endswith("cannot be opened: it was sealed with another key, or changed since")
    assert kept.read_bytes() == tampered


def test_a_generated_secrets_name_cannot_leave_the_folder(state: StateDir) -> None:
    read(
        state, source(SecretSourceKind.GENERATE, name="../../x"), source(SecretSourceKind.GENERATE, name="..")
    )
    assert len(list((state.path / "vault").glob("*.sealed"))) == 2


def test_every_fault_is_told_and_no_value(state: StateDir) -> None:
    environ = {"A": "hunter2\r\nx: y", "B": " hunter2", "C": ""}
    sources = [source(SecretSourceKind.ENV, name, name=f"secret-{name}") for name in environ]
    found, complaints = read(state, *sources, environ=environ)
    assert found == ()
    told = messages(complaints)
    assert len(told) == 3
    assert all(text.startswith("GL281") for text in told)
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize(
    "value",
    [b"", b"a\nb", b"a\rb", b"a\0b", b"a\tb", b"a\x7fb", b" a", b"a ", b"a" * (LONGEST + 1)],
    ids=["empty", "LF", "CR", "NUL", "tab", "DEL", "leading blank", "trailing blank", "too long"],
)
def test_bytes_that_a_header_cannot_carry_have_a_fault(value: bytes) -> None:
    assert header_value_fault(value)


@pytest.mark.parametrize("value", [b"a", b"a b", "ü".encode(), b"%REQ(host)%", b"a" * LONGEST])
def test_bytes_that_a_header_can_carry_have_none(value: bytes) -> None:
    assert header_value_fault(value) == ""


def test_a_childs_environment_lacks_the_secrets() -> None:
    sources = [source(SecretSourceKind.ENV, "TOKEN"), source(SecretSourceKind.FILE, "HOME")]
    assert without_secrets({"TOKEN": "x", "HOME": "/h"}, sources) == {"HOME": "/h"}


NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


def test_of_a_rotated_secret_counts_what_its_stages_say(state: StateDir) -> None:
    generated = source(SecretSourceKind.GENERATE)
    both = Stages(step=Step.PENDING, current=b"old", pending=b"new", begun=NOW, since=NOW)
    SecretStages(state, {}).write(generated, both)
    found, complaints = read(state, generated)
    assert found == (Secret("Header", b"old", (b"old", b"new")),)
    assert messages(complaints) == []


def test_a_value_that_an_older_version_kept_is_gone_on_with(state: StateDir) -> None:
    Vault(state, {}).write("secret/Header/current", b"kept by an older version")
    found, _ = read(state, source(SecretSourceKind.GENERATE))
    assert found == (Secret("Header", b"kept by an older version"),)
    assert Vault(state, {}).names() == ("secret/Header/stages",)


def test_a_rotation_changes_what_counts_of_secrets_that_are_rotated_here_and_no_others(
    state: StateDir,
) -> None:
    sources = (source(SecretSourceKind.GENERATE), source(SecretSourceKind.ENV, "TOKEN", "Other"))
    before, _ = read(state, *sources, environ={"TOKEN": "told"})
    kept = SecretStages(state, {})
    stages = Stages(current=b"new", begun=NOW, since=NOW)
    for each in sources:
        kept.write(each, stages)
    assert staged_secrets(before, sources, kept) == (Secret("Header", b"new"), Secret("Other", b"told"))
