"""Anchors of expressions that are compared with whole values."""

from __future__ import annotations

import pytest

from gateline.expressions.edges import is_anchored, without_anchors
from gateline.expressions.re2 import written
from gateline.expressions.syntax import ExpressionInvalid, parse


@pytest.mark.parametrize(
    ("expression", "bare"),
    [
        ("^/a$", "/a"),
        ("^(a|b)$", "(?:a|b)"),
        ("^a$|^b$", "(?:a|b)"),
        ("(^a)?b", "(?:a)?b"),
        ("^^a$$", "a"),
        (r"\Aa\z", "a"),
    ],
)
def test_an_anchor_at_an_end_says_what_is_true_already(expression: str, bare: str) -> None:
    assert written(without_anchors(parse(expression))) == bare


@pytest.mark.parametrize("expression", ["a^b", "a$b", "(a$)b", "(^a)+", "(a$)*", r"\bword\b", r"a\Bb"])
def test_an_anchor_that_can_never_fit_and_a_word_boundary_are_refused(expression: str) -> None:
    with pytest.raises(ExpressionInvalid):
        without_anchors(parse(expression))


@pytest.mark.parametrize(
    ("expression", "anchored"),
    [
        ("^/a$", True),
        ("^/a.*", True),
        (".*a$", True),
        ("^a$|^b$", True),
        ("(^a|^b)$", True),
        ("/a", False),
        ("^/a", False),
        ("^a|b$", False),
        ("[^/]*a$", False),
        (".+a$", False),
    ],
)
def test_what_says_that_it_means_whole_values_is_known(expression: str, *, anchored: bool) -> None:
    assert is_anchored(parse(expression)) is anchored
