"""The harness: it must fail when it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden.golden import Golden


def test_a_difference_fails(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text("a: 1\n")
    with pytest.raises(AssertionError):
        Golden(tmp_path, update=False).check("model.yaml", "a: 2\n")


def test_a_missing_file_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="make golden"):
        Golden(tmp_path, update=False).check("model.yaml", "a: 2\n")


def test_an_orphan_fails_and_an_update_removes_it(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text("")
    with pytest.raises(AssertionError, match=r"old\.yaml"):
        Golden(tmp_path, update=False).close()
    Golden(tmp_path, update=True).close()
    assert list(tmp_path.iterdir()) == []


def test_an_update_writes_what_the_code_says(tmp_path: Path) -> None:
    golden = Golden(tmp_path / "expected", update=True)
    golden.check("model.yaml", "a: 2\n")
    golden.close()
    assert (tmp_path / "expected" / "model.yaml").read_text() == "a: 2\n"
