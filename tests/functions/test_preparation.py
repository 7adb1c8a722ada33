from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from functions.python_function import python_function
from gateline.functions import preparation
from gateline.functions.pool import NotStarted
from gateline.functions.preparation import prepare
from gateline.functions.speech import Said, Trouble
from gateline.processes.isolation import NOBODY_ELSE, uid_of


def test_a_user_that_cannot_read_the_code_is_not_taken_which_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_other_user(*_: object) -> tuple[int, str]:
        return NOBODY_ELSE, "not isolated"

    monkeypatch.setattr(preparation, "own_user", no_other_user)
    heard: list[Said | Trouble] = []
    function = python_function(tmp_path / "code", "")
    prepared = asyncio.run(prepare(function, tmp_path, lambda _: [Path(sys.executable)], heard.append))
    assert heard == [Trouble("fn", "", "not isolated")]
    assert prepared.uid == NOBODY_ELSE
    assert prepared.staged.code == tmp_path / "code"
    assert stat.S_IMODE(prepared.own.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_function_s_own_folder_is_its_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def another_user(uid: int, _: object) -> tuple[int, str]:
        return uid, ""

    monkeypatch.setattr(preparation, "own_user", another_user)
    prepared = asyncio.run(
        prepare(python_function(tmp_path / "code", ""), tmp_path, lambda _: [], lambda _: None)
    )
    assert prepared.own.stat().st_uid == uid_of(tmp_path, "fn")
    folder = prepared.staged.folder.stat()
    assert (folder.st_uid, folder.st_gid, stat.S_IMODE(folder.st_mode)) == (0, uid_of(tmp_path, "fn"), 0o750)


def test_code_that_is_missing_is_told(tmp_path: Path) -> None:
    function = python_function(tmp_path / "code", "", code=str(tmp_path / "missing"))
    with pytest.raises(NotStarted, match=r"its code cannot be used: .*missing does not exist"):
        asyncio.run(prepare(function, tmp_path, lambda _: [], lambda _: None))


def test_nothing_is_left_when_the_preparation_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken_off(*_: object) -> tuple[int, str]:
        raise asyncio.CancelledError

    monkeypatch.setattr(preparation, "own_user", broken_off)
    (tmp_path / "scratch").mkdir()
    function = python_function(tmp_path / "code", "")
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(prepare(function, tmp_path / "scratch", lambda _: [], lambda _: None))
    assert list((tmp_path / "scratch").iterdir()) == []
