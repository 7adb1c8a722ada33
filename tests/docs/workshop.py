"""A page's examples put to work: its files lie in a folder, and its commands run there in their order."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml
from typer.testing import CliRunner

from docs.markdown import Block, Command, blocks, commands, pages
from gateline.cli.app import COMMANDS, app

SHOWN_OUTPUT: Final = "make up"  # the title of a block that shows an output and is no file
FILES: Final = frozenset({"yaml", "json"})
INSPECTIONS: Final = frozenset({"check", "routes", "compile", "schema", "--version", "authorize", "invoke"})
_EXPORT: Final = re.compile(r"export (\w+)=(.*)")


def page_files(page: Path) -> list[Block]:
    """The blocks of a page that are files."""
    return [each for each in blocks(page) if each.title and each.language in FILES | {"python"}]


def working_pages() -> list[Path]:
    """The pages with examples; the pages of diagnostics show mistakes, and are tested where these are made."""
    return [page for page in pages() if page.parent.name != "diagnostics" and blocks(page)]


def page_commands(page: Path) -> list[Command]:
    """The commands of a page, in order."""
    return [each for block in blocks(page) if block.language == "console" for each in commands(block)]


def words(command: Command) -> list[str]:
    """The command's words, without its comment, its redirection and the `&` that sends it behind."""
    found = shlex.split(command.line, comments=True)
    for end in (">", "&"):
        found = found[: found.index(end)] if end in found else found
    return found


def parsed(block: Block) -> object:
    """The value that a yaml or json block writes."""
    return json.loads(block.text) if block.language == "json" else yaml.safe_load(block.text)


def options_of(name: str) -> frozenset[str]:
    """The options that a gateline command takes."""
    found = re.findall(r"--[a-z-]+", CliRunner().invoke(app, [name, "--help"], prog_name="gateline").output)
    return frozenset(found)


def unknown_words(command: Command) -> list[str]:
    """The words of a `gateline` command that name no command or option of it."""
    _, *rest = words(command)
    rest = rest[: rest.index("--")] if "--" in rest else rest
    if not rest or rest[0] == "--version" or rest[0] == "--install-completion":
        return []
    name, *arguments = rest
    if name not in COMMANDS:
        return [name]
    known = options_of(name)
    return [word for word in arguments if word.startswith("--") and word not in known]


@dataclass(slots=True)
class Workshop:
    """A page's folder and the environment that its commands have made so far."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(page: Path, folder: Path) -> Workshop:
        """A folder with the page's files in it."""
        for block in page_files(page):
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        return Workshop(folder)

    def export(self, command: Command) -> None:
        """Take an `export NAME=VALUE`; what another program would say is left to be anything."""
        found = _EXPORT.fullmatch(command.line)
        assert found is not None, command.place
        self.environment[found[1]] = "made-up" if found[2].startswith("$(") else found[2]

    def inspect(self, arguments: Sequence[str]) -> str:
        """What a command that starts nothing says."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            bare = {"API_GATEWAY_SECRET": None, "GATELINE_DEBUG": None, "FORCE_COLOR": None}
            runner = CliRunner(env={**bare, **self.environment})
            return runner.invoke(app, list(arguments), prog_name="gateline").output
        finally:
            os.chdir(before)


def inspections(page: Path) -> Iterator[tuple[Command, bool]]:
    """The page's `export` commands and those that start nothing, in order; whether it is the latter."""
    for command in page_commands(page):
        if command.line.startswith("export "):
            yield command, False
        elif (said := words(command))[:1] == ["gateline"] and INSPECTIONS & set(said[1:2]):
            yield command, True
