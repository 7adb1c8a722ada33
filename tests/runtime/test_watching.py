from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateline.runtime import watching
from gateline.runtime.watching import Watch, carried_over, looked_again, roots, signature


def sees(
    files: list[Path],
    change: Callable[[], object],
    *,
    before_watching: bool = False,
    trees: tuple[Path, ...] = (),
) -> bool:
    """Whether a change is seen; it is made when the watch has begun, unless told."""

    async def play() -> bool:
        before = signature(files, trees)
        if before_watching:
            change()
        with Watch(before) as watch:
            if not before_watching:
                asyncio.get_running_loop().call_soon(change)
            async with asyncio.timeout(20):
                await watch.changed(before)
        return True

    return asyncio.run(play())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateline.yaml"
    path.write_text("one")
    return path


def test_a_write_is_seen(file: Path) -> None:
    assert sees([file], lambda: file.write_text("two!"))


def test_a_change_before_the_watch_began_is_seen(file: Path) -> None:
    assert sees([file], lambda: file.write_text("two!"), before_watching=True)


def test_a_rename_over_the_file_is_seen(file: Path) -> None:
    def change() -> None:
        other = file.with_suffix(".tmp")
        other.write_text("one")
        other.replace(file)

    assert sees([file], change)


def test_a_removal_is_seen(file: Path) -> None:
    assert sees([file], file.unlink)


def test_a_missing_file_that_comes_is_seen_and_its_folder_with_it(tmp_path: Path) -> None:
    missing = tmp_path / "services" / "orders.yaml"

    def change() -> None:
        missing.parent.mkdir()
        missing.write_text("one")

    assert sees([missing], change)


def test_a_new_definition_beside_a_watched_one_is_seen(file: Path) -> None:
    more = file.parent / "more.yaml"
    assert sees([file], more.touch)


def test_a_link_to_another_file_is_seen(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gateline.yaml").write_text(name)
    (tmp_path / "current").symlink_to(tmp_path / "a")
    linked = tmp_path / "current" / "gateline.yaml"

    def change() -> None:
        (tmp_path / "next").symlink_to(tmp_path / "b")
        (tmp_path / "next").replace(tmp_path / "current")

    assert sees([linked], change)


def test_a_system_without_watches_is_looked_at_again_and_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_watches_left(*_: object, **__: object) -> None:
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr(watching, "watch", no_watches_left)
    monkeypatch.setattr(watching, "LOOK_ANYWAY_MS", 1)
    assert sees([file], lambda: file.write_text("two!"))


def test_what_is_no_definition_changes_no_signature(file: Path) -> None:
    before = signature([file])
    (file.parent / "app.log").touch()
    assert signature([file]) == before


def test_the_same_size_at_another_time_is_another_state(file: Path) -> None:
    before = signature([file])
    os.utime(file, ns=(0, 0))
    assert signature([file]) != before


def test_a_signature_carried_over_is_in_the_former_state_where_there_was_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text("one")
    before = signature([old])
    old.write_text("changed meanwhile")
    new.write_text("one")
    carried = carried_over(before, signature([old, new]))
    assert carried.files[old] == before.files[old]
    assert carried.files[new] == signature([new]).files[new]
    assert carried != signature([old, new])


def test_roots_are_folders_that_exist(tmp_path: Path) -> None:
    found = roots(signature([tmp_path / "a" / "b" / "c.yaml", tmp_path / "d.yaml"]))
    assert found == {tmp_path: tmp_path.stat().st_ino}


def test_one_watch_sees_change_after_change_also_of_other_files(file: Path) -> None:
    other = file.parent / "below" / "other.json"
    other.parent.mkdir()
    other.write_text("one")

    async def play() -> None:
        loop = asyncio.get_running_loop()
        with Watch(signature([file])) as watch:
            async with asyncio.timeout(20):
                for text in ("two", "three"):
                    loop.call_soon(file.write_text, text)
                    await watch.changed(signature([file]))
                loop.call_soon(other.write_text, "changed")
                await watch.changed(signature([file, other]))

    asyncio.run(play())


def test_a_change_while_nobody_waited_is_seen_when_somebody_waits(file: Path) -> None:
    async def play() -> None:
        before = signature([file])
        with Watch(before) as watch:
            asyncio.get_running_loop().call_soon(file.write_text, "changed!")
            await asyncio.sleep(0)
            async with asyncio.timeout(20):
                await watch.changed(before)

    asyncio.run(play())


def test_late_word_of_a_state_that_is_known_already_is_no_change(file: Path) -> None:
    async def play() -> bool:
        before = signature([file])
        with Watch(before) as watch:
            waiting = asyncio.ensure_future(watch.changed(before))
            for _ in range(3):
                watch._differs.set()
                while watch._differs.is_set():  # noqa: ASYNC110 - taken when the files were looked at again
                    await asyncio.sleep(0)
            was_seen = waiting.done()
            asyncio.get_running_loop().call_soon(file.write_text, "two!")
            await waiting
        return was_seen

    assert asyncio.run(play()) is False


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "pack" / "deep").mkdir(parents=True)
    (folder / "handler.py").write_text("one")
    (folder / "pack" / "deep" / "part.py").write_text("one")
    return folder


@pytest.mark.parametrize("place", ["handler.py", "new.py", "pack/deep/part.py", "pack/deep/new.py"])
def test_an_edit_anywhere_below_a_tree_is_seen(tree: Path, file: Path, place: str) -> None:
    assert sees([file], lambda: (tree / place).write_text("two!"), trees=(tree,))


def test_a_removal_below_a_tree_is_seen(tree: Path, file: Path) -> None:
    assert sees([file], (tree / "pack" / "deep" / "part.py").unlink, trees=(tree,))


def test_a_tree_that_comes_is_seen(tmp_path: Path, file: Path) -> None:
    def change() -> None:
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "handler.py").write_text("one")

    assert sees([file], change, trees=(tmp_path / "later",))


def test_a_file_beside_a_tree_is_seen_too(tree: Path, file: Path) -> None:
    assert sees([file], lambda: file.write_text("two!"), trees=(tree,))


def test_without_word_of_the_system_a_tree_is_looked_at_anyway(
    tree: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(watching, "watch", fail)
    monkeypatch.setattr(watching, "LOOK_ANYWAY_MS", 1)
    assert sees([file], lambda: (tree / "handler.py").write_text("two!"), trees=(tree,))


def test_running_the_code_is_no_change(tree: Path) -> None:
    before = signature([], [tree])
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "handler.pyc").write_text("")
    assert looked_again(before) == before
    (tree / "handler.py").write_text("two!")
    assert looked_again(before) != before


def test_the_state_of_a_known_tree_is_carried_over(tree: Path, tmp_path: Path) -> None:
    before = signature([], [tree])
    (tree / "handler.py").write_text("two!")
    now = signature([], [tree, tmp_path / "other"])
    carried = carried_over(before, now)
    assert carried.trees[tree] == before.trees[tree]
    assert carried.trees[tmp_path / "other"] == now.trees[tmp_path / "other"]
