from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.runtime.accepted import keep_accepted, read_accepted
from gateline.runtime.candidate import Memory, read
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir, hold_state_dir

PROJECT = """
name: shop
include: ["parts/*.yaml"]
secrets: {Token: {env: TOKEN}}
"""
API = "apis: {shop: {definition: ../api.yaml, stages: {prod: {}}}}"
SWAGGER = """
swagger: "2.0"
info: {title: Shop, version: "1"}
paths:
  /hello:
    get: {x-amazon-apigateway-integration: {type: mock}}
"""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "parts").mkdir()
    (tmp_path / "gateline.yaml").write_text(PROJECT)
    (tmp_path / "parts" / "shop.yaml").write_text(API)
    (tmp_path / "api.yaml").write_text(SWAGGER)
    return Settings(project=tmp_path / "gateline.yaml", environ={"TOKEN": "hunter2"})


def test_what_was_accepted_is_read_again_whatever_the_files_say_now(
    state: StateDir, settings: Settings, tmp_path: Path
) -> None:
    accepted = read(settings, Memory())
    keep_accepted(state, accepted)
    (tmp_path / "gateline.yaml").write_text("name: [")
    (tmp_path / "api.yaml").unlink()
    (tmp_path / "parts" / "another.yaml").write_text("apis: 1")
    again = read_accepted(state, settings)
    assert again is not None
    assert again.gateway == accepted.gateway
    assert again.files == accepted.files


def test_it_is_for_this_user_alone_holds_no_secret_and_ends_with_the_run(
    settings: Settings, tmp_path: Path
) -> None:
    with hold_state_dir(tmp_path, None, {}) as state:
        keep_accepted(state, read(settings, Memory()))
        assert stat.S_IMODE(state.accepted.stat().st_mode) == 0o600
        assert "hunter2" not in state.accepted.read_text()
    assert not state.accepted.exists()


@pytest.mark.parametrize("kept", [None, "", "[]", "{}", '{"/elsewhere": "name: x"}'])
def test_without_something_that_can_be_accepted_there_is_nothing(
    state: StateDir, settings: Settings, kept: str | None
) -> None:
    if kept is not None:
        state.accepted.write_text(kept)
    assert read_accepted(state, settings) is None


def test_what_would_be_refused_now_is_not_taken(state: StateDir, settings: Settings, tmp_path: Path) -> None:
    keep_accepted(state, read(settings, Memory()))
    state.accepted.write_text(state.accepted.read_text().replace("mock", "no_such_type"))
    assert read_accepted(state, settings) is None
