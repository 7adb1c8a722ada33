"""What the maps name exists: files, tests, and the floors as import-linter knows them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from docs.markdown import ROOT, blocks, code_spans, name, pages

MAPS: Final = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "README.md"]
FOLDERS: Final = (ROOT, ROOT / "src" / "gateline", ROOT / "src" / "gateline" / "dataplane" / "lua")
ABSENT: Final = frozenset(
    {"src/gateline/x/y.py", "tests/x/test_y.py", "gateway.lua", "expected/", "envoy/__init__.py"}
)
"""An example, the script, which is written in parts, and what lies in many folders or in other packages."""

_PATH: Final = re.compile(r"\.?[\w/-]+(?:\.(?:py|lua|md|toml|json|yaml|lock)|/)(?:::\w+)?")


def missing(span: str) -> bool:
    """Whether a path in backticks, `file` or `file::test`, leads nowhere."""
    path, _, test = span.partition("::")
    found = [folder / path for folder in FOLDERS if (folder / path).exists()]
    if "/" not in path:
        found += (ROOT / "tests").rglob(path)
        found += (ROOT / "src").rglob(path)  # after a room was named, its files' names do
    if not found:
        return True
    return bool(test) and f"def {test}(" not in found[0].read_text(encoding="utf-8")


def paths_in(page: Path) -> list[str]:
    """The paths in backticks of a page; `NAME` and `*` stand for others."""
    spans = [each for each in code_spans(page) if _PATH.fullmatch(each)]
    return [each for each in spans if each not in ABSENT and "NAME" not in each]


def mapped_pages() -> list[Path]:
    concepts = [page for page in pages() if page.parent.name in {"concepts", "decisions"}]
    return [*MAPS, *concepts]


@pytest.mark.parametrize("page", mapped_pages(), ids=name)
def test_every_file_and_test_that_is_named_exists(page: Path) -> None:
    ours = (".gateline/", "services/")  # what lies in a user's folder
    assert [each for each in paths_in(page) if missing(each) and not each.startswith(ours)] == []


@pytest.mark.parametrize(
    "span", ["compile/nothing.py", "tests/nothing/", "tests/docs/test_named_things.py::test_nothing"]
)
def test_what_does_not_exist_is_found(span: str) -> None:
    assert missing(span)


def test_the_architecture_names_every_room() -> None:
    rooms = {each.name for each in (ROOT / "src" / "gateline").iterdir() if (each / "__init__.py").exists()}
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert sorted(room for room in rooms if f"**{room}/**" not in text) == []


def test_the_architecture_shows_the_floors_that_are_held() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [layers] = [each["layers"] for each in contracts if each["type"] == "layers"]
    [shown] = [block.text for block in blocks(ROOT / "ARCHITECTURE.md") if block.title == "floors"]
    assert shown.split("\n")[:-1] == layers
