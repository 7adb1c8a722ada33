"""Every relative link of every document leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.markdown import ROOT, anchors, links, name, pages


def broken(page: Path, target: str) -> bool:
    """Whether a link leads nowhere inside of the repository. Addresses elsewhere are not asked."""
    if "://" in target or target.startswith("mailto:"):
        return False
    path, _, anchor = target.partition("#")
    led_to = (page.parent / path).resolve() if path else page
    if not led_to.is_relative_to(ROOT) or not led_to.exists():
        return True
    return bool(anchor) and anchor not in anchors(led_to)


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if broken(page, target)] == []


@pytest.mark.parametrize("target", ["docs/nothing.md", "ARCHITECTURE.md#nothing", "../outside.md"])
def test_a_link_to_nothing_is_found(target: str) -> None:
    assert broken(ROOT / "README.md", target)
