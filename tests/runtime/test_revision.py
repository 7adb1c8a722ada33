from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin
from gateline.runtime import revision
from gateline.runtime.revision import code_trees, revisions, tree_state


def function(name: str, code: Path | str, *layers: Path) -> Function:
    return Function(
        name=name,
        kind=FunctionKind.PYTHON,
        code=str(code),
        layers=tuple(map(str, layers)),
        origin=Origin("gateline.yaml"),
    )


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "pack").mkdir(parents=True)
    (folder / "handler.py").write_text("one")
    (folder / "pack" / "part.py").write_text("one")
    return folder


def test_the_same_files_have_the_same_revision(code: Path) -> None:
    assert revisions([function("a", code)]) == revisions([function("a", code)])


def changes(code: Path) -> list[str]:
    """The revision after each of several edits."""
    seen = []

    def look() -> None:
        seen.append(revisions([function("a", code)])["a"])

    look()
    (code / "handler.py").write_text("longer")
    look()
    os.utime(code / "pack" / "part.py", ns=(1, 1))
    look()
    (code / "new.py").write_text("")
    look()
    (code / "new.py").rename(code / "other.py")
    look()
    (code / "pack" / "part.py").unlink()
    look()
    return seen


def test_every_edit_anywhere_below_makes_another_revision(code: Path) -> None:
    assert len(set(changes(code))) == 6


def test_running_the_code_and_opening_an_editor_make_none(code: Path) -> None:
    before = revisions([function("a", code)])
    for name in (
        "__pycache__/handler.pyc",
        ".git/HEAD",
        ".gateline/envoy.log",
        "handler.py~",
        ".handler.py.swp",
        "calls.log",
        "count",
        "pack/notes.sqlite3",
    ):
        place = code / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("x")
    assert revisions([function("a", code)]) == before


def test_a_program_without_a_suffix_is_code(code: Path) -> None:
    before = revisions([function("a", code)])
    (code / "bootstrap").write_text("#!/bin/sh")
    assert revisions([function("a", code)]) == before
    (code / "bootstrap").chmod(0o755)
    assert revisions([function("a", code)]) != before


def test_layers_count_and_other_functions_do_not(code: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer.zip"
    layer.write_bytes(b"zip")
    both = [function("a", code, layer), function("b", code), function("remote", "")]
    before = revisions(both)
    layer.write_bytes(b"another zip")
    after = revisions(both)
    assert before["a"] != after["a"]
    assert (before["b"], before["remote"]) == (after["b"], "")


def test_a_single_file_counts_with_its_neighbours_of_the_same_kind(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("one")
    seen = [tree_state(tmp_path / "handler.py").digest]
    (tmp_path / "notes.txt").write_text("not code")
    seen.append(tree_state(tmp_path / "handler.py").digest)
    (tmp_path / "imported.py").write_text("code")
    seen.append(tree_state(tmp_path / "handler.py").digest)
    assert seen[0] == seen[1] != seen[2]


def test_a_missing_place_and_links_in_circles_are_looked_at_without_end_or_error(tmp_path: Path) -> None:
    assert tree_state(tmp_path / "missing.zip").digest
    (tmp_path / "around").symlink_to(tmp_path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    assert tree_state(tmp_path).folders == {tmp_path}


def test_a_huge_tree_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "MOST_ENTRIES", 3)
    monkeypatch.setattr(revision, "MOST_FOLDERS", 2)
    for name in "abcdef":
        (tmp_path / name).write_text("")
        (tmp_path / f"folder {name}").mkdir()
    before = tree_state(tmp_path)
    (tmp_path / "f").write_text("beyond the bound")
    assert tree_state(tmp_path) == before
    assert len(before.folders) <= 2


def test_folders_to_watch_are_those_that_hold_code(code: Path, tmp_path: Path) -> None:
    assert code_trees([function("a", code), function("remote", "")]) == {code}
    assert tree_state(code).folders == {code, code / "pack"}
