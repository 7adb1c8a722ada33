from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateline.errors import FileUnreadable
from gateline.model.diagnostic import Complaints
from gateline.model.discovery import DiscoveredTarget
from gateline.sources.target_file import MOST_TARGETS, open_target_file, read_target_file


def named(text: str, name: str = "targets") -> list[str] | None:
    found = read_target_file(text.encode(), name, Complaints())
    return None if found is None else [f"{each.host}:{each.port}" for each in found]


def told(text: str, name: str = "targets") -> list[tuple[int, int, str]]:
    complaints = Complaints()
    assert read_target_file(text.encode(), name, complaints) is None
    found = complaints.report().diagnostics
    assert {each.code.name for each in found} == {"GL276"}
    return [
        (each.origin.position.line, each.origin.position.column, each.message)
        for each in found
        if each.origin.position is not None
    ]


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("10.0.3.7:9000\n10.0.3.8:9000\n", ["10.0.3.7:9000", "10.0.3.8:9000"]),
        ("\ufeff10.0.3.7:9000\r\n", ["10.0.3.7:9000"]),
        ("# all of them\n\n  10.0.3.7:9000  # one\n", ["10.0.3.7:9000"]),
        ("Orders.internal:80", ["orders.internal:80"]),
        ("[fd00::7]:9000\n[fd00::8]:9000\n", ["fd00::7:9000", "fd00::8:9000"]),
        ("10.0.3.7:9000\n10.0.3.7:9000\n10.0.3.7:9001\n", ["10.0.3.7:9000", "10.0.3.7:9001"]),
        ('["10.0.3.7:9000", "[fd00::7]:80"]', ["10.0.3.7:9000", "fd00::7:80"]),
        ("[]", []),
        ("# nobody is left\n", []),
    ],
)
def test_a_file_names_its_targets_as_json_or_in_lines(text: str, targets: list[str]) -> None:
    assert named(text) == targets


def test_a_target_has_the_usual_weight() -> None:
    found = read_target_file(b"10.0.3.7:9000", "targets", Complaints())
    assert found == (DiscoveredTarget(host="10.0.3.7", port=9000, weight=1, priority=0),)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("10.0.3.7:9000\n  10.0.3.8\n", 2, 3, "found '10.0.3.8'"),
        ("10.0.3.7:0", 1, 1, "found '10.0.3.7:0'"),
        ("a:1\nb:2\n169.254.169.254:80\n", 3, 1, "is a cloud metadata service"),
        ('[\n  "10.0.3.7:9000",\n  7\n]', 3, 3, "found a int"),
        ('[\n  "10.0.3.7:9000",\n  "x"\n]', 3, 3, "found 'x'"),
        ('["10.0.3.7:9000"', 1, 17, "expected ',' or a closing bracket"),
        ("", 1, 1, "it is empty"),
        ("  \n", 1, 1, "it is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, line: int, column: int, message: str) -> None:
    [(*place, said)] = told(text)
    assert place == [line, column]
    assert message in said


def test_a_json_file_is_one_by_its_name() -> None:
    assert "it is no list" in told('{"a": 1}', "targets.json")[0][2]
    assert "expected the end of the file" in told("10.0.3.7:9000", "targets.json")[0][2]


def test_all_that_is_wrong_is_told() -> None:
    assert [line for line, *_ in told("a:1\nb\nc:3\nd\n")] == [2, 4]


def test_there_is_an_end_to_targets_and_to_bytes() -> None:
    assert f"{MOST_TARGETS} at most" in told("".join(f"10.0.0.1:{port}\n" for port in range(1, 1002)))[0][2]
    assert "larger than 1 MB" in told("#" * 1024 * 1024 + "\n")[0][2]


def test_what_is_no_text_is_told() -> None:
    complaints = Complaints()
    assert read_target_file(b"a:1\n\xff", "targets", complaints) is None
    [complaint] = complaints.report().diagnostics
    assert complaint.origin.position is not None
    assert complaint.origin.position.line == 2


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "targets")
    with pytest.raises(FileUnreadable, match="targets is not a file"):
        open_target_file(tmp_path / "targets", "targets")


def test_what_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="does not exist"):
        open_target_file(tmp_path / "targets", "targets")
