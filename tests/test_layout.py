"""The house's layout (shared/design/styles.md section 3): twins, names, sizes, and a page for every code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from gateline import dataplane
from gateline.model import codes
from gateline.model.diagnostic import Code

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ROOT / "src" / "gateline"
TESTS: Final = ROOT / "tests"
PAGES: Final = ROOT / "docs" / "reference" / "diagnostics"

MAX_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 60
FORBIDDEN: Final = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "shared"}

WITHOUT_TWIN: Final = {
    "errors.py": "exception classes; every test of a fault names them",
    "expressions/tree.py": "values without behaviour",
    "model/assertion.py": "values without behaviour",
    "model/balancer_attributes.py": "values without behaviour",
    "prove/attempt.py": "values without behaviour",
    "model/authorizer.py": "values without behaviour",
    "model/gateway.py": "values without behaviour",
    "model/client_address.py": "values without behaviour",
    "model/client_certificate.py": "values without behaviour",
    "model/discovery.py": "values without behaviour",
    "model/domain.py": "values without behaviour",
    "model/listener_tls.py": "values without behaviour",
    "model/load_balancer.py": "values without behaviour",
    "model/login.py": "values without behaviour",
    "model/service.py": "values without behaviour",
    "model/transform.py": "values without behaviour",
    "model/target_group.py": "values without behaviour",
    "runtime/notice.py": "values without behaviour",
    "runtime/settings.py": "values without behaviour",
    "compile/resources.py": "values without behaviour",
    "functions/answer.py": "values without behaviour",
    "functions/runner.py": "a protocol",
    "host/__main__.py": "a process of its own: tests/runtime and tests/end_to_end start it",
    "functions/speech.py": "values without behaviour",
    "services/action.py": "values without behaviour",
    "services/event.py": "values without behaviour",
}
"""Source files that need no test file of their own, with the reason."""

ROOMS_OF_TESTS_ONLY: Final = {
    "attacks", "corpus", "deploy", "docs", "end_to_end", "golden", "guard", "harness", "proofs",
}  # fmt: skip
"""Folders of tests that no room of the source stands behind."""

TWINLESS_TESTS: Final = {
    "compile/test_compile.py": "compile/__init__.py",
    "control/test_with_envoy.py": "the whole room against a real Envoy",
    "sources/test_corpus.py": "the whole room over the documents of ../shared/corpus",
    "sources/test_load.py": "sources/__init__.py",
}
"""Tests in a room's folder whose source is named otherwise, with what they test."""


def files(folder: Path, *endings: str) -> Iterator[Path]:
    """The files below a folder with these endings; caches left out."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in endings and not any(part.startswith((".", "__pycache__")) for part in path.parts):
            yield path


def is_test_room(path: Path) -> bool:
    """Whether a test file belongs to the mirror of a room."""
    return path.relative_to(TESTS).parts[0] not in ROOMS_OF_TESTS_ONLY


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """The functions of a file and how many lines each has."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.name, node.end_lineno - node.lineno + 1


def test_every_source_file_has_a_test_file_of_its_own() -> None:
    missing = []
    for path in files(SOURCES, ".py"):
        name = path.relative_to(SOURCES)
        twin = TESTS / name.parent / f"test_{name.stem.strip('_')}.py"
        if name.name != "__init__.py" and name.as_posix() not in WITHOUT_TWIN and not twin.exists():
            missing.append(name.as_posix())
    assert missing == []


def test_every_test_file_of_a_room_has_its_source() -> None:
    strangers = []
    for path in files(TESTS, ".py"):
        name = path.relative_to(TESTS)
        if not path.name.startswith("test_") or not is_test_room(path) or len(name.parts) == 1:
            continue
        noun = path.stem.removeprefix("test_")
        stems = {source.stem for source in (SOURCES / name.parent).glob("*.py")}
        has_source = any(noun == stem or noun.startswith(f"{stem}_") for stem in stems)
        is_of_lua = name.parts[0] == "dataplane"  # the script's tests: one file for each of its jobs
        if not has_source and not is_of_lua and name.as_posix() not in TWINLESS_TESTS:
            strangers.append(name.as_posix())
    assert strangers == []


def test_exceptions_are_of_files_that_exist() -> None:
    assert [name for name in WITHOUT_TWIN if not (SOURCES / name).exists()] == []
    assert [name for name in TWINLESS_TESTS if not (TESTS / name).exists()] == []
    assert {path.name for path in TESTS.iterdir() if path.is_dir()} >= ROOMS_OF_TESTS_ONLY


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    named = [path for folder in (SOURCES, TESTS, ROOT / "tools") for path in folder.rglob("*")]
    assert [path for path in named if path.stem.removeprefix("test_") in FORBIDDEN] == []


def test_no_file_is_long() -> None:
    long = {}
    for folder in (SOURCES, TESTS, ROOT / "tools"):
        for path in files(folder, ".py", ".lua"):
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > MAX_LINES:
                long[path.relative_to(ROOT).as_posix()] = lines
    assert long == {}


def test_no_function_is_long() -> None:
    long = [
        (path.name, name, lines)
        for path in files(SOURCES, ".py")
        for name, lines in functions(path)
        if lines > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_nothing_is_left_for_later_in_silence() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b(?! Internal)")
    for path in files(SOURCES, ".py", ".lua"):
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if marks.search(line)]
        assert [line for line in found if "\\uXXXX" not in line] == [], path


def test_every_room_says_its_law_on_top() -> None:
    for path in SOURCES.rglob("__init__.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, path


LONE_PARTS: Final = (
    "access_log", "client_certificate", "function_reason", "mismatch", "redirect", "sidecar", "transform"
)  # fmt: skip
"""Parts of scripts of their own."""


def test_the_scripts_consist_of_all_their_parts_and_nothing_else() -> None:
    parts = {path.stem for path in files(SOURCES / "dataplane", ".lua")}
    shared = {*dataplane.PARTS, *dataplane.BALANCER_PARTS, *dataplane.STICKINESS_PARTS}
    assert parts == {*shared, *LONE_PARTS}


def test_sources_name_no_machine() -> None:
    place = re.compile(r"(?<![\w.])/(?:root|home|Users|work)/\w")
    for path in files(SOURCES, ".py", ".lua"):
        assert not place.search(path.read_text(encoding="utf-8")), path


CODES: Final = sorted(
    (code for code in vars(codes).values() if isinstance(code, Code)), key=lambda code: code.name
)


@pytest.mark.parametrize("code", CODES, ids=[code.name for code in CODES])
def test_every_diagnostic_code_has_a_page_with_its_title(code: Code) -> None:
    page = PAGES / f"{code.name}.md"
    assert page.exists(), f"write docs/reference/diagnostics/{code.name}.md: meaning, example, what to do"
    text = page.read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"# {code.name}: {code.title}"
    assert "`" in text, "an example, or the words to look for"


def test_every_page_is_of_a_code_that_exists() -> None:
    assert {path.stem for path in PAGES.glob("GL*.md")} <= {code.name for code in CODES}
