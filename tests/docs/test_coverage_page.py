"""The coverage page names everything that the reader of definitions knows, and only codes that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from docs.coverage_tables import NOTES, known_names, noted_names, with_tables
from docs.markdown import ROOT, name, pages
from gateline.compile.mapping import DROPPED_HEADERS
from gateline.dataplane import script
from gateline.model import codes
from gateline.model.diagnostic import Code
from gateline.model.integration import ILLEGAL_HEADERS
from gateline.sources import intrinsics

PATH: Final = ROOT / "docs" / "reference" / "coverage.md"
PAGE: Final = PATH.read_text(encoding="utf-8")
COMMANDS_PAGE: Final = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
NAMED: Final = frozenset(
    part for span in re.findall(r"`([^`]+)`", PAGE) for part in (span, span.partition(":")[0])
)
CODES: Final = {code.name: code for code in vars(codes).values() if isinstance(code, Code)}

_REASON: Final = re.compile(
    r'(?:forbidden|bad_request)\([^()]*(?:\([^()]*\)[^()]*)*"(\w+)"\)'
    r'|refuse\([^()]*(?:\([^()]*\)[^()]*)*"(\w+)"\)'
    r'|answer\(r, "\w+", "(\w+)"'
    r'|WHY, "(\w+)"|why = "(\w+)"|return "(path_\w+)"|(?:or|and) "(path_\w+)"'
)


def missing(known: set[str] | frozenset[str]) -> list[str]:
    return sorted(known - NAMED)


def test_the_tables_say_what_code_and_notes_say(pytestconfig: pytest.Config) -> None:
    expected = with_tables(PAGE)
    if pytestconfig.getoption("--update-golden"):
        PATH.write_text(expected, encoding="utf-8")
    else:
        assert expected == PAGE, "run: python -m pytest tests/docs --update-golden"


def test_every_table_stands_on_the_page() -> None:
    assert set(re.findall(r"<!-- generated: (\w+) -->", PAGE)) == set(NOTES)


@pytest.mark.parametrize("section", known_names())
def test_whatever_the_code_knows_is_noted(section: str) -> None:
    assert sorted(known_names()[section] - noted_names(section)) == []


def test_every_header_that_may_not_be_mapped_is_named() -> None:
    named = {each.lower() for each in NAMED}
    assert sorted((ILLEGAL_HEADERS | DROPPED_HEADERS) - named) == []


def test_every_function_of_cloudformation_is_named() -> None:
    assert missing(intrinsics.FUNCTIONS.keys() | {"Fn::Transform: AWS::Include"}) == []


def test_every_code_of_what_is_not_supported_is_named() -> None:
    unsupported = {
        name for name, code in CODES.items() if code.allowable or "not supported yet" in code.title
    }
    unsupported -= {codes.KEY_NOT_SUPPORTED_YET.name}  # of the project file
    assert sorted(each for each in unsupported if each not in PAGE) == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_code_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"\bGL\d{3}\b", page.read_text(encoding="utf-8")))
    assert sorted(named - CODES.keys()) == []


def test_every_reason_of_the_script_is_explained() -> None:
    reasons = {reason for found in _REASON.findall(script()) for reason in found if reason}
    assert {"host", "no_method", "script", "two_credentials", "path_percent"} <= reasons
    assert sorted(each for each in reasons if f"`{each}`" not in COMMANDS_PAGE) == []
