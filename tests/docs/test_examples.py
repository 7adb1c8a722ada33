"""The examples of the documents: files load, commands exist, what starts nothing says what is written."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from docs.markdown import ROOT, Block, Command, blocks, code_spans, matches, name, pages, prose
from docs.workshop import (
    FILES,
    Workshop,
    inspections,
    page_commands,
    page_files,
    parsed,
    unknown_words,
    words,
    working_pages,
)
from gateline.cli.render import as_json
from gateline.runtime import ready
from gateline.runtime.request_line import KEYS
from gateline.sources import PROJECT_FILE, load
from gateline.sources.project import ProjectFile

MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")
SHELL: Final = frozenset({"export", "source", "curl", "python"})
"""Programs of the reader's machine that pages call beside make, gateline and the tests."""

CI_GUIDE: Final = ROOT / "docs" / "guides" / "run-in-ci.md"
FRAGMENT: Final = "apis: {storefront: {definition: api.json}}"
DEFINITION: Final = '{"swagger": "2.0", "info": {"title": "a", "version": "1"}, "paths": {}}'


def with_blocks(*languages: str) -> list[Path]:
    return [page for page in working_pages() if any(each.language in languages for each in blocks(page))]


@pytest.mark.parametrize("page", working_pages(), ids=name)
def test_every_block_names_its_language(page: Path) -> None:
    known = FILES | {"console", "text", "python", "bash", "mermaid"}
    assert [each.place for each in blocks(page) if each.language not in known] == []


@pytest.mark.parametrize("page", with_blocks("yaml", "json"), ids=name)
def test_every_yaml_and_json_example_can_be_read(page: Path) -> None:
    for block in blocks(page):
        if block.language in FILES:
            assert isinstance(parsed(block), dict), block.place


@pytest.mark.parametrize("page", [page for page in working_pages() if page_files(page)], ids=name)
def test_every_project_of_a_page_loads_without_errors(page: Path, tmp_path: Path) -> None:
    workshop = Workshop.of(page, tmp_path)
    project = workshop.folder / PROJECT_FILE
    assert project.exists(), "a page with files has a project file among them"
    loaded = load(project, environ={}, checking=True)
    assert loaded.report.error_count == 0, loaded.report.diagnostics


def fragments() -> list[Block]:
    """The untitled yaml blocks that are a part of a project file."""
    keys = ProjectFile.model_fields.keys()
    return [
        block
        for page in working_pages()
        for block in blocks(page)
        if block.language == "yaml" and not block.title
        if isinstance(value := parsed(block), dict) and value.keys() <= keys
    ]


@pytest.mark.parametrize("block", fragments(), ids=lambda block: block.place)
def test_every_part_of_a_project_file_fits_into_one(block: Block, tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text(FRAGMENT)
    (tmp_path / "api.json").write_text(DEFINITION)
    part = tmp_path / "part.yaml"
    part.write_text(block.text)
    loaded = load(tmp_path / PROJECT_FILE, overlays=[part], environ={}, checking=True)
    assert loaded.report.error_count == 0, loaded.report.diagnostics


@pytest.mark.parametrize("page", [page for page in working_pages() if list(inspections(page))], ids=name)
def test_what_starts_nothing_says_what_is_written(page: Path, tmp_path: Path) -> None:
    workshop = Workshop.of(page, tmp_path)
    for command, inspects in inspections(page):
        if not inspects:
            workshop.export(command)
            continue
        said = workshop.inspect(words(command)[1:])
        assert not command.output or matches(command.output, said), f"{command.place} says:\n{said}"


def unknown(command: Command) -> list[str]:
    """What of a command does not exist: a target, a command, an option, a path of the repository."""
    said = words(command)
    match said:
        case ["make", *arguments]:
            targets = [word for word in arguments if "=" not in word]
            return [each for each in targets if not re.search(rf"^{each}:", MAKEFILE, re.MULTILINE)]
        case ["gateline", *_]:
            return unknown_words(command)
        case [".venv/bin/python", "-m", "pytest", *arguments]:
            paths = [word for word in arguments if word.startswith("tests")]
            return [each for each in paths if not (ROOT / each.partition("::")[0]).exists()]
        case [program, *_]:
            return [] if program in SHELL else [program]
        case _:
            return [command.line]


@pytest.mark.parametrize("page", with_blocks("console"), ids=name)
def test_every_command_of_a_page_exists(page: Path) -> None:
    assert {each.place: unknown(each) for each in page_commands(page) if unknown(each)} == {}


@pytest.mark.parametrize("page", working_pages(), ids=name)
def test_every_command_named_in_a_sentence_exists(page: Path) -> None:
    starts = ("make ", "gateline ", ".venv/bin/python -m pytest")
    spans = [each for each in code_spans(page) if each.startswith(starts) and "…" not in each]
    named = [Command(place=name(page), line=each.replace(" -- CMD", ""), output="") for each in spans]
    assert {each.line: unknown(each) for each in named if unknown(each)} == {}


@pytest.mark.parametrize(
    "line",
    [
        "make nothing",
        "gateline chekc",
        "gateline check --al GL401",
        ".venv/bin/python -m pytest tests/nothing",
        "rm -rf /",
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    assert unknown(Command(place="here", line=line, output="")) != []


def test_the_ready_file_and_the_json_of_check_have_the_keys_that_are_written(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text(FRAGMENT)
    (tmp_path / "api.json").write_text(DEFINITION)
    loaded = load(tmp_path / PROJECT_FILE, environ={}, checking=True)
    assert loaded.gateway is not None
    made = json.loads(
        ready.content(loaded.gateway, ready.Running(pids={"gateline": 1, "control": 2, "envoy": 3}))
    )
    said = as_json(loaded.report, loaded.locate)
    report, ready_file = [each for each in blocks(CI_GUIDE) if each.language == "json"]
    assert json.loads(ready_file.text).keys() == made.keys()
    assert json.loads(ready_file.text)["pids"].keys() == made["pids"].keys()
    assert json.loads(report.text).keys() == said.keys()


def test_every_field_of_a_request_line_is_named() -> None:
    spans = code_spans(ROOT / "docs" / "reference" / "commands.md")
    assert [each for each in (*KEYS, "api", "stage") if each not in spans] == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_nothing_is_simple_and_no_badge_is_worn(page: Path) -> None:
    assert re.search(r"\b(?:simply|just)\b|!\[", prose(page), re.IGNORECASE) is None


def test_a_comment_and_a_redirection_are_no_part_of_a_command() -> None:
    command = Command(place="here", line="gateline schema > a.json  # for editors", output="")
    assert words(command) == ["gateline", "schema"]
    assert shlex.split(command.line)[-1] == "editors"
