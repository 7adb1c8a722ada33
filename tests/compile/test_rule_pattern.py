"""Patterns of rules against texts of which parts are unknown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.compile.rule_pattern import fits_always, literal, may_fit, path_patterns, pattern, text
from gateline.expressions.automaton import accepts, is_table
from gateline.model.load_balancer import PathPattern

PIECES = st.lists(st.one_of(st.none(), st.text("ab/", max_size=3)), max_size=4)
PATTERNS = st.text("ab/*?", max_size=6)
FILLINGS = st.lists(st.text("ab/", max_size=3), min_size=4, max_size=4)


def _expression(written: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in written)


@given(PATTERNS, PIECES, FILLINGS)
def test_what_always_fits_fits_whatever_stands_in_the_unknown_and_what_cannot_never_does(
    written: str, pieces: list[str | None], fillings: list[str]
) -> None:
    whole = "".join(fillings[at] if piece is None else piece for at, piece in enumerate(pieces))
    fits = re.fullmatch(_expression(written), whole, re.DOTALL) is not None
    found = text(pieces)
    if fits_always(pattern(written), found):
        assert fits
    if fits:
        assert may_fit(pattern(written), found)


@given(PATTERNS, st.text("ab/", max_size=8))
def test_a_known_text_is_answered_exactly(written: str, whole: str) -> None:
    fits = re.fullmatch(_expression(written), whole, re.DOTALL) is not None
    assert fits_always(pattern(written), text((whole,))) is fits
    assert may_fit(pattern(written), text((whole,))) is fits


@pytest.mark.parametrize(
    ("written", "pieces", "always", "perhaps"),
    [
        ("/orders*", ("/orders/", None), True, True),
        ("/orders", ("/orders/", None), False, False),
        ("/orders/?", ("/orders/", None), False, True),
        ("*", (None,), True, True),
        ("/a*z", ("/a", None, "z"), True, True),
        ("/b*", ("/a", None), False, False),
        ("/a*b*", ("/a", None), False, True),
    ],
)
def test_only_a_star_takes_the_unknown_in(
    written: str, pieces: tuple[str | None, ...], *, always: bool, perhaps: bool
) -> None:
    assert fits_always(pattern(written), text(pieces)) is always
    assert may_fit(pattern(written), text(pieces)) is perhaps


def test_a_backslash_takes_a_wildcards_meaning_away() -> None:
    assert fits_always(pattern(r"a\*\?\\"), text(("a*?\\",)))
    assert not may_fit(pattern(r"a\*"), text(("ab",)))
    assert fits_always(literal("a*"), text(("a*",)))
    assert not may_fit(literal("a*"), text(("ab",)))


def test_paths_are_compared_with_globs_and_tables_of_expressions() -> None:
    glob, table = path_patterns(PathPattern(("/a*",), ("^/b[0-9]$",)))
    assert glob == "/a*"
    assert is_table(table)
    assert (accepts(table, b"/b1"), accepts(table, b"/b")) == (True, False)
