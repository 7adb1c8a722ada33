from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateline.model.origin import Origin
from gateline.model.secret import Secret, SecretSource, SecretSourceKind
from gateline.rotation.stages import Stages, Step
from gateline.runtime.secret_stages import SecretStages, as_secret
from gateline.runtime.state_dir import hold_state_dir

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
SOURCE = SecretSource(
    name="Header", kind=SecretSourceKind.GENERATE, place="", origin=Origin("gateline.yaml", ("secrets",))
)
AMAZONS = replace(SOURCE, kind=SecretSourceKind.AWS, place="arn:aws:one")
STAGES = Stages(step=Step.PENDING, current=b"old", pending=b"new", stale=b"older", begun=NOW, since=NOW)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[SecretStages]:
    with hold_state_dir(tmp_path, None, {}) as state:
        yield SecretStages(state, {})


def files(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


def test_stages_are_kept_sealed_and_forgotten_when_that_is_asked(tmp_path: Path) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        SecretStages(state, {}).write(SOURCE, STAGES)
        assert SecretStages(state, {}).read(SOURCE) == STAGES
        held = files(tmp_path)
        assert not any(value in held for value in (b"pending", b"old", b"bmV3", b"older"))
        SecretStages(state, {}).delete(SOURCE)
        assert SecretStages(state, {}).read(SOURCE) is None


def test_another_place_is_another_secret(kept: SecretStages) -> None:
    kept.write(AMAZONS, STAGES)
    assert kept.read(AMAZONS) == STAGES
    assert kept.read(replace(AMAZONS, place="arn:aws:other")) is None
    assert kept.read(SOURCE) is None


def test_the_stale_value_is_told_by_the_secrets_name(kept: SecretStages) -> None:
    assert kept.stale("Header") is None
    kept.write(SOURCE, replace(STAGES, stale=b""))
    kept.write(AMAZONS, STAGES)
    assert kept.stale("Header") == b"older"
    assert kept.stale("Head") is None


def test_a_secret_counts_as_its_step_says() -> None:
    assert as_secret("Header", STAGES) == Secret("Header", b"old", (b"old", b"new"))
