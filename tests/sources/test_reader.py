from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.errors import FileUnreadable
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Origin, Position
from gateline.sources import json_text
from gateline.sources.reader import Reader


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p" / "team").mkdir(parents=True)
    (tmp_path / "p" / "gateline.yaml").write_text("name:\n  x\n")
    (tmp_path / "p" / "team" / "a.yaml").write_text("a: [1, 2]\n")
    (tmp_path / "outside.yaml").write_text("b: 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("p/gateline.yaml", ["p/gateline.yaml", "p/team/a.yaml", "outside.yaml"]),
        ("./p/../p/gateline.yaml", ["p/gateline.yaml", "p/team/a.yaml", "outside.yaml"]),
    ],
)
def test_files_are_called_the_way_the_project_was_named(
    project: Path, named: str, expected: list[str]
) -> None:
    reader = Reader(Path(named), Complaints())
    paths = (project / "p/gateline.yaml", project / "p/team/a.yaml", project / "outside.yaml")
    assert [reader.name(path) for path in paths] == expected


def test_an_absolute_project_has_absolute_names(project: Path) -> None:
    reader = Reader(project / "p/gateline.yaml", Complaints())
    assert reader.name(project / "p/team/a.yaml") == str(project / "p/team/a.yaml")


def test_paths_are_relative_to_the_file_that_they_are_written_in(project: Path) -> None:
    reader = Reader(Path("p/gateline.yaml"), Complaints())
    reader.read(project / "p/gateline.yaml")
    reader.read(project / "p/team/a.yaml")
    assert reader.absolute(Origin("p/gateline.yaml"), "x.json") == project / "p/x.json"
    assert reader.absolute(Origin("p/team/a.yaml"), "../x.json") == project / "p/x.json"
    assert reader.absolute(Origin("p/team/a.yaml"), "/x.json") == Path("/x.json")


def test_a_file_is_read_once_and_complained_about_once(project: Path) -> None:
    (project / "p/bad.yaml").write_text("a: [")
    complaints = Complaints()
    reader = Reader(Path("p/gateline.yaml"), complaints)
    assert reader.read(project / "p/bad.yaml") is None
    assert reader.read(project / "p/team/../bad.yaml") is None
    assert complaints.report().error_count == 1


def test_positions_are_those_of_the_text_that_was_read(project: Path) -> None:
    reader = Reader(Path("p/gateline.yaml"), Complaints())
    document = reader.read(Path("p/team/a.yaml"))
    assert document is not None
    (project / "p/team/a.yaml").write_text("\n\n\na: [1, 2]\n")
    assert reader.place(Origin("p/team/a.yaml", ("a", 1))) == "p/team/a.yaml:1:8"
    assert reader.text("p/team/a.yaml") == "a: [1, 2]\n"


def test_the_place_of_a_syntax_error_is_its_own(project: Path) -> None:
    reader = Reader(Path("p/gateline.yaml"), Complaints())
    assert reader.locate(Origin("p/gateline.yaml", (), Position(7, 3))) == Position(7, 3)
    assert reader.locate(Origin("never-read.yaml", ("a",))) == Position(1, 1)


def test_a_file_that_a_command_names_and_that_is_missing_ends_the_command(project: Path) -> None:
    reader = Reader(Path("p/gateline.yaml"), Complaints())
    with pytest.raises(FileUnreadable, match=r"p/none.yaml does not exist"):
        reader.read(Path("p/none.yaml"))


def test_a_file_that_the_project_names_and_that_is_missing_is_a_complaint(project: Path) -> None:
    complaints = Complaints()
    reader = Reader(Path("p/gateline.yaml"), complaints)
    origin = Origin("p/gateline.yaml", ("name",))
    assert reader.read_named(project / "p/none.json", origin, "the definition of 'a'") is None
    (diagnostic,) = complaints.report().diagnostics
    assert diagnostic.message == "the definition of 'a' cannot be read: p/none.json does not exist"
    assert diagnostic.origin == origin


def test_files_that_are_missing_are_watched_too(project: Path) -> None:
    reader = Reader(Path("p/gateline.yaml"), Complaints())
    reader.read_named(project / "p/none.json", Origin("p/gateline.yaml"), "it")
    reader.depend_on(project / "p/edge.key")
    assert reader.files == {project / "p/none.json", project / "p/edge.key"}


def test_thousands_of_places_in_a_text_do_not_read_it_thousands_of_times(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    entries = json_text._entries

    def counted(text: str, at: int) -> Iterator[tuple[str, int, int]]:
        read.append(at)
        return entries(text, at)

    monkeypatch.setattr(json_text, "_entries", counted)
    (project / "p/many.json").write_text(
        json.dumps({"paths": {f"/{i}": {"get": i} for i in range(500)}}, indent=0)
    )
    reader = Reader(Path("p/gateline.yaml"), Complaints())
    reader.read(project / "p/many.json")
    read.clear()
    places = [reader.locate(Origin("p/many.json", ("paths", f"/{i}", "get"))) for i in range(500)]
    assert [place.line for place in places[:2]] == [4, 7]
    assert len(read) == len(set(read)) == 502  # the document, its paths, and each path once
