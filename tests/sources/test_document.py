import errno
from pathlib import Path

import pytest

from gateline.errors import FileUnreadable
from gateline.model.diagnostic import Complaints
from gateline.model.origin import Position
from gateline.sources import document as document_module
from gateline.sources.document import Document, locate, read_document


def read(tmp_path: Path, text: str | bytes, name: str = "api.yaml") -> tuple[Document | None, Complaints]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    complaints = Complaints()
    return read_document(path, name, complaints), complaints


def said(complaints: Complaints) -> list[tuple[str, Position | None]]:
    return [(d.code.name, d.origin.position) for d in complaints.report().diagnostics]


def test_a_json_file_is_read_by_its_suffix(tmp_path: Path) -> None:
    document, complaints = read(tmp_path, '{"swagger": "2.0"}', "api.json")
    assert document is not None
    assert (document.value, document.name, said(complaints)) == ({"swagger": "2.0"}, "api.json", [])


def test_json_in_a_yaml_file_is_read_as_json(tmp_path: Path) -> None:
    document, _ = read(tmp_path, '\n{"a":\t1}')
    assert document is not None
    assert document.value == {"a": 1}


def test_a_flow_mapping_in_a_yaml_file_is_read_as_yaml(tmp_path: Path) -> None:
    document, complaints = read(tmp_path, "{openapi: 3.0.1, paths: {},}")
    assert document is not None
    assert document.value == {"openapi": "3.0.1", "paths": {}}
    assert said(complaints) == []
    assert locate(document, ("paths",)) == Position(1, 18)


def test_yaml_in_a_json_file_is_refused(tmp_path: Path) -> None:
    document, complaints = read(tmp_path, "a: 1", "api.json")
    assert document is None
    assert said(complaints) == [("GL101", Position(1, 1))]


def test_broken_json_in_a_yaml_file_is_told_as_json(tmp_path: Path) -> None:
    document, complaints = read(tmp_path, '{"a": 1}}')
    assert document is None
    assert said(complaints) == [("GL101", Position(1, 9))]


def test_a_key_written_twice_is_a_warning_and_the_document_is_read(tmp_path: Path) -> None:
    document, complaints = read(tmp_path, "a: 1\na: 2\n")
    assert document is not None
    assert document.value == {"a": 2}
    assert complaints.report().error_count == 0
    assert said(complaints) == [("GL102", Position(2, 1))]


def test_a_byte_order_mark_is_taken_off(tmp_path: Path) -> None:
    document, _ = read(tmp_path, b"\xef\xbb\xbfa: 1")
    assert document is not None
    assert document.value == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "position", "word"),
    [
        (b"a: 1\nb: \xff\n", Position(2, 4), "0xff"),
        ("a: 1".encode("utf-16"), Position(1, 1), "UTF-16"),
        (b"caf\xe9: 1", Position(1, 4), "0xe9"),
    ],
)
def test_what_is_not_utf_8_is_refused_at_its_place(
    tmp_path: Path, raw: bytes, position: Position, word: str
) -> None:
    document, complaints = read(tmp_path, raw)
    assert document is None
    assert said(complaints) == [("GL103", position)]
    assert word in complaints.report().diagnostics[0].message


def test_an_endless_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "MAX_BYTES", 10)
    document, complaints = read(tmp_path, "a: 12345678901")
    assert document is None
    assert said(complaints) == [("GL105", Position(1, 1))]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"^nowhere\.yaml does not exist$"):
        read_document(tmp_path / "nowhere.yaml", "nowhere.yaml", Complaints())


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="is a folder"):
        read_document(tmp_path, "here", Complaints())


def test_a_name_that_no_file_can_have_is_unreadable() -> None:
    with pytest.raises(FileUnreadable, match="cannot be read"):
        read_document(Path("a\0b"), "odd", Complaints())


def test_a_file_that_may_not_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileUnreadable, match="Permission denied"):
        read_document(tmp_path / "x", "x", Complaints())


def test_places_are_found_in_both_forms(tmp_path: Path) -> None:
    as_json, _ = read(tmp_path, '{"a":\n {"b": 1}}', "a.json")
    as_yaml, _ = read(tmp_path, "a:\n  b: 1\n")
    assert as_json is not None
    assert as_yaml is not None
    assert locate(as_json, ("a", "b")) == Position(2, 8)
    assert locate(as_yaml, ("a", "b")) == Position(2, 6)
