"""The generated reference says what the code says; `pytest tests/docs --update-golden` rewrites it."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.markdown import name
from docs.reference_pages import END, PARTS, START, generated, with_generated
from gateline.sources.project_schema import project_schema


@pytest.mark.parametrize("page", generated(), ids=name)
def test_the_reference_says_what_the_code_says(page: Path, pytestconfig: pytest.Config) -> None:
    written = page.read_text(encoding="utf-8")
    expected = with_generated(written, generated()[page])
    if pytestconfig.getoption("--update-golden"):
        page.write_text(expected, encoding="utf-8")
        written = expected
    assert written == expected, "run: python -m pytest tests/docs --update-golden"


def test_every_part_of_the_project_file_is_in_the_reference() -> None:
    parts = {name for name in project_schema()["$defs"] if name.endswith("Part")}
    assert parts <= {part.__name__ for _, part in PARTS}


def test_what_stands_around_the_generated_part_stays() -> None:
    page = f"# Title\n\n{START}old\n{END}\nafter\n"
    assert with_generated(page, "new") == f"# Title\n\n{START}\nnew\n{END}\nafter\n"


def test_a_page_without_a_place_for_it_fails() -> None:
    with pytest.raises(AssertionError, match="no place"):
        with_generated("# Title\n", "new")
