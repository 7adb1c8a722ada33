from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.errors import DefinitionInvalid, FileUnreadable
from gateline.runtime.accepted import keep_accepted
from gateline.runtime.candidate import Memory, read
from gateline.runtime.first_read import FirstRead
from gateline.runtime.notice import Complained, Notice, Remarked
from gateline.runtime.settings import Settings
from gateline.runtime.state_dir import StateDir, hold_state_dir

GOOD = "name: shop\napis: {shop: {definition: api.yaml, stages: {prod: {}}}}\n"
SWAGGER = """
swagger: "2.0"
info: {title: Shop, version: "1"}
paths:
  /hello:
    get: {x-amazon-apigateway-integration: {type: mock}}
"""
BAD = "name: shop\napis: 3\n"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    with hold_state_dir(tmp_path, None, {}) as held:
        yield held


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "gateline.yaml").write_text(GOOD)
    (tmp_path / "api.yaml").write_text(SWAGGER)
    return Settings(project=tmp_path / "gateline.yaml", environ={})


def test_a_first_start_needs_good_definitions(settings: Settings, state: StateDir) -> None:
    settings.project.write_text(BAD)
    told: list[Notice] = []
    with pytest.raises(DefinitionInvalid):
        asyncio.run(FirstRead(settings, state, told.append, is_back=False).read(Memory()))
    assert [type(each) for each in told] == [Complained]


@pytest.mark.parametrize("text", [BAD, None], ids=["bad", "gone"])
def test_one_that_comes_back_goes_on_with_what_was_accepted_last(
    settings: Settings, state: StateDir, text: str | None
) -> None:
    keep_accepted(state, read(settings, Memory()))
    settings.project.unlink() if text is None else settings.project.write_text(text)
    told: list[Notice] = []
    loaded, files = asyncio.run(FirstRead(settings, state, told.append, is_back=True).read(Memory()))
    assert loaded.gateway is not None
    assert loaded.gateway.name == "shop"
    assert settings.project.absolute() in files
    assert isinstance(told[-1], Remarked)
    assert "serves on" in told[-1].text


def test_without_anything_that_was_accepted_it_cannot(settings: Settings, state: StateDir) -> None:
    settings.project.unlink()
    told: list[Notice] = []
    with pytest.raises(FileUnreadable):
        asyncio.run(FirstRead(settings, state, told.append, is_back=True).read(Memory()))
    assert not told
