"""Markdown as far as the documents use it: fenced blocks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PROMPT: Final = "$ "

_FENCE: Final = re.compile(r"^```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?[ ]*$")
_LINK: Final = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?P<target>[^()\s]+)\)")
_CODE: Final = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block; `title` is the name of the file that it shows, "" when it shows none."""

    page: Path
    line: int
    language: str
    title: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a console block with the output that is written below it."""

    place: str
    line: str
    output: str


def pages() -> list[Path]:
    """Every document of the repository."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name(page: Path) -> str:
    """A page's name in a test's id."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [block for block, _ in _parsed(page) if block is not None]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return "\n".join(line for block, line in _parsed(page) if block is None)


def links(page: Path) -> list[str]:
    """The targets of a page's links."""
    return [found["target"] for found in _LINK.finditer(_CODE.sub("", prose(page)))]


def code_spans(page: Path) -> list[str]:
    """What stands between single backticks in a page's prose."""
    return [found[0].strip("`") for found in _CODE.finditer(prose(page))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    found = set()
    for line in prose(page).splitlines():
        if line.startswith("#"):
            text = line.lstrip("#").strip().lower().replace("`", "")
            found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


def commands(block: Block) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    for number, line in enumerate(block.text.splitlines(keepends=True), start=block.line + 1):
        if line.startswith(PROMPT):
            place = f"{block.page.relative_to(ROOT)}:{number}"
            found.append(Command(place=place, line=line.removeprefix(PROMPT).strip(), output=""))
        elif found:
            last = found.pop()
            found.append(Command(place=last.place, line=last.line, output=last.output + line))
    return found


def matches(expected: str, actual: str) -> bool:
    """Whether an output is what a page shows; `...` stands for anything, also for several lines."""
    parts = [re.escape(part) for part in expected.rstrip().split("...")]
    return re.fullmatch(".*".join(parts), actual.rstrip(), re.DOTALL) is not None


def _parsed(page: Path) -> Iterator[tuple[Block | None, str]]:
    opened: re.Match[str] | None = None
    begun, lines = 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if opened is None and (opened := _FENCE.match(line)) is not None:
            begun, lines = number, []
        elif opened is None:
            yield None, line
        elif line == "```":
            text = "".join(f"{each}\n" for each in lines)
            title = opened["title"] or ""
            yield Block(page=page, line=begun, language=opened["language"], title=title, text=text), ""
            opened = None
        else:
            lines.append(line)
    assert opened is None, f"{page}:{begun}: the block has no end"
