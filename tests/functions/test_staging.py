from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from gateline.functions import staging
from gateline.functions.staging import Unstageable, stage, unpack
from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin

ORIGIN = Origin("gateline.yaml", ("functions", "f"))


def a_function(code: Path, *layers: Path) -> Function:
    return Function(
        name="a:b",
        kind=FunctionKind.PYTHON,
        code=str(code),
        layers=tuple(map(str, layers)),
        origin=ORIGIN,
    )


def a_zip(path: Path, entries: dict[str, tuple[int, str]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (mode, content) in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return path


FILE, PROGRAM, LINK, DEVICE = (
    stat.S_IFREG | 0o600,
    stat.S_IFREG | 0o755,
    stat.S_IFLNK | 0o777,
    stat.S_IFCHR | 0o666,
)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_a_folder_is_used_where_it_lies(tmp_path: Path, scratch: Path) -> None:
    staged = stage(a_function(tmp_path, tmp_path / "scratch"), scratch)
    assert (staged.code, staged.layers) == (tmp_path, (scratch,))
    staged.discard()
    assert list(scratch.iterdir()) == []


def test_a_file_means_its_folder(tmp_path: Path, scratch: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("")
    assert stage(a_function(file), scratch).code == tmp_path


def test_a_zip_is_unpacked_readable_and_goes_with_its_staging(tmp_path: Path, scratch: Path) -> None:
    code = a_zip(
        tmp_path / "code.zip",
        {"app.py": (FILE, "x = 1"), "bin/run": (PROGRAM, "#!"), "bin/again": (LINK, "run"), "plain": (0, "")},
    )
    layer = a_zip(tmp_path / "layer.ZIP", {"python/dep.py": (FILE, "y = 2")})
    staged = stage(a_function(code, layer), scratch)
    assert (staged.code / "app.py").read_text() == "x = 1"
    assert stat.S_IMODE((staged.code / "app.py").stat().st_mode) == 0o644
    assert os.access(staged.code / "bin/again", os.X_OK)
    assert (staged.layers[0] / "python/dep.py").read_text() == "y = 2"
    staged.discard()
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "entries",
    [
        {"../out.py": (FILE, "")},
        {"a/../../out.py": (FILE, "")},
        {"/out.py": (FILE, "")},
        {"..\\out.py": (FILE, "")},
        {"link": (LINK, "../../out")},
        {"link": (LINK, "/etc/passwd")},
        {"sub/deep/up": (LINK, "../.."), "link": (LINK, "sub/deep/up/../../out")},
        {"out": (LINK, "../.."), "out/app.py": (FILE, "")},
        {"null": (DEVICE, "")},
    ],
    ids=str,
)
def test_an_archive_that_would_leave_its_folder_is_refused(
    tmp_path: Path, scratch: Path, entries: dict[str, tuple[int, str]]
) -> None:
    code = a_zip(tmp_path / "code.zip", entries)
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(Unstageable):
        stage(a_function(code), scratch)
    assert list(scratch.iterdir()) == []
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before


def test_a_bomb_is_refused(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "LARGEST", 1000)
    code = a_zip(tmp_path / "code.zip", {"a": (FILE, "x" * 600), "b": (FILE, "x" * 600)})
    with pytest.raises(Unstageable, match="more than"):
        stage(a_function(code), scratch)


def test_what_is_missing_or_no_archive_is_told(tmp_path: Path, scratch: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_text("no zip")
    for path in (broken, tmp_path / "missing.zip", tmp_path / "missing"):
        with pytest.raises(Unstageable):
            stage(a_function(path), scratch)
    assert list(scratch.iterdir()) == []


def test_no_link_is_made_through_another_one(tmp_path: Path, scratch: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = a_zip(
        tmp_path / "evil.zip", {"a": (LINK, str(outside)), "a/sub/planted": (LINK, "/tmp/anything")}
    )
    with pytest.raises(Unstageable):
        unpack(archive, scratch / "code")
    assert list(outside.iterdir()) == []
