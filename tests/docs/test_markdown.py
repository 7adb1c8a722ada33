"""The reader of documents: what it finds, and that it can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import markdown
from docs.markdown import ROOT, Block

PAGE = """# A page: of `code`

See [one](a.md#there), `[not](this.md)` and [`two`](../b.md).

```yaml title="gateline.yaml"
apis: {}
```

```console
$ gateline check  # as always
gateline.yaml: ...
$ make up
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def test_links_in_code_are_no_links(page: Path) -> None:
    assert markdown.links(page) == ["a.md#there", "../b.md"]


def test_headings_become_anchors(page: Path) -> None:
    assert markdown.anchors(page) == {"a-page-of-code"}


def test_a_block_has_its_language_and_title(page: Path) -> None:
    first, second = markdown.blocks(page)
    assert (first.language, first.title, first.text, first.line) == ("yaml", "gateline.yaml", "apis: {}\n", 5)
    assert (second.language, second.title) == ("console", "")


def test_commands_have_the_output_below_them() -> None:
    text = "$ gateline check\ngateline.yaml: ...\n$ make up\n"
    block = Block(page=ROOT / "README.md", line=1, language="console", title="", text=text)
    found = [(each.place, each.line, each.output) for each in markdown.commands(block)]
    assert found == [
        ("README.md:2", "gateline check", "gateline.yaml: ...\n"),
        ("README.md:4", "make up", ""),
    ]


def test_a_block_without_an_end_fails(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("```yaml\na: 1\n")
    with pytest.raises(AssertionError, match="has no end"):
        markdown.blocks(path)


def test_three_dots_stand_for_anything_and_nothing_else_does() -> None:
    assert markdown.matches("a\n...\nz\n", "a\nb\nc\nz")
    assert markdown.matches("id: ...\n", "id: 4f\n")
    assert not markdown.matches("a\nz\n", "a\nb\nz\n")
    assert not markdown.matches("a.c\n", "abc\n")
